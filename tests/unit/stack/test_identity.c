#include "support.h"
Suite *identity_suite(void);
Suite *identity_suite(void){ return suite_create("identity"); }
