/* The plan for people: text for a terminal, Markdown for a pull request. */
#include <gantry/plan/plan.h>

#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { TEXT_MAX = 64 * 1024 * 1024, VALUE_MAX = 120 };

struct style {
    const char *sign, *colour;
};

static const struct style styles[GT_ACTION_COUNT] = {
    [GT_ACTION_NOOP] = {" ", ""},           [GT_ACTION_READ] = {"<", "\033[36m"},
    [GT_ACTION_CREATE] = {"+", "\033[32m"}, [GT_ACTION_ADOPT] = {">", "\033[36m"},
    [GT_ACTION_UPDATE] = {"~", "\033[33m"}, [GT_ACTION_REPLACE] = {"-/+", "\033[31m"},
    [GT_ACTION_DELETE] = {"-", "\033[31m"}, [GT_ACTION_FORGET] = {"x", "\033[36m"},
};

/* "a.b[0].c" of "/a/b/0/c". */
static char *dotted(struct gt_arena *arena, const char *pointer)
{
    struct gt_buf out = gt_buf_init(TEXT_MAX);
    while (*pointer == '/') {
        size_t len = strcspn(++pointer, "/");
        bool index = len > 0 && strspn(pointer, "0123456789") == len;
        char *token = gt_pointer_unescape(arena, pointer, len);
        gt_buf_addf(&out, index ? "[%s]" : out.len > 0 ? ".%s" : "%s", token);
        pointer += len;
    }
    char *text = gt_strdup(arena, gt_buf_text(&out));
    gt_buf_done(&out);
    return text;
}

/* A value on one line, shortened at a character boundary. */
static char *shown_value(struct gt_arena *arena, const json_t *value, bool whole)
{
    if (value == NULL)
        return gt_strdup(arena, "(none)");
    char *text = gt_json_canonical(arena, value);
    if (whole || strlen(text) <= VALUE_MAX)
        return text;
    size_t end = VALUE_MAX;
    while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80)
        end--;
    return gt_printf(arena, "%.*s... (%zu bytes)", (int)end, text, strlen(text));
}

static char *change_line(struct gt_arena *arena, const struct gt_change *change, bool create,
                         bool whole)
{
    char *path = dotted(arena, change->pointer);
    char *after = change->unknown ? gt_strdup(arena, "(known after apply)")
                                  : shown_value(arena, change->after, whole);
    if (create)
        return gt_printf(arena, "%s: %s", path, after);
    return gt_printf(arena, "%s: %s -> %s%s%s%s%s", path, shown_value(arena, change->before, whole),
                     after, change->cause == GT_CAUSE_DRIFT ? "  (changed outside gantry)" : "",
                     change->replaces ? "  (needs a new object)" : "",
                     change->ignored ? "  (ignored)" : "",
                     change->words == NULL ? "" : gt_printf(arena, "  [%s]", change->words));
}

static bool is_shown(const struct gt_plan_step *step, bool verbose)
{
    return verbose || step->action != GT_ACTION_NOOP || step->foreign.len > 0 ||
           step->changes.list.len > 0;
}

static void add_step(struct gt_buf *out, struct gt_arena *arena, const struct gt_plan_step *step,
                     bool colour, bool verbose)
{
    const struct style *style = &styles[step->action];
    const char *on = colour ? style->colour : "", *off = colour && *on != '\0' ? "\033[0m" : "";
    gt_buf_addf(out, "%s%5s %s%s", on, style->sign, step->address, off);
    if (step->action != GT_ACTION_NOOP)
        gt_buf_addf(out, "  %s", gt_action_name(step->action));
    if (step->reason != NULL)
        gt_buf_addf(out, ": %s", step->reason);
    gt_buf_addc(out, '\n');
    bool create = step->action == GT_ACTION_CREATE;
    for (size_t i = 0; i < step->changes.list.len && (!create || verbose); i++)
        gt_buf_addf(out, "          %s\n",
                    change_line(arena, &step->changes.list.at[i], create, verbose));
    if (step->breaks != NULL)
        gt_buf_addf(out, "          ! %s\n", step->breaks);
    if (step->needs_consent)
        gt_buf_addf(out, "          ! needs --allow-replace %s\n", step->address);
    for (size_t i = 0; i < step->foreign.len; i++)
        gt_buf_addf(out, "          * %s was added by somebody else and is left alone\n",
                    step->foreign.at[i]);
}

static char *summary(struct gt_arena *arena, const struct gt_plan *plan)
{
    struct gt_plan_counts n = gt_plan_count(plan);
    if (!gt_plan_has_changes(plan))
        return gt_printf(arena, "No changes: %zu resources are as the manifest says.",
                         n.noop + n.read);
    char *text =
        gt_printf(arena, "Plan: %zu to create, %zu to update, %zu to replace, %zu to delete",
                  n.create, n.update, n.replace, n.remove);
    if (n.adopt > 0)
        text = gt_printf(arena, "%s, %zu to adopt", text, n.adopt);
    if (n.forget > 0)
        text = gt_printf(arena, "%s, %zu to forget", text, n.forget);
    return gt_printf(arena, "%s; %zu unchanged.", text, n.noop + n.read);
}

static const char *place(struct gt_arena *arena, const struct gt_plan *plan)
{
    bool official = plan->endpoint == NULL || strcmp(plan->endpoint, "aws") == 0;
    return gt_printf(arena, "%s (%s) in account %s, %s%s%s", plan->stack, plan->environment,
                     plan->account == NULL ? "unknown" : plan->account,
                     plan->region == NULL ? "unknown region" : plan->region,
                     official ? "" : ", at ", official ? "" : plan->endpoint);
}

char *gt_plan_text(struct gt_arena *arena, const struct gt_plan *plan, bool colour, bool verbose)
{
    struct gt_buf out = gt_buf_init(TEXT_MAX);
    gt_buf_addf(&out, "%s %s\n\n", plan->destroy ? "Destroying" : "Stack", place(arena, plan));
    size_t before = out.len;
    for (size_t i = 0; i < plan->steps.len; i++) {
        if (is_shown(&plan->steps.at[i], verbose))
            add_step(&out, arena, &plan->steps.at[i], colour, verbose);
    }
    gt_buf_addf(&out, "%s%s\n", out.len > before ? "\n" : "", summary(arena, plan));
    char *text = gt_strdup(arena, gt_buf_text(&out));
    gt_buf_done(&out);
    return text;
}

/* Markdown that cannot break out of a table cell or a code span. */
static char *cell(struct gt_arena *arena, const char *text)
{
    struct gt_buf out = gt_buf_init(TEXT_MAX);
    for (; *text != '\0'; text++) {
        if (*text == '|')
            gt_buf_adds(&out, "\\|");
        else if (*text == '`')
            gt_buf_adds(&out, "'");
        else if (*text == '\n')
            gt_buf_addc(&out, ' ');
        else
            gt_buf_addc(&out, *text);
    }
    char *copy = gt_strdup(arena, gt_buf_text(&out));
    gt_buf_done(&out);
    return copy;
}

char *gt_plan_markdown(struct gt_arena *arena, const struct gt_plan *plan)
{
    struct gt_buf out = gt_buf_init(TEXT_MAX);
    gt_buf_addf(&out, "### %s\n\n%s\n", cell(arena, place(arena, plan)), summary(arena, plan));
    if (gt_plan_has_changes(plan))
        gt_buf_adds(&out, "\n| action | resource | why |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < plan->steps.len; i++) {
        const struct gt_plan_step *step = &plan->steps.at[i];
        if (step->action == GT_ACTION_NOOP || step->action == GT_ACTION_READ)
            continue;
        gt_buf_addf(&out, "| %s | `%s` | %s%s%s |\n", gt_action_name(step->action),
                    cell(arena, step->address),
                    cell(arena, step->reason == NULL ? "" : step->reason),
                    step->breaks == NULL ? "" : ". **Breaks callers:** ",
                    step->breaks == NULL ? "" : cell(arena, step->breaks));
    }
    for (size_t i = 0; i < plan->steps.len; i++) {
        const struct gt_plan_step *step = &plan->steps.at[i];
        if (step->action != GT_ACTION_UPDATE && step->action != GT_ACTION_REPLACE)
            continue;
        gt_buf_addf(&out, "\n<details><summary>%s</summary>\n\n", cell(arena, step->address));
        for (size_t j = 0; j < step->changes.list.len; j++)
            gt_buf_addf(&out, "- `%s`\n",
                        cell(arena, change_line(arena, &step->changes.list.at[j], false, false)));
        gt_buf_adds(&out, "\n</details>\n");
    }
    char *text = gt_strdup(arena, gt_buf_text(&out));
    gt_buf_done(&out);
    return text;
}
