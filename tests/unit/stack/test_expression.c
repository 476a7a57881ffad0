#include "support.h"
Suite *expression_suite(void);
Suite *expression_suite(void){ return suite_create("expression"); }
