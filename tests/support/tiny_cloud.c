#include "tiny_operations.h"
#include "tiny_wire.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/sys/sys.h>
#include <string.h>

int64_t tiny_now(const struct tiny_cloud *cloud)
{
    return gt_monotonic_ms(gt_loop_sys(cloud->loop));
}

struct tiny_object *tiny_find(const struct tiny_cloud *cloud, const char *kind, const char *key)
{
    for (size_t i = 0; i < cloud->objects.len; i++) {
        struct tiny_object *object = cloud->objects.at[i];
        if (!object->gone && strcmp(object->kind, kind) == 0 && strcmp(object->key, key) == 0)
            return object;
    }
    return NULL;
}

/* -- the script -- */

static struct tiny_script *script_for(struct tiny_cloud *cloud,
                                      const struct gt_operation *operation, const json_t *input)
{
    const char *body = gt_json_canonical(cloud->arena, input);
    for (size_t i = 0; i < cloud->scripts.len; i++) {
        struct tiny_script *script = &cloud->scripts.at[i];
        if (strcmp(script->operation, operation->name) != 0 || script->times == 0 ||
            (script->part != NULL && strstr(body, script->part) == NULL))
            continue;
        if (script->skip > 0) {
            script->skip--;
            continue;
        }
        if (script->times > 0)
            script->times--;
        return script;
    }
    return NULL;
}

void tiny_script(struct tiny_cloud *cloud, struct tiny_script script)
{
    if (script.times == 0)
        script.times = 1;
    *GT_PUSH(cloud->arena, &cloud->scripts) = script;
}

static void answer_act(struct tiny_act *act, struct gt_scripted_answer *answer)
{
    const struct tiny_script *script = act->script;
    if (script != NULL && (script->lost || script->dropped)) {
        *answer = (struct gt_scripted_answer){.outcome = GT_HTTP_MAYBE_SENT};
    } else if (script != NULL && script->garbled) {
        *answer = (struct gt_scripted_answer){.status = 200, .body = "<html>what?"};
    } else if (act->code != NULL) {
        int status = script != NULL && script->http_status != 0            ? script->http_status
                     : strcmp(act->code, "ResourceNotFoundException") == 0 ? 404
                                                                           : 400;
        tiny_encode_error(act->cloud->arena, act->operation, status, act->code, act->message,
                          answer);
    } else {
        tiny_encode(act->cloud->arena, act->operation, act->output, answer);
    }
    answer->delay_ms = script != NULL && script->delay_ms > 0 ? script->delay_ms : 5;
}

bool tiny_cloud_answer(void *payload, const struct gt_scripted_request *request,
                       struct gt_scripted_answer *answer)
{
    struct tiny_cloud *cloud = payload;
    struct tiny_act act = {.cloud = cloud};
    json_t *input;
    if (!tiny_decode(cloud->arena, request, &act.operation, &input))
        return false;
    act.input = input;
    act.output = gt_keep(cloud->arena, json_object());
    struct tiny_script *script = script_for(cloud, act.operation, input);
    struct tiny_script copy;
    if (script != NULL) {
        copy = *script;
        act.script = &copy;
        act.code = copy.code;
        act.message = copy.message == NULL ? "scripted" : copy.message;
    }
    size_t place = cloud->calls.len;
    *GT_PUSH(cloud->arena, &cloud->calls) =
        (struct tiny_call){.operation = act.operation, .input = input, .at_ms = tiny_now(cloud)};
    if (act.code == NULL && (script == NULL || !copy.dropped))
        tiny_perform(&act);
    cloud->calls.at[place].code = act.code;
    answer_act(&act, answer);
    if (cloud->watch != NULL)
        cloud->watch(cloud->watch_payload, &cloud->calls.at[place]);
    return true;
}

/* -- for the tests -- */

struct tiny_cloud *tiny_cloud_new(struct gt_arena *arena, struct gt_loop *loop)
{
    struct tiny_cloud *cloud = GT_NEW(arena, struct tiny_cloud);
    cloud->arena = arena;
    cloud->loop = loop;
    cloud->reads = 2;
    cloud->serve_reads = 2;
    cloud->digest = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
    return cloud;
}

json_t *tiny_json(struct gt_arena *arena, const char *source)
{
    char *copy = gt_strdup(arena, source);
    for (char *c = copy; *c != '\0'; c++)
        *c = *c == '\'' ? '"' : *c;
    json_error_t error;
    json_t *value = json_loads(copy, JSON_DECODE_ANY, &error);
    if (value == NULL)
        gt_die("%s: %s", copy, error.text);
    return gt_keep(arena, value);
}

struct tiny_object *tiny_add(struct tiny_cloud *cloud, const char *kind, const char *key,
                             const char *doc)
{
    const struct tiny_kind *row = tiny_kind_find(kind);
    json_t *copy = json_deep_copy(tiny_json(cloud->arena, doc));
    const char *slash = strrchr(key, '/');
    if (row->made != NULL)
        json_object_set_new(copy, row->made, json_string(slash == NULL ? key : slash + 1));
    struct tiny_object *object = tiny_object_new(cloud, row, key, copy);
    if (row->settles)
        tiny_status(object, "READY", NULL);
    object->serve_left = 0;
    return object;
}

struct tiny_object *tiny_only(const struct tiny_cloud *cloud, const char *kind)
{
    struct tiny_object *found = NULL;
    for (size_t i = 0; i < cloud->objects.len; i++) {
        if (!tiny_is_below(cloud->objects.at[i], kind, ""))
            continue;
        if (found != NULL)
            gt_die("tiny cloud: more than one %s", kind);
        found = cloud->objects.at[i];
    }
    if (found == NULL)
        gt_die("tiny cloud: no %s", kind);
    return found;
}

size_t tiny_number(const struct tiny_cloud *cloud, const char *kind)
{
    size_t number = 0;
    for (size_t i = 0; i < cloud->objects.len; i++)
        number += tiny_is_below(cloud->objects.at[i], kind, "");
    return number;
}

bool tiny_mutates(const struct gt_operation *operation)
{
    static const char *const reads[] = {"Get", "List", "Describe", "BatchGet", "Invoke", NULL};
    for (const char *const *prefix = reads; *prefix != NULL; prefix++)
        if (gt_starts_with(operation->name, *prefix))
            return false;
    return true;
}

size_t tiny_mutations(const struct tiny_cloud *cloud)
{
    size_t number = 0;
    for (size_t i = 0; i < cloud->calls.len; i++)
        number += tiny_mutates(cloud->calls.at[i].operation);
    return number;
}

const struct tiny_call *tiny_nth(const struct tiny_cloud *cloud, const char *operation, size_t n)
{
    for (size_t i = 0; i < cloud->calls.len; i++)
        if (strcmp(cloud->calls.at[i].operation->name, operation) == 0 && n-- == 0)
            return &cloud->calls.at[i];
    return NULL;
}

size_t tiny_count(const struct tiny_cloud *cloud, const char *operation)
{
    size_t number = 0;
    while (tiny_nth(cloud, operation, number) != NULL)
        number++;
    return number;
}

long tiny_first(const struct tiny_cloud *cloud, const char *operation)
{
    const struct tiny_call *call = tiny_nth(cloud, operation, 0);
    return call == NULL ? -1 : (long)(call - cloud->calls.at);
}

long tiny_last(const struct tiny_cloud *cloud, const char *operation)
{
    size_t number = tiny_count(cloud, operation);
    return number == 0 ? -1 : (long)(tiny_nth(cloud, operation, number - 1) - cloud->calls.at);
}

void tiny_forget(struct tiny_cloud *cloud)
{
    cloud->calls.len = 0;
}
