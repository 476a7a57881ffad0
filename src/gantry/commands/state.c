/* gantry state: what the state says, and the few changes that people make to it by hand. */
#include "../consent.h"
#include "../context.h"
#include "commands.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/ui/table.h>

#include <string.h>

static enum gt_exit open_state(struct gt_context *context, bool writable)
{
    return gt_context_names(context) ? gt_context_open(context, writable) : GT_EXIT_FAILED;
}

static int finish(struct gt_context *context, int code)
{
    code = gt_program_exit(context->program, code);
    gt_context_done(context);
    return code;
}

static const char *identity_text(struct gt_arena *arena, const struct gt_entry *entry)
{
    const char *text = NULL, *key;
    json_t *value;
    json_object_foreach(gt_iterable(entry->identity), key, value)
    {
        const char *part =
            json_is_string(value) ? json_string_value(value) : gt_json_canonical(arena, value);
        text = text == NULL ? part : gt_printf(arena, "%s/%s", text, part);
    }
    return text;
}

static int list(struct gt_context *context)
{
    static const char *const titles[] = {"ADDRESS", "TYPE", "ID", "STATUS", NULL};
    enum gt_exit code = open_state(context, false);
    if (code != GT_EXIT_DONE)
        return code;
    struct gt_program *program = context->program;
    struct gt_table table = gt_table_new(context->arena, titles);
    json_auto_t *rows = json_array();
    const struct gt_map *entries = &context->session->state->entries;
    for (size_t i = 0; i < entries->entries.len; i++) {
        const struct gt_entry *entry = entries->entries.at[i].value;
        if (entry == NULL)
            continue;
        const char *id = identity_text(context->arena, entry);
        gt_table_add(&table, (const char *const[]){entry->address, entry->type, id, entry->status});
        json_array_append_new(rows,
                              json_pack("{s:s, s:s, s:s?, s:s?}", "address", entry->address, "type",
                                        entry->type, "id", id, "status", entry->status));
    }
    if (program->json || gt_streq(gt_option_text(program, OPTION_STATUS_FORMAT), "json"))
        gt_program_document(program, "state", "entries", rows, GT_DOCUMENT_JSON);
    else if (json_array_size(rows) > 0)
        gt_table_print(&program->out, &table);
    else
        gt_program_say(program, "the state of %s (%s) has no entries", context->stack_name,
                       context->stack_environment);
    return GT_EXIT_DONE;
}

int gt_command_state_list(struct gt_program *program, const struct gt_args *args)
{
    (void)args;
    struct gt_context context = gt_context_new(program);
    return finish(&context, list(&context));
}

/* The entry at an address, or an error with the nearest one. */
static struct gt_entry *find(struct gt_context *context, const char *address)
{
    struct gt_state *state = context->session->state;
    struct gt_entry *entry = gt_state_find(state, address);
    if (entry != NULL)
        return entry;
    GT_VEC(const char *) names = {0};
    for (size_t i = 0; i < state->entries.entries.len; i++)
        if (state->entries.entries.at[i].value != NULL)
            *GT_PUSH(context->arena, &names) = state->entries.entries.at[i].key;
    *GT_PUSH(context->arena, &names) = NULL;
    const char *nearest = gt_nearest(address, names.at);
    gt_error(context->diags, "unknown-address", "the state has no entry %s", address)->hint =
        nearest != NULL ? gt_printf(context->arena, "did you mean %s?", nearest)
                        : "`gantry state list` lists them";
    return NULL;
}

static int show(struct gt_context *context, const char *address)
{
    enum gt_exit code = open_state(context, false);
    if (code != GT_EXIT_DONE)
        return code;
    if (find(context, address) == NULL)
        return GT_EXIT_FAILED;
    json_auto_t *document = gt_state_document(context->session->state);
    const json_t *entries = json_object_get(document, "entries");
    const json_t *entry = json_object_get(entries, address);
    for (size_t i = 0; entry == NULL && i < json_array_size(entries); i++)
        if (gt_streq(gt_text_at(json_array_get(entries, i), "/address"), address))
            entry = json_array_get(entries, i);
    bool json = gt_streq(gt_option_text(context->program, OPTION_SHOW_FORMAT), "json");
    gt_program_document(context->program, "entry", "entry", entry,
                        json ? GT_DOCUMENT_JSON : GT_DOCUMENT_YAML);
    return GT_EXIT_DONE;
}

int gt_command_state_show(struct gt_program *program, const struct gt_args *args)
{
    struct gt_context context = gt_context_new(program);
    return finish(&context, show(&context, args->words.at[0]));
}

/* Changes by hand wait until what a killed run left open is settled: its intents name addresses. */
static bool is_settled(struct gt_context *context)
{
    if (context->session->open.len == 0)
        return true;
    gt_error(context->diags, "open-calls", "an earlier run was cut off and left calls open")->hint =
        "run `gantry apply` first; it settles them";
    return false;
}

/* An address of the same type: the rest of it is a name as manifests have them. */
static bool is_address(struct gt_context *context, const struct gt_entry *entry, const char *to)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._-";
    size_t type = strlen(entry->type), len = strlen(to);
    if (gt_starts_with(to, entry->type) && to[type] == '.' && len > type + 1 &&
        to[len - 1] != '.' && strspn(to, allowed) == len)
        return true;
    gt_error(context->diags, "bad-move", "\"%s\" is no address of a %s", to, entry->type)->hint =
        gt_printf(context->arena, "a move changes the name, not the type: %s.NAME", entry->type);
    return false;
}

static int move(struct gt_context *context, const char *from, const char *to)
{
    enum gt_exit code = open_state(context, true);
    if (code != GT_EXIT_DONE)
        return code;
    const struct gt_entry *entry = find(context, from);
    if (entry == NULL || !is_settled(context) || !is_address(context, entry, to) ||
        !gt_state_rename(context->session->state, from, to, context->diags) ||
        !gt_session_save(context->session, context->diags))
        return GT_EXIT_FAILED;
    gt_program_event(context->program, "moved", json_pack("{s:s, s:s}", "from", from, "to", to));
    gt_program_print(context->program, gt_printf(context->arena, "moved %s to %s\n", from, to));
    return GT_EXIT_DONE;
}

int gt_command_state_move(struct gt_program *program, const struct gt_args *args)
{
    struct gt_context context = gt_context_new(program);
    return finish(&context, move(&context, args->words.at[0], args->words.at[1]));
}

static int forget(struct gt_context *context, const struct gt_consent *consent, const char *address)
{
    enum gt_exit code = open_state(context, true);
    if (code != GT_EXIT_DONE)
        return code;
    const struct gt_entry *entry = find(context, address);
    if (entry == NULL || !is_settled(context))
        return GT_EXIT_FAILED;
    const char *id = identity_text(context->arena, entry);
    const char *question = gt_printf(context->arena,
                                     "%s (%s) stays as it is, and gantry no longer knows of it.\n"
                                     "Forget it? Only yes is a yes: ",
                                     address, id == NULL ? "no id" : id);
    if (!gt_consent_ask(context->program, consent, question, "yes"))
        return GT_EXIT_FAILED;
    gt_state_remove(context->session->state, address);
    if (!gt_session_save(context->session, context->diags))
        return GT_EXIT_FAILED;
    gt_program_event(context->program, "forgotten", json_pack("{s:s}", "address", address));
    gt_program_print(context->program, gt_printf(context->arena, "forgot %s\n", address));
    gt_program_say(context->program, "`gantry import %s %s` takes it back", address,
                   id == NULL ? "ID" : id);
    return GT_EXIT_DONE;
}

int gt_command_state_forget(struct gt_program *program, const struct gt_args *args)
{
    struct gt_context context = gt_context_new(program);
    struct gt_consent consent;
    int code = GT_EXIT_FAILED;
    if (gt_consent_open(program, &consent)) {
        code = forget(&context, &consent, args->words.at[0]);
        gt_consent_close(&consent);
    }
    return finish(&context, code);
}

/* Tries the lock: what cannot be had has a living holder. */
static int unlock(struct gt_context *context)
{
    if (!gt_context_names(context))
        return GT_EXIT_FAILED;
    struct gt_program *program = context->program;
    enum gt_exit code = gt_context_open(context, true);
    if (code == GT_EXIT_LOCKED)
        context->diags->list.at[context->diags->list.len - 1]->hint =
            "that process is alive: end it, or wait; the kernel frees the lock when it ends, and "
            "there is nothing else to unlock";
    if (code != GT_EXIT_DONE)
        return code;
    gt_program_event(program, "unlocked", json_pack("{s:b}", "locked", 0));
    gt_program_print(program, gt_printf(context->arena, "the state of %s (%s) is not locked\n",
                                        context->stack_name, context->stack_environment));
    return GT_EXIT_DONE;
}

int gt_command_state_unlock(struct gt_program *program, const struct gt_args *args)
{
    (void)args;
    struct gt_context context = gt_context_new(program);
    return finish(&context, unlock(&context));
}
