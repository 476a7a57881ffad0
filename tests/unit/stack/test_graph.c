#include "support.h"
Suite *graph_suite(void);
Suite *graph_suite(void){ return suite_create("graph"); }
