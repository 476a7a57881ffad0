#include "support.h"
Suite *targets_suite(void);
Suite *targets_suite(void){ return suite_create("targets"); }
