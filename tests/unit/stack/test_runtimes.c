#include "support.h"
Suite *runtimes_suite(void);
Suite *runtimes_suite(void){ return suite_create("runtimes"); }
