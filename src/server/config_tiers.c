/* Tiers: listeners, who may call, and which tools and toolsets each serves. */
#include "reading.h"

#include <arpa/inet.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/base/url.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const char default_host[] = "127.0.0.1";

const char *gt_host_parse(struct gt_arena *arena, const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];
    char plain[INET6_ADDRSTRLEN];
    size_t len = strlen(text);
    if (gt_streq(gt_lower(arena, text), "localhost"))
        return default_host;
    if (len > 2 && text[0] == '[' && text[len - 1] == ']')
        text = gt_strndup(arena, text + 1, len - 2);
    static const int families[] = {AF_INET, AF_INET6};
    for (size_t i = 0; i < GT_COUNT(families); i++)
        if (inet_pton(families[i], text, address) == 1 &&
            inet_ntop(families[i], address, plain, sizeof(plain)) != NULL)
            return gt_strdup(arena, plain);
    return NULL;
}

static bool is_ipv6(const char *host)
{
    return strchr(host, ':') != NULL;
}

bool gt_host_is_loopback(const char *host)
{
    char authority[INET6_ADDRSTRLEN + 3];
    snprintf(authority, sizeof(authority), is_ipv6(host) ? "[%s]" : "%s", host);
    return gt_authority_is_loopback(authority);
}

static bool parse_port(const char *text, int *port)
{
    int number = 0;
    size_t len = strlen(text);
    if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
        return false;
    for (const char *c = text; *c != '\0'; c++)
        number = number * 10 + (*c - '0');
    *port = number;
    return number <= GT_PORT_MAX;
}

bool gt_listen_parse(struct gt_arena *arena, const char *text, struct gt_tier *tier)
{
    const char *host = gt_host_parse(arena, text);
    if (host != NULL) {
        tier->host = host;
        return true;
    }
    const char *colon = strrchr(text, ':');
    if (colon == NULL)
        return parse_port(text, &tier->port);
    host = gt_host_parse(arena, gt_strndup(arena, text, (size_t)(colon - text)));
    if (host == NULL || !parse_port(colon + 1, &tier->port) || (is_ipv6(host) && text[0] != '['))
        return false;
    tier->host = host;
    return true;
}

/* What is wrong already takes part in no other check. */
static void bad_address(const struct gt_reading *reading, const char *pointer, const char *text,
                        struct gt_tier *tier)
{
    tier->host = default_host;
    tier->port = 0;
    const char *shown = gt_marks_shown(reading->doc.marks, pointer, text);
    gt_reading_error(reading, pointer, "bad-address", "\"%s\" is no address to listen on",
                     gt_one_line(reading->arena, shown, 64))
        ->hint = "use a numeric address such as 127.0.0.1:8000 or [::1]:8000";
}

static void read_address(const struct gt_reading *reading, const struct gt_entry *entry,
                         const json_t *value, struct gt_tier *tier)
{
    struct gt_arena *arena = reading->arena;
    const char *listen = gt_text_of(value, "/listen"), *host = gt_text_of(value, "/host");
    const char *at = gt_printf(arena, "%s/listen", entry->pointer);
    tier->port = (int)gt_number_at(value, "/port", tier->port);
    if (listen != NULL && (host != NULL || json_object_get(value, "port") != NULL))
        gt_reading_error(reading, at, "conflict", "listen and host or port say the same twice")
            ->hint = "use listen: HOST:PORT alone, or host and port";
    if (listen != NULL && !gt_listen_parse(arena, listen, tier))
        bad_address(reading, at, listen, tier);
    if (host != NULL) {
        const char *address = gt_host_parse(arena, host);
        if (address == NULL)
            bad_address(reading, gt_printf(arena, "%s/host", entry->pointer), host, tier);
        else
            tier->host = address;
    }
}

/* Without a slash at its end: paths are put behind it. */
static const char *read_public_url(const struct gt_reading *reading, const struct gt_entry *entry,
                                   const json_t *value)
{
    struct gt_arena *arena = reading->arena;
    const char *text = gt_text_of(value, "/public_url"), *at;
    struct gt_url url;
    if (text == NULL)
        return NULL;
    if (gt_url_split(arena, text, &url) && strpbrk(text, "?#") == NULL)
        return gt_strndup(arena, text, strlen(text) - gt_ends_with(text, "/"));
    at = gt_printf(arena, "%s/public_url", entry->pointer);
    gt_reading_error(reading, at, "bad-url", "\"%s\" is no URL that paths can be put behind",
                     gt_one_line(arena, gt_marks_shown(reading->doc.marks, at, text), 200))
        ->hint = "use https://HOST";
    return NULL;
}

static void put_list(json_t *out, const char *name, const json_t *value)
{
    if (json_is_string(value))
        json_object_set_new(out, name, json_pack("[O]", value));
    else if (json_array_size(value) > 0)
        json_object_set(out, name, gt_iterable(value));
}

/* A list of nobody would stand for everybody, as one that is left out does. */
static void refuse_empty(const struct gt_reading *reading, const char *pointer, const json_t *jwt)
{
    static const char *const lists[] = {"audience", "clients", "scopes", "claims"};
    for (size_t i = 0; i < GT_COUNT(lists); i++) {
        const json_t *list = json_object_get(jwt, lists[i]);
        if (json_is_array(list) && json_array_size(list) == 0)
            gt_reading_error(reading, gt_pointer_join(reading->arena, pointer, lists[i]),
                             "empty-list", "%s is an empty list, which no token can be in",
                             lists[i])
                ->hint = "list some, or leave it out";
    }
}

static bool is_safe_url(struct gt_arena *arena, const char *text)
{
    struct gt_url url;
    return text == NULL || (gt_url_split(arena, text, &url) && gt_url_is_safe(&url));
}

static void check_url(const struct gt_reading *reading, const char *pointer, const char *text)
{
    if (!is_safe_url(reading->arena, text))
        gt_reading_error(
            reading, pointer, "bad-url", "\"%s\" is no https URL",
            gt_one_line(reading->arena, gt_marks_shown(reading->doc.marks, pointer, text), 200))
            ->hint = "use https://..., or http:// for an issuer on this machine";
}

static const struct gt_jwt_config *read_jwt(const struct gt_reading *reading,
                                            const struct gt_entry *entry, const json_t *value)
{
    static const char suffix[] = "/.well-known/openid-configuration";
    struct gt_arena *arena = reading->arena;
    const char *at = gt_printf(arena, "%s/auth/jwt", entry->pointer);
    struct gt_jwt_config *jwt = GT_NEW(arena, struct gt_jwt_config);
    jwt->issuer = gt_text_of(value, "/issuer");
    jwt->discovery_url = gt_text_of(value, "/discovery_url");
    check_url(reading, gt_printf(arena, "%s/issuer", at), jwt->issuer);
    check_url(reading, gt_printf(arena, "%s/discovery_url", at), jwt->discovery_url);
    refuse_empty(reading, at, value);
    if (gt_was_reported(gt_text_at(value, "/issuer")) ||
        gt_was_reported(gt_text_at(value, "/discovery_url")))
        return jwt;
    if (jwt->issuer == NULL && jwt->discovery_url == NULL)
        gt_reading_error(reading, at, "missing-key", "jwt has neither issuer nor discovery_url")
            ->hint = "add discovery_url: the issuer's .well-known/openid-configuration";
    else if (jwt->issuer == NULL && gt_ends_with(jwt->discovery_url, suffix))
        jwt->issuer =
            gt_strndup(arena, jwt->discovery_url, strlen(jwt->discovery_url) - strlen(suffix));
    else if (jwt->issuer == NULL)
        gt_reading_error(reading, at, "missing-key",
                         "the issuer cannot be told from this discovery_url")
            ->hint = "add issuer: the iss claim of its tokens";
    else if (jwt->discovery_url == NULL)
        jwt->discovery_url =
            gt_printf(arena, "%.*s%s", (int)(strlen(jwt->issuer) - gt_ends_with(jwt->issuer, "/")),
                      jwt->issuer, suffix);
    json_t *authorizer = gt_keep(arena, json_object());
    put_list(authorizer, "allowedAudience", json_object_get(value, "audience"));
    put_list(authorizer, "allowedClients", json_object_get(value, "clients"));
    put_list(authorizer, "allowedScopes", json_object_get(value, "scopes"));
    put_list(authorizer, "customClaims", json_object_get(value, "claims"));
    if (json_object_size(authorizer) == 0 && jwt->issuer != NULL)
        gt_reading_warning(reading, at, "any-token",
                           "every token of this issuer may call, whoever it was made for")
            ->hint = "add audience, clients or scopes";
    jwt->authorizer = authorizer;
    return jwt;
}

/* As browsers write it: a scheme, a host and perhaps a port. */
static bool is_origin(const char *text)
{
    const char *host = strstr(text, "://");
    return gt_streq(text, "*") || gt_streq(text, "null") ||
           (host != NULL && host > text && host[3] != '\0' && strpbrk(host + 3, "/?#@* ") == NULL);
}

static bool is_host(const char *text)
{
    return gt_streq(text, "*") || (*text != '\0' && strpbrk(text, "/?#@* ") == NULL);
}

/* Names that no request can have would be passed over without a word. */
static void check_names(const struct gt_reading *reading, const char *pointer,
                        const char *const *names, bool (*is_one)(const char *text),
                        const char *words[2])
{
    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        const char *at = gt_pointer_index(reading->arena, pointer, i);
        if (!is_one(names[i]) && !gt_was_reported(names[i]))
            gt_reading_error(
                reading, at, "bad-name", "\"%s\" is no %s",
                gt_one_line(reading->arena, gt_marks_shown(reading->doc.marks, at, names[i]), 200),
                words[0])
                ->hint = words[1];
    }
}

static void read_callers(const struct gt_reading *reading, const struct gt_entry *entry,
                         const json_t *value, struct gt_tier *tier)
{
    static const char *origin[] = {"origin of web pages",
                                   "write https://HOST or https://HOST:PORT, or * for any"},
                      *host[] = {"host name", "write HOST or HOST:PORT, or * for any"};
    struct gt_arena *arena = reading->arena;
    tier->allowed_origins = gt_texts_at(arena, value, "/allowed_origins");
    tier->allowed_hosts = gt_texts_at(arena, value, "/allowed_hosts");
    check_names(reading, gt_printf(arena, "%s/allowed_origins", entry->pointer),
                tier->allowed_origins, is_origin, origin);
    check_names(reading, gt_printf(arena, "%s/allowed_hosts", entry->pointer), tier->allowed_hosts,
                is_host, host);
    for (const char *const *name = tier->allowed_hosts; name != NULL && *name != NULL; name++)
        tier->any_host |= gt_streq(*name, "*");
}

static void read_tier(struct gt_reading *reading, struct gt_entry *entry)
{
    struct gt_arena *arena = reading->arena;
    bool good;
    const json_t *value = gt_reading_check(reading, entry, gt_tier_keys, &good);
    struct gt_tier *tier = GT_PUSH(arena, &reading->config->tiers);
    *tier = (struct gt_tier){.name = entry->name, .host = default_host, .port = GT_PORT_DEFAULT};
    entry->value = value;
    read_address(reading, entry, value, tier);
    read_callers(reading, entry, value, tier);
    tier->cors = gt_flag_at(value, "/cors", false);
    tier->public_url = read_public_url(reading, entry, value);
    tier->limits = gt_limits_at(value, "/limits");
    tier->search = gt_streq(gt_text_at(value, "/discovery"), "search");
    tier->trust =
        gt_streq(gt_text_at(value, "/trust"), "agentcore") ? GT_TRUST_AGENTCORE : GT_TRUST_NONE;
    if (json_is_object(gt_at(value, "/auth/jwt")))
        tier->jwt = read_jwt(reading, entry, gt_at(value, "/auth/jwt"));
    if (tier->jwt != NULL && tier->trust != GT_TRUST_NONE)
        gt_reading_error(reading, gt_printf(arena, "%s/trust", entry->pointer), "conflict",
                         "tier \"%s\" both checks tokens and trusts that somebody did", tier->name)
            ->hint = "use auth or trust";
}

void gt_read_tiers(struct gt_reading *reading)
{
    static const struct gt_section_of section = {"tiers", "tier", &gt_entry_name};
    gt_reading_entries(reading, &section, &reading->tiers);
    for (size_t i = 0; i < reading->tiers.list.len; i++)
        read_tier(reading, &reading->tiers.list.at[i]);
    if (reading->tiers.list.len == 0)
        *GT_PUSH(reading->arena, &reading->config->tiers) =
            (struct gt_tier){.name = "local", .host = default_host, .port = GT_PORT_DEFAULT};
}

/* Where a tier's listener is said, for messages. */
static const char *pointer_of(const struct gt_reading *reading, size_t tier)
{
    return tier < reading->tiers.list.len ? reading->tiers.list.at[tier].pointer : "/tiers";
}

static bool is_any(const char *host)
{
    return gt_streq(host, "0.0.0.0") || gt_streq(host, "::");
}

static bool overlap(const struct gt_tier *a, const struct gt_tier *b)
{
    if (a->port != b->port || a->port == 0)
        return false;
    return gt_streq(a->host, b->host) ||
           (is_ipv6(a->host) == is_ipv6(b->host) && (is_any(a->host) || is_any(b->host)));
}

void gt_check_listeners(struct gt_reading *reading)
{
    struct gt_config *config = reading->config;
    for (size_t i = 0; i < config->tiers.len; i++) {
        struct gt_tier *tier = &config->tiers.at[i];
        bool loopback = gt_host_is_loopback(tier->host);
        /* Whoever reaches it from elsewhere calls it by a name that only they know; it is not open
         * to pages in a browser, since it asks for a token or AgentCore does. */
        if (!loopback && tier->allowed_hosts == NULL)
            tier->any_host = true;
        if (!loopback && tier->jwt == NULL && tier->trust == GT_TRUST_NONE)
            gt_reading_error(reading, pointer_of(reading, i), "open-listener",
                             "tier \"%s\" would listen on %s and let everybody call", tier->name,
                             tier->host)
                ->hint = "add auth: {jwt: ...}, or trust: agentcore where AgentCore Runtime is in "
                         "front, or listen on 127.0.0.1";
        for (size_t k = 0; k < i; k++)
            if (overlap(&config->tiers.at[k], tier))
                gt_reading_error(reading, pointer_of(reading, i), "duplicate-listener",
                                 "tiers \"%s\" and \"%s\" would both listen on %s:%d",
                                 config->tiers.at[k].name, tier->name, tier->host, tier->port)
                    ->hint = "give each tier a port of its own";
    }
}
