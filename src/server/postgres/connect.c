/* The connections of a pool from their opening to their end. */
#include "pool_parts.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <netdb.h>
#include <string.h>

enum { BACK_OFF_MS = 50, BACK_OFF_MAX_MS = 1000, KEYWORDS_MAX = 24, NUMERIC_MAX = 64, PORT = 5432 };

/* What texts look like, and that they are UTF-8, does not depend on the server. */
const char gt_pg_session[] =
    "SELECT pg_catalog.set_config('DateStyle', 'ISO', false), "
    "pg_catalog.set_config('IntervalStyle', 'iso_8601', false), "
    "pg_catalog.set_config('bytea_output', 'hex', false), "
    "pg_catalog.set_config('extra_float_digits', '1', false), "
    "pg_catalog.set_config('client_min_messages', 'error', false), "
    /* There the server knows of no characters: it would refuse to send what is no UTF-8. */
    "CASE pg_catalog.current_setting('server_encoding') WHEN 'SQL_ASCII' THEN "
    "pg_catalog.set_config('client_encoding', 'SQL_ASCII', false) END";

void gt_pg_member_remove(struct gt_pg_member *member)
{
    struct gt_pg_pool *pool = member->pool;
    struct gt_pg_lane *lane = &pool->lanes[member->lane];
    struct gt_pg_member **at = &pool->members;
    while (*at != member)
        at = &(*at)->next;
    *at = member->next;
    lane->count--;
    if (!member->ready)
        lane->connecting--;
    gt_timer_cancel(member->idle);
    gt_pg_link_free(member->link);
    gt_arena_free(member->arena);
}

static bool any_ready(const struct gt_pg_pool *pool)
{
    const struct gt_pg_member *at = pool->members;
    while (at != NULL && !at->ready)
        at = at->next;
    return at != NULL;
}

/* No connection of this lane can be opened: until the time has come, none is tried, and where
 * there is none, calls are told so at once. */
static void note_failure(struct gt_pg_lane *lane, const char *reason)
{
    struct gt_arena *before = lane->told;
    int64_t now_ms = gt_pg_pool_now_ms(lane->pool);
    if (lane->retry_at_ms <= now_ms) /* of several that fail at once, the first counts */
        lane->back_off_ms = lane->back_off_ms == 0 ? BACK_OFF_MS : lane->back_off_ms * 2;
    if (lane->back_off_ms > BACK_OFF_MAX_MS)
        lane->back_off_ms = BACK_OFF_MAX_MS;
    lane->retry_at_ms = now_ms + lane->back_off_ms;
    lane->told = gt_arena_new();
    lane->reason = gt_strdup(lane->told, reason);
    gt_arena_free(before);
    if (!any_ready(lane->pool))
        gt_source_note(&lane->pool->source->base, lane->reason);
    /* A server that is full still serves with the connections that there are. */
    if (lane->count == 0)
        gt_pg_lane_fail(lane, lane->reason);
}

static void on_ready(void *payload, struct gt_pg_link *link, const char *reason)
{
    struct gt_pg_member *member = payload;
    struct gt_pg_pool *pool = member->pool;
    struct gt_pg_lane *lane = &pool->lanes[member->lane];
    (void)link;
    gt_pg_pool_enter(pool);
    if (reason == NULL) {
        member->ready = true;
        lane->connecting--;
        lane->back_off_ms = lane->retry_at_ms = 0;
        gt_pg_member_use(member);
        gt_source_note(&pool->source->base, NULL);
        gt_pg_pool_serve(pool);
    } else {
        struct gt_arena *arena = gt_arena_new();
        reason = gt_strdup(arena, reason);
        gt_pg_member_remove(member);
        note_failure(lane, reason);
        gt_arena_free(arena);
    }
    gt_pg_pool_exit(pool);
}

static void on_lost(void *payload, struct gt_pg_link *link, const char *reason)
{
    struct gt_pg_member *member = payload;
    struct gt_pg_pool *pool = member->pool;
    (void)link;
    struct gt_arena *arena = gt_arena_new();
    reason = gt_strdup(arena, reason);
    gt_pg_pool_enter(pool);
    gt_pg_member_remove(member);
    if (!any_ready(pool))
        gt_source_note(&pool->source->base, reason);
    gt_pg_pool_serve(pool);
    gt_pg_pool_exit(pool);
    gt_arena_free(arena);
}

static void on_rested(void *payload)
{
    struct gt_pg_member *member = payload;
    struct gt_pg_pool *pool = member->pool;
    if (member->lane != GT_PG_SHARED)
        return;
    member->taken = member->stalled = false;
    if (pool->slow.first == NULL) /* who it was reserved for has given up */
        member->reserved = false;
    if (gt_pg_link_is_large(member->link))
        gt_pg_member_remove(member);
    if (pool->quick.first == NULL && pool->slow.first == NULL)
        return;
    gt_pg_pool_enter(pool);
    gt_pg_pool_serve(pool);
    gt_pg_pool_exit(pool);
}

static void on_stalled(void *payload)
{
    struct gt_pg_member *member = payload;
    struct gt_pg_pool *pool = member->pool;
    if (member->lane != GT_PG_SHARED || member->stalled)
        return;
    gt_pg_pool_enter(pool);
    member->stalled = true;
    for (struct gt_pg_job *job = gt_pg_link_recall(member->link), *next; job != NULL; job = next) {
        next = job->next;
        gt_pg_queue_put(job->alone ? &pool->slow : &pool->quick, job);
    }
    gt_pg_pool_serve(pool);
    gt_pg_pool_exit(pool);
}

static void on_idle(void *payload)
{
    struct gt_pg_member *member = payload;
    const struct gt_pg_source *source = member->pool->source;
    bool busy = member->taken || gt_pg_link_open(member->link) > 0 ||
                gt_pg_pool_now_ms(member->pool) - member->used_ms < source->idle_ms;
    member->idle = NULL;
    if (busy)
        member->idle = gt_timer_start(source->base.host.loop, source->idle_ms, on_idle, member);
    else
        gt_pg_member_remove(member);
}

void gt_pg_member_use(struct gt_pg_member *member)
{
    const struct gt_pg_source *source = member->pool->source;
    member->used_ms = gt_pg_pool_now_ms(member->pool);
    if (member->idle == NULL)
        member->idle = gt_timer_start(source->base.host.loop, source->idle_ms, on_idle, member);
}

/* -- opening -- */

static const char *setting(const struct gt_pg_source *source, const char *name)
{
    return json_string_value(json_object_get(source->config->settings, name));
}

static const char *host_of(const struct gt_pg_source *source)
{
    const char *host = setting(source, "host");
    return host != NULL ? host : "127.0.0.1";
}

static int port_of(const struct gt_pg_source *source)
{
    const json_t *port = json_object_get(source->config->settings, "port");
    return json_is_integer(port) ? (int)json_integer_value(port) : PORT;
}

/* The name as often as there are addresses, which libpq tries one by one. */
static const char *repeated(struct gt_arena *arena, const char *host, const char *addresses)
{
    const char *list = host;
    for (const char *at = addresses; at != NULL && (at = strchr(at, ',')) != NULL; at++)
        list = gt_printf(arena, "%s,%s", list, host);
    return list;
}

/* `addresses`: numeric, with commas between them; NULL for a Unix socket. */
static void connect_to(struct gt_pg_lane *lane, const char *addresses)
{
    static const char read_only[] = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";
    static const char *const sessions[][3] = {
        [GT_PG_SHARED] = {gt_pg_session, read_only, NULL},
        [GT_PG_OWN] = {gt_pg_session, NULL},
    };
    struct gt_pg_pool *pool = lane->pool;
    struct gt_pg_source *source = pool->source;
    struct gt_arena *arena = gt_arena_new_secret();
    struct gt_pg_member *member = GT_NEW(arena, struct gt_pg_member);
    *member = (struct gt_pg_member){
        .arena = arena, .pool = pool, .lane = lane->name, .next = pool->members};
    const char *sslmode = setting(source, "sslmode");
    const struct {
        const char *keyword, *value;
    } all[] = {
        {"host", repeated(arena, host_of(source), addresses)},
        {"hostaddr", addresses},
        {"port", gt_printf(arena, "%d", port_of(source))},
        {"dbname", pool->database},
        {"user", setting(source, "user")},
        {"password", setting(source, "password")},
        {"sslmode", sslmode != NULL ? sslmode : "prefer"},
        {"sslrootcert", setting(source, "sslrootcert")},
        {"application_name", "gantry-mcp"},
        {"client_encoding", "UTF8"},
        {"options", setting(source, "options")},
        {"keepalives_idle", "30"},
        {"keepalives_interval", "10"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "30000"},
    };
    const char **keywords = gt_calloc(arena, KEYWORDS_MAX, sizeof(*keywords));
    const char **values = gt_calloc(arena, KEYWORDS_MAX, sizeof(*values));
    size_t count = 0;
    for (size_t i = 0; i < GT_COUNT(all); i++) {
        if (all[i].value == NULL)
            continue;
        keywords[count] = all[i].keyword;
        values[count++] = all[i].value;
    }
    pool->members = member;
    lane->count++;
    lane->connecting++;
    member->link = gt_pg_link_new(
        &(struct gt_pg_link_options){.loop = source->base.host.loop,
                                     .workers = source->base.host.workers,
                                     .keywords = keywords,
                                     .values = values,
                                     .connect_timeout_ms = source->connect_timeout_ms,
                                     .session = sessions[lane->name],
                                     .refuse_privileged = !source->allow_privileged,
                                     .payload = member,
                                     .ready = on_ready,
                                     .lost = on_lost,
                                     .rested = on_rested,
                                     .stalled = on_stalled});
}

static void on_found(void *payload, const struct gt_addresses *addresses, const char *problem)
{
    struct gt_pg_lane *lane = payload;
    struct gt_arena *arena = gt_arena_new();
    const char *list = NULL;
    char numeric[NUMERIC_MAX];
    gt_pg_pool_enter(lane->pool);
    lane->lookup = NULL;
    for (size_t i = 0; addresses != NULL && i < addresses->count; i++) {
        const struct gt_address *at = &addresses->list[i];
        if (getnameinfo((const struct sockaddr *)&at->at, at->len, numeric, sizeof(numeric), NULL,
                        0, NI_NUMERICHOST) == 0)
            list = gt_printf(arena, "%s%s%s", list != NULL ? list : "", list != NULL ? "," : "",
                             numeric);
    }
    if (list != NULL)
        connect_to(lane, list);
    else
        note_failure(lane, problem != NULL ? problem : "the server's name has no address");
    gt_pg_pool_exit(lane->pool);
    gt_arena_free(arena);
}

static bool is_numeric(const char *host)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found = NULL;
    bool numeric = getaddrinfo(host, NULL, &hints, &found) == 0;
    if (found != NULL)
        freeaddrinfo(found);
    return numeric;
}

void gt_pg_lane_connect(struct gt_pg_lane *lane, size_t wanted)
{
    const struct gt_pg_source *source = lane->pool->source;
    const char *host = host_of(source);
    if (source->closed) {
        gt_pg_lane_fail(lane, "the source is closed");
        return;
    }
    if (lane->retry_at_ms > gt_pg_pool_now_ms(lane->pool)) {
        if (lane->count == 0)
            gt_pg_lane_fail(lane, lane->reason);
        return;
    }
    while (lane->lookup == NULL && lane->connecting < wanted && lane->count < lane->most) {
        if (*host == '/' || is_numeric(host))
            connect_to(lane, *host == '/' ? NULL : host);
        else
            lane->lookup =
                gt_lookup_start(source->base.host.workers, host, port_of(source), on_found, lane);
    }
}
