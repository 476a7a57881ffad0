/* credential_process: a program of the user's that prints keys. */
#include "providers.h"
#include <gantry/base/buf.h>
#include <gantry/base/str.h>
#include <gantry/sys/process.h>

enum { MAX_OUT = 1 << 20, MAX_ERR = 64 * 1024, MAX_SAID = 300, TIMEOUT_MS = 300 * 1000 };

static const struct gt_keys_form process_form = {
    .access_key_id = "AccessKeyId",
    .secret_access_key = "SecretAccessKey",
    .session_token = "SessionToken",
    .expiration = "Expiration",
    .account_id = "AccountId",
};

static void use_output(struct gt_fetch *fetch, struct gt_process_result *result)
{
    struct gt_arena *arena = fetch->run->arena;
    static const char hint[] = "it must print {\"Version\": 1, \"AccessKeyId\": ..., "
                               "\"SecretAccessKey\": ...}";
    json_t *document = gt_keep(arena, json_loadb(result->out, result->out_len, 0, NULL));
    gt_wipe(result->out, result->out_len);
    if (!json_is_object(document)) {
        gt_json_wipe(document);
        gt_fetch_fail(fetch, hint, "what the program of profile \"%s\" prints is no JSON object",
                      fetch->profile);
        return;
    }
    const json_t *version = json_object_get(document, "Version");
    if (!json_is_integer(version) || json_integer_value(version) != 1) {
        gt_json_wipe(document);
        gt_fetch_fail(fetch, hint, "the program of profile \"%s\" does not say \"Version\": 1",
                      fetch->profile);
        return;
    }
    const char *why = NULL;
    const char *source = gt_printf(arena, "profile %s (credential_process)", fetch->profile);
    const struct gt_keys *keys = gt_keys_parse(arena, document, &process_form, source, &why);
    if (keys == NULL) {
        gt_fetch_fail(fetch, hint, "the program of profile \"%s\": %s", fetch->profile, why);
        return;
    }
    struct gt_keys *complete = GT_NEW(arena, struct gt_keys);
    *complete = *keys;
    if (complete->account_id == NULL)
        complete->account_id = gt_fetch_setting(fetch, "aws_account_id");
    gt_fetch_give(fetch, complete);
}

static const char *how_it_ended(struct gt_arena *arena, const struct gt_process_result *result)
{
    if (result->timed_out)
        return gt_printf(arena, "did not end within %d s", TIMEOUT_MS / 1000);
    if (result->signal != 0)
        return gt_printf(arena, "was ended by signal %d", result->signal);
    return gt_printf(arena, "ended with status %d", result->exit_status);
}

static void fetch_process(struct gt_fetch *fetch)
{
    struct gt_arena *arena = fetch->run->arena;
    const char *command = gt_fetch_setting(fetch, "credential_process");
    if (command == NULL) {
        gt_fetch_none(fetch, "profile \"%s\" has no credential_process", fetch->profile);
        return;
    }
    char **words = NULL;
    size_t count = 0;
    const char *error = NULL;
    if (!gt_words_split(arena, command, &words, &count, &error) || count == 0) {
        gt_fetch_fail(fetch, "quote it as for a shell", "profile \"%s\": credential_process: %s",
                      fetch->profile, error != NULL ? error : "it names no program");
        return;
    }
    const struct gt_process process = {
        .argv = words, .max_out = MAX_OUT, .max_err = MAX_ERR, .timeout_ms = TIMEOUT_MS};
    struct gt_process_result result = {0};
    if (!gt_process_run(arena, &process, &result, &fetch->run->diags)) {
        gt_fetch_failed(fetch);
        return;
    }
    if (result.exit_status == 0) {
        use_output(fetch, &result);
        return;
    }
    gt_wipe(result.out, result.out_len);
    const char *said = gt_one_line(arena, result.err, MAX_SAID);
    gt_fetch_fail(fetch, "run the program by hand to see what it wants",
                  "the program of profile \"%s\" %s%s%s", fetch->profile,
                  how_it_ended(arena, &result), *said != '\0' ? ": " : "", said);
}

const struct gt_provider gt_provider_process = {"credential_process", fetch_process};
