#include "mcp_suites.h"

int main(void)
{
    gt_suite_fn *const suites[] = {
        rpc_suite,    pipe_suite,        server_suite,  serve_suite, sse_reader_suite,
        client_suite, client_pipe_suite, forward_suite, relay_suite,
    };
    return gt_test_main(suites, GT_COUNT(suites));
}
