#include "support.h"
Suite *environment_suite(void);
Suite *environment_suite(void){ return suite_create("environment"); }
