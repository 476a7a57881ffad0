#define _XOPEN_SOURCE 700 /* nftw, mkdtemp */
#include "world.h"

#include <ftw.h>
#include <stdio.h>
#include <tiny_wire.h>
#include <unistd.h>

const char full_stack[] =
    "identity: {mcp: {resourceServer: MyGateway, scopes: {invoke: Invoke tools},"
    " clients: {quick: {scopes: [invoke]}}}}\n"
    "gateways: {tools: {description: Lark tools, identity: mcp}}\n"
    "runtimes: {lark: {image: \"123456789012.dkr.ecr.us-east-1.amazonaws.com/lark-mcp:latest\","
    " environment: {MODE: a-very-private-value}}}\n"
    "targets: {lark: {gateway: tools, runtime: lark}}\n"
    "outputs: {url: \"${gateway.tools.gatewayUrl}\"}\n";

const char small_stack[] =
    "gateways: {tools: {authorizer: AWS_IAM, description: Tools}}\n"
    "targets: {docs: {gateway: tools, endpoint: \"https://example.com/mcp\"}}\n";

const char *manifest(struct world *world, const char *body)
{
    return gt_printf(world->arena,
                     "gantry: 1\nstack: lark\n"
                     "provider: {region: us-east-1, account: \"123456789012\"}\n%s",
                     body);
}

/* -- a back end that can fail, and that a killed process no longer writes to -- */

struct gate {
    struct gt_backend base;
    struct gt_backend *inner;
    struct world *world;
};

static struct gate *gate(struct gt_backend *self)
{
    union {
        struct gt_backend *base;
        struct gate *gate;
    } cast = {.base = self};
    return cast.gate;
}

static enum gt_lock_outcome gate_lock(struct gt_backend *self, const char *holder, char **other,
                                      struct gt_diags *diags)
{
    struct gt_backend *inner = gate(self)->inner;
    return inner->ops->lock(inner, holder, other, diags);
}

static void gate_unlock(struct gt_backend *self)
{
    gate(self)->inner->ops->unlock(gate(self)->inner);
}

static bool gate_load(struct gt_backend *self, json_t **document, struct gt_diags *diags)
{
    struct gt_backend *inner = gate(self)->inner;
    return inner->ops->load(inner, document, diags);
}

static bool gate_save(struct gt_backend *self, const json_t *document, struct gt_diags *diags)
{
    struct gt_backend *inner = gate(self)->inner;
    return gate(self)->world->killed || inner->ops->save(inner, document, diags);
}

static bool gate_append(struct gt_backend *self, const char *lines, size_t len,
                        struct gt_diags *diags)
{
    struct gt_backend *inner = gate(self)->inner;
    struct world *world = gate(self)->world;
    if (world->killed)
        return true;
    if (world->appends == 0) {
        gt_error(diags, "disk", "the disk is full");
        return false;
    }
    world->appends -= world->appends > 0;
    world->journal =
        gt_printf(world->arena, "%s%s", world->journal, gt_strndup(world->arena, lines, len));
    return inner->ops->append(inner, lines, len, diags);
}

static bool gate_journal(struct gt_backend *self, char **lines, size_t *len, struct gt_diags *diags)
{
    struct gt_backend *inner = gate(self)->inner;
    return inner->ops->journal(inner, lines, len, diags);
}

static bool gate_reset(struct gt_backend *self, const char *lines, size_t len,
                       struct gt_diags *diags)
{
    struct gt_backend *inner = gate(self)->inner;
    return gate(self)->world->killed || inner->ops->reset_journal(inner, lines, len, diags);
}

static bool gate_remove(struct gt_backend *self, struct gt_diags *diags)
{
    return gate(self)->inner->ops->remove(gate(self)->inner, diags);
}

static const char *gate_describe(struct gt_backend *self)
{
    return gate(self)->inner->ops->describe(gate(self)->inner);
}

static const char *gate_describe_journal(struct gt_backend *self)
{
    return gate(self)->inner->ops->describe_journal(gate(self)->inner);
}

static void gate_free(struct gt_backend *self)
{
    gate(self)->inner->ops->free(gate(self)->inner);
}

static const struct gt_backend_ops gate_ops = {
    .lock = gate_lock,
    .unlock = gate_unlock,
    .load = gate_load,
    .save = gate_save,
    .append = gate_append,
    .journal = gate_journal,
    .reset_journal = gate_reset,
    .remove = gate_remove,
    .describe = gate_describe,
    .describe_journal = gate_describe_journal,
    .free = gate_free,
};

static struct gt_backend *backend(struct world *world)
{
    struct gate *made = GT_NEW(world->arena, struct gate);
    made->inner =
        gt_backend_files(world->arena, &world->fixed.sys, world->folder, "lark", "default");
    made->base = (struct gt_backend){.ops = &gate_ops, .arena = world->arena, .command = "apply"};
    made->world = world;
    return &made->base;
}

/* -- the cloud's calls -- */

/* Attempts of one call share one intent; a token is in its call's own intent. */
static void check_announced(struct world *world, const struct tiny_call *call)
{
    const char *intent = gt_printf(world->arena, "\"operation\":\"%s\"", call->operation->name);
    const char *token = gt_text_at(call->input, "/clientToken");
    if (strstr(world->journal, intent) == NULL ||
        (token != NULL && strstr(world->journal, token) == NULL))
        world->unannounced = true;
}

static void on_call(void *payload, const struct tiny_call *call)
{
    struct world *world = payload;
    if (gt_streq(call->operation->name, world->interrupt_at))
        gt_engine_interrupt(world->engine);
    if (tiny_mutates(call->operation))
        check_announced(world, call);
}

static bool dies_now(struct world *world, const struct gt_operation *operation)
{
    world->mutations += tiny_mutates(operation);
    return gt_streq(operation->name, world->kill_at) ||
           (tiny_mutates(operation) && world->kill_number > 0 &&
            world->mutations == world->kill_number);
}

/* Of a killed process nothing arrives any more, but for its last call when that was on its way. */
static bool answer(void *payload, const struct gt_scripted_request *request,
                   struct gt_scripted_answer *out)
{
    struct world *world = payload;
    const struct gt_operation *operation;
    json_t *input;
    if (!tiny_decode(world->arena, request, &operation, &input))
        return false;
    bool dies = !world->killed && dies_now(world, operation);
    bool arrives = !world->killed && (!dies || world->kill_done);
    if (arrives)
        tiny_cloud_answer(world->cloud, request, out);
    if (dies && world->survives) {
        *out = (struct gt_scripted_answer){.outcome = GT_HTTP_MAYBE_SENT, .delay_ms = 1};
    } else if (dies) {
        world->killed = true;
        world->killed_ms = gt_now_ms(&world->fixed.sys);
    }
    if (world->killed)
        *out = (struct gt_scripted_answer){.outcome = GT_HTTP_MAYBE_SENT, .delay_ms = 1};
    return true;
}

/* -- the world -- */

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status, (void)type, (void)ftw;
    return remove(path);
}

static void remove_tree(void *path)
{
    nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static const struct gt_engine_options usual = {
    .version = "1.2.3",
    .cloud = {.partition = "aws",
              .account = "123456789012",
              .region = "us-east-1",
              .endpoint = "aws"},
    .max_delete = -1,
};

struct world *world_new(struct gt_arena *arena)
{
    struct world *world = GT_NEW(arena, struct world);
    /* In memory where there is such a folder: every change of a run is synced to disk. */
    const char *below = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    char *folder = gt_printf(arena, "%s/gantry-engine-XXXXXX", below);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    gt_arena_defer(arena, remove_tree, folder);
    world->arena = arena;
    world->folder = gt_printf(arena, "%s/.gantry", folder);
    gt_fixed_sys_init(&world->fixed, 1768653296000);
    world->loop = gt_loop_new(&world->fixed.sys);
    world->scripted = gt_scripted_new(arena, world->loop);
    world->cloud = tiny_cloud_new(arena, world->loop);
    world->cloud->watch = on_call;
    world->cloud->watch_payload = world;
    gt_scripted_by(world->scripted, answer, world);
    world->aws = gt_aws_new(&(struct gt_aws_options){.loop = world->loop,
                                                     .transport = world->scripted->transport,
                                                     .region = "us-east-1",
                                                     .max_attempts = 1});
    world->options = usual;
    world->appends = -1;
    world->journal = "";
    world->diags = gt_diags_init(arena);
    return world;
}

void world_free(struct world *world)
{
    gt_aws_free(world->aws);
    gt_loop_free(world->loop);
}

/* -- a run -- */

static const char *no_env(void *self, const char *name)
{
    (void)self, (void)name;
    return NULL;
}

static const char *no_file(void *self, const char *path, struct gt_diags *diags)
{
    (void)self;
    gt_error(diags, "no-file", "%s: no such file", path);
    return NULL;
}

static void on_event(void *payload, const struct gt_event *event)
{
    static const char *const names[] = {"planned", "recovered", "started", "waiting", "retrying",
                                        "done",    "failed",    "skipped", "saved",   "finished"};
    struct world *world = payload;
    *GT_PUSH(world->arena, &world->events) =
        gt_printf(world->arena, "%s%s%s%s%s", names[event->kind], event->address == NULL ? "" : " ",
                  event->address == NULL ? "" : event->address, event->message == NULL ? "" : ": ",
                  event->message == NULL ? "" : event->message);
}

static void build(struct world *world, const char *yaml)
{
    static const struct gt_resolver resolver = {.env = no_env, .file = no_file};
    struct gt_stack_options options = {.region = "us-east-1", .account = "123456789012"};
    struct gt_doc doc;
    bool built =
        gt_doc_parse(world->arena, "gantry.yaml", yaml, strlen(yaml), &doc, &world->diags) &&
        gt_stack_build(world->arena, &doc, &resolver, &options, &world->stack, &world->diags);
    ck_assert_msg(built, "%s", said(world));
    world->diags = gt_diags_init(world->arena); /* warnings are the stack's */
}

struct gt_session *world_session(struct world *world)
{
    struct gt_session *session = NULL;
    enum gt_open_result opened = gt_session_open(world->arena, &world->fixed.sys, backend(world),
                                                 "lark", "default", true, &session, &world->diags);
    ck_assert_msg(opened == GT_OPEN_OK, "%s", said(world));
    return session;
}

static void open_run(struct world *world, const char *yaml)
{
    world->diags = gt_diags_init(world->arena);
    world->events.len = 0;
    world->plan = NULL;
    world->killed = false;
    world->mutations = 0;
    build(world, yaml);
    world->session = world_session(world);
    struct gt_engine_options options = world->options;
    options.loop = world->loop;
    options.aws = world->aws;
    options.stack = &world->stack;
    options.session = world->session;
    options.event = on_event;
    options.event_payload = world;
    world->engine = gt_engine_new(world->arena, &options);
}

static void close_run(struct world *world)
{
    gt_engine_free(world->engine);
    gt_session_close(world->session);
    world->engine = NULL;
    world->session = NULL;
    if (world->killed) /* what the dead process waited for did not happen */
        world->fixed.now_ms = world->killed_ms + 1000;
    world->killed = false;
    world->kill_at = NULL;
    world->kill_number = 0;
    world->kill_done = world->survives = false;
    world->interrupt_at = NULL;
}

static bool plan_run(struct world *world)
{
    return gt_engine_recover(world->engine, &world->diags) &&
           gt_engine_plan(world->engine, &world->plan, &world->diags);
}

bool world_plan(struct world *world, const char *yaml)
{
    open_run(world, yaml);
    bool planned = plan_run(world);
    close_run(world);
    return planned;
}

enum gt_apply_result world_apply(struct world *world, const char *yaml)
{
    open_run(world, yaml);
    world->result = GT_APPLY_FAILED;
    if (plan_run(world))
        world->result = gt_engine_apply(world->engine, world->plan, &world->diags);
    close_run(world);
    return world->result;
}

enum gt_apply_result world_destroy(struct world *world, const char *yaml)
{
    world->options.destroy = true;
    enum gt_apply_result result = world_apply(world, yaml);
    world->options.destroy = false;
    return result;
}

bool world_import(struct world *world, const char *yaml, const char *address, const char *id)
{
    open_run(world, yaml);
    bool imported = gt_engine_import(world->engine, address, id, &world->diags);
    close_run(world);
    return imported;
}

void world_done(struct world *world, const char *yaml)
{
    ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_DONE);
    ck_assert_msg(world->diags.errors == 0, "%s", said(world));
}

/* -- what came of it -- */

const char *world_file(struct world *world, const char *name)
{
    const char *path = gt_printf(world->arena, "%s/lark/%s", world->folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    enum { MAX = 1 << 20 };
    char *bytes = gt_alloc(world->arena, MAX);
    bytes[fread(bytes, 1, MAX - 1, file)] = '\0';
    fclose(file);
    return bytes;
}

const json_t *world_entry(struct world *world, const char *address)
{
    const char *file = world_file(world, "default.json");
    json_t *state = file == NULL ? NULL : gt_keep(world->arena, json_loads(file, 0, NULL));
    const json_t *entries = json_object_get(state, "entries");
    ck_assert_msg(state == NULL || entries != NULL, "%s", file);
    if (json_is_object(entries))
        return json_object_get(entries, address);
    size_t i;
    json_t *entry;
    json_array_foreach(entries, i, entry)
    {
        if (gt_streq(json_string_value(json_object_get(entry, "address")), address))
            return entry;
    }
    return NULL;
}

const struct gt_plan_step *step_of(const struct world *world, const char *address)
{
    for (size_t i = 0; world->plan != NULL && i < world->plan->steps.len; i++)
        if (strcmp(world->plan->steps.at[i].address, address) == 0)
            return &world->plan->steps.at[i];
    ck_abort_msg("no step for %s:%s", address, said(world));
    return NULL;
}

enum gt_action action_of(const struct world *world, const char *address)
{
    return step_of(world, address)->action;
}

const struct gt_diag *diag_of(const struct world *world, const char *code)
{
    for (size_t i = 0; i < world->diags.list.len; i++)
        if (strcmp(world->diags.list.at[i]->code, code) == 0)
            return world->diags.list.at[i];
    return NULL;
}

bool has_event(const struct world *world, const char *prefix)
{
    for (size_t i = 0; i < world->events.len; i++)
        if (gt_starts_with(world->events.at[i], prefix))
            return true;
    return false;
}

/* What the plan does and why, without what stays as it is. */
static const char *planned(const struct world *world)
{
    const char *text = "\n";
    for (size_t i = 0; world->plan != NULL && i < world->plan->steps.len; i++) {
        const struct gt_plan_step *step = &world->plan->steps.at[i];
        if (step->action == GT_ACTION_NOOP)
            continue;
        text = gt_printf(world->arena, "%s  %s %s (%s)", text, gt_action_name(step->action),
                         step->address, step->reason == NULL ? "" : step->reason);
        for (size_t j = 0; step->action != GT_ACTION_CREATE && j < step->changes.list.len; j++)
            text = gt_printf(world->arena, "%s %s", text, step->changes.list.at[j].pointer);
        text = gt_printf(world->arena, "%s\n", text);
    }
    return text;
}

const char *said(const struct world *world)
{
    const char *text = planned(world);
    for (size_t i = 0; i < world->events.len; i++)
        text = gt_printf(world->arena, "%s  %s\n", text, world->events.at[i]);
    for (size_t i = 0; i < world->diags.list.len; i++) {
        const struct gt_diag *diag = world->diags.list.at[i];
        text = gt_printf(world->arena, "%s%s: %s [%s] %s\n", text,
                         diag->subject == NULL ? "" : diag->subject, diag->message, diag->code,
                         diag->hint == NULL ? "" : diag->hint);
    }
    return text;
}
