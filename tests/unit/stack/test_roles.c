#include "support.h"
Suite *roles_suite(void);
Suite *roles_suite(void){ return suite_create("roles"); }
