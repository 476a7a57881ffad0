/*
 * What a client may send to an MCP server (src/mcp): lines over a pipe. Whatever they are, what
 * comes back are lines of JSON-RPC, and nothing stays open.
 */
#define _GNU_SOURCE
#include "fuzz.h"
#include "work.h"

#include <fcntl.h>
#include <gantry/base/json.h>
#include <gantry/mcp/stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 32 * 1024, ROOM = 1024 * 1024 }; /* of the pipes */

static void heard(void *payload, const json_t *result, const json_t *error)
{
    gt_mcp_result(payload,
                  json_pack("{s:b, s:b}", "result", result != NULL, "error", error != NULL));
}

static void ask(void *self, struct gt_mcp_call *call)
{
    (void)self;
    gt_mcp_progress(call, 1, 2, "half");
    gt_mcp_ask(call, "roots/list", NULL, 0, heard, call);
}

static void list(void *self, struct gt_mcp_call *call)
{
    json_t *page = gt_mcp_page(call, "tools", self, 1);
    if (page != NULL)
        gt_mcp_result(call, page);
}

static void echo(void *self, struct gt_mcp_call *call)
{
    (void)self;
    gt_mcp_result(call, json_deep_copy(call->params));
}

static const struct gt_mcp_method methods[] = {
    {"tools/list", GT_MCP_LIST, list},
    {"tools/call", GT_MCP_NAMED, echo},
    {"ask", 0, ask},
    {NULL, 0, NULL},
};

static void stop(void *payload)
{
    gt_loop_stop(payload);
}

static void check_lines(char *text)
{
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        json_auto_t *message = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        fuzz_check(message != NULL);
        fuzz_check(json_is_array(message) || gt_rpc_read(message).kind != GT_RPC_INVALID);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gt_arena *arena = gt_arena_new();
    int in[2], out[2];
    fuzz_check(pipe(in) == 0 && pipe(out) == 0);
    fcntl(out[1], F_SETPIPE_SZ, ROOM);
    fuzz_check(write(in[1], data, size < MOST ? size : MOST) >= 0);
    close(in[1]);
    gt_mcp_header_text(arena, fuzz_text(arena, data, size));
    struct gt_loop *loop = gt_loop_new(gt_sys_real());
    struct gt_mcp_server *server = gt_mcp_server_new(&(struct gt_mcp_server_options){
        .loop = loop,
        .server_info = gt_pack(arena, "{s:s, s:s}", "name", "fuzzed", "version", "1"),
        .capabilities = gt_pack(arena, "{s:{s:b}, s:{}}", "tools", "listChanged", 1, "logging"),
        .methods = methods,
        .self = gt_pack(arena, "[i, i]", 1, 2)});
    struct gt_mcp_stdio *stdio = gt_mcp_stdio_serve(server, loop, in[0], out[1], NULL, stop, loop);
    gt_loop_run(loop);
    fuzz_check(gt_mcp_server_open(server) == 0);
    gt_mcp_list_changed(server, "tools");
    gt_mcp_stdio_free(stdio);
    gt_mcp_server_free(server);
    gt_loop_free(loop);
    close(in[0]);
    close(out[1]);
    char *text = gt_alloc(arena, ROOM);
    ssize_t len = 0, more;
    while ((more = read(out[0], text + len, ROOM - 1 - (size_t)len)) > 0)
        len += more;
    close(out[0]);
    check_lines(text);
    gt_arena_free(arena);
    return 0;
}
