#include "support.h"
Suite *names_suite(void);
Suite *names_suite(void){ return suite_create("names"); }
