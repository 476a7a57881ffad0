/* gantry token: an access token for a client, for scripts. */
#include "../callers.h"
#include "commands.h"

#include <gantry/base/str.h>

static const char *const formats[] = {"text", "json", "header"};

static void print(struct gt_context *context, struct gt_arena *arena, const struct gt_token *token)
{
    struct gt_program *program = context->program;
    const char *format = gt_args_text(program->args, OPTION_TOKEN_FORMAT, formats[0]);
    const char *type = token->type == NULL ? "Bearer" : token->type;
    if (gt_streq(format, "json") || program->json) {
        json_auto_t *document =
            json_pack("{s:s, s:s, s:I}", "access_token", token->access_token, "token_type", type,
                      "expires_in", (json_int_t)token->expires_in_s);
        /* The file of --events is a log, and no log holds tokens. */
        program->events.streams[1] = NULL;
        gt_program_document(program, "token", "token", document, GT_DOCUMENT_JSON);
        return;
    }
    const char *text = gt_streq(format, "header")
                           ? gt_printf(arena, "Authorization: %s %s\n", type, token->access_token)
                           : gt_printf(arena, "%s\n", token->access_token);
    gt_program_print(program, text);
}

static bool fetch(struct gt_context *context, struct gt_arena *arena,
                  const struct gt_verify_client *client, struct gt_token *token)
{
    struct gt_token_failure failure;
    const char *token_url = NULL;
    struct gt_token_options options = {
        .loop = context->loop,
        .http = context->http,
        .client = client,
        .scope = gt_option_text(context->program, OPTION_SCOPE),
        .deadline_ms = gt_callers_deadline_ms(context),
    };
    if (gt_token_fetch(arena, &options, &token_url, token, &failure))
        return true;
    struct gt_diag *diag = gt_error(context->diags, "no-token", "%s: %s", failure.message,
                                    failure.received == NULL ? "no answer" : failure.received);
    diag->subject = client->name;
    diag->hint = failure.cause;
    return false;
}

static enum gt_exit token(struct gt_context *context, struct gt_arena *arena)
{
    enum gt_exit code = gt_callers_open(context);
    if (code != GT_EXIT_DONE)
        return code;
    const struct gt_verify_client *client = gt_callers_one(context, NULL);
    struct gt_token got;
    gt_program_report(context->program);
    if (client == NULL || !fetch(context, arena, client, &got))
        return GT_EXIT_FAILED;
    print(context, arena, &got);
    return GT_EXIT_DONE;
}

int gt_command_token(struct gt_program *program, const struct gt_args *args)
{
    (void)args;
    struct gt_context context = gt_context_new(program);
    struct gt_arena *secret = gt_arena_new_secret();
    int code = gt_program_exit(program, token(&context, secret));
    gt_context_done(&context);
    gt_arena_free(secret);
    return code;
}
