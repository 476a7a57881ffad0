#define _XOPEN_SOURCE 700
#include "credentials_fixture.h"
#include <arpa/inet.h>
#include <ftw.h>
#include <gantry/base/str.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture fixture;

static int64_t now_ms(void *self)
{
    return ((struct fixture *)self)->now_ms;
}

static int64_t real_monotonic_ms(void *self)
{
    (void)self;
    return gt_monotonic_ms(gt_sys_real());
}

static void real_random(void *self, unsigned char *bytes, size_t len)
{
    const struct gt_sys *sys = gt_sys_real();
    (void)self;
    sys->random(sys->self, bytes, len);
}

static const char *own_env(void *self, const char *name)
{
    const struct fixture *own = self;
    for (size_t i = own->env_count; i-- > 0;)
        if (strcmp(own->env[i][0], name) == 0)
            return own->env[i][1];
    return NULL;
}

void set_env(const char *name, const char *value)
{
    ck_assert_uint_lt(fixture.env_count, GT_COUNT(fixture.env));
    fixture.env[fixture.env_count][0] = name;
    fixture.env[fixture.env_count++][1] = value;
}

void fixture_setup(void)
{
    struct gt_arena *arena = gt_arena_new();
    char *home = gt_strdup(arena, "/tmp/gantry-aws-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(home));
    fixture = (struct fixture){.arena = arena,
                               .diags = gt_diags_init(arena),
                               .now_ms = 1768653296000, /* 2026-01-17T12:34:56Z */
                               .home = home};
    fixture.sys = (struct gt_sys){.now_ms = now_ms,
                                  .monotonic_ms = real_monotonic_ms,
                                  .random = real_random,
                                  .env = own_env,
                                  .self = &fixture};
    set_env("HOME", home);
    set_env("AWS_EC2_METADATA_DISABLED", "true");
    fixture.loop = gt_loop_new(&fixture.sys);
    static const struct gt_http_options options = {.user_agent = "gantry-test"};
    fixture.http = gt_http_new(fixture.loop, &options);
    fixture.options = (struct gt_credentials_options){.sys = &fixture.sys,
                                                      .loop = fixture.loop,
                                                      .transport = gt_http_transport(fixture.http),
                                                      .region = "eu-west-1"};
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

void fixture_teardown(void)
{
    gt_credentials_free(fixture.credentials);
    gt_http_free(fixture.http);
    gt_loop_free(fixture.loop);
    if (fixture.server > 0) {
        kill(fixture.server, SIGKILL);
        waitpid(fixture.server, NULL, 0);
    }
    nftw(fixture.home, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    gt_arena_free(fixture.arena);
}

const char *home_file(const char *name, const char *text)
{
    char *path = gt_printf(fixture.arena, "%s/%s", fixture.home, name);
    for (char *slash = strchr(path + strlen(fixture.home) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
    return path;
}

/* The whole request: the head, and as much of a body as Content-Length says. */
static size_t receive(int fd, char *text, size_t size)
{
    size_t len = 0;
    while (len < size - 1) {
        ssize_t got = read(fd, text + len, size - 1 - len);
        if (got <= 0)
            break;
        len += (size_t)got;
        text[len] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        const char *length = strstr(text, "Content-Length: ");
        size_t body = length == NULL ? 0 : strtoul(length + 16, NULL, 10);
        if (end != NULL && len >= (size_t)(end + 4 - text) + body)
            break;
    }
    text[len] = '\0';
    return len;
}

static void answer(int fd, const struct rule *rule)
{
    if (rule != NULL && rule->status == 0)
        return;
    const char *body = rule == NULL ? "no rule of the test fits" : rule->body;
    char head[256];
    int len = snprintf(head, sizeof(head),
                       "HTTP/1.1 %d Test\r\nContent-Length: %zu\r\nConnection: close\r\n"
                       "x-amzn-requestid: req-1\r\n\r\n",
                       rule == NULL ? 500 : rule->status, strlen(body));
    if (write(fd, head, (size_t)len) != len ||
        write(fd, body, strlen(body)) != (ssize_t)strlen(body))
        return;
}

_Noreturn static void server_loop(int listener, const struct rule *rules, size_t count)
{
    static char text[1 << 16];
    static int used[64];
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0 || receive(fd, text, sizeof(text)) == 0) {
            close(fd);
            continue;
        }
        FILE *log = fopen(fixture.log, "a");
        fprintf(log, "%s\n----\n", text);
        fclose(log);
        const struct rule *found = NULL;
        for (size_t i = 0; found == NULL && i < count; i++)
            if (strstr(text, rules[i].match) != NULL &&
                (rules[i].times == 0 || used[i] < rules[i].times)) {
                found = &rules[i];
                used[i]++;
            }
        answer(fd, found);
        close(fd);
    }
}

void serve(const struct rule *rules, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(listener, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(listener, 16), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    fixture.port = ntohs(address.sin_port);
    fixture.log = gt_printf(fixture.arena, "%s/requests", fixture.home);
    fixture.server = fork();
    ck_assert_int_ge(fixture.server, 0);
    if (fixture.server == 0)
        server_loop(listener, rules, count);
    close(listener);
}

const char *url(const char *path)
{
    return gt_printf(fixture.arena, "http://127.0.0.1:%d%s", fixture.port, path);
}

const char *requests(void)
{
    FILE *file = fopen(fixture.log, "r");
    if (file == NULL)
        return "";
    enum { MAX_LOG = 1 << 20 };
    char *text = gt_alloc(fixture.arena, MAX_LOG + 1);
    size_t len = fread(text, 1, MAX_LOG, file);
    text[len] = '\0';
    fclose(file);
    return text;
}

int request_count(const char *containing)
{
    int count = 0;
    for (const char *at = requests(), *end; (end = strstr(at, "\n----\n")) != NULL; at = end + 6) {
        const char *found = strstr(at, containing);
        count += found != NULL && found < end;
    }
    return count;
}

static void got_keys(void *payload, const struct gt_keys *keys, const struct gt_diags *diags)
{
    struct asked *asked = payload;
    ck_assert_msg(!asked->done, "answered twice");
    *asked = (struct asked){.done = true, .found = keys != NULL};
    for (size_t i = 0; i < diags->list.len; i++)
        gt_diags_copy(&fixture.diags, diags->list.at[i]);
    if (keys == NULL)
        return;
    asked->access = gt_strdup(fixture.arena, keys->access_key_id);
    asked->secret =
        gt_strndup(fixture.arena, keys->secret_access_key.bytes, keys->secret_access_key.len);
    asked->token = gt_strdup(fixture.arena, keys->session_token);
    asked->account = gt_strdup(fixture.arena, keys->account_id);
    asked->source = gt_strdup(fixture.arena, keys->source);
    asked->expires_ms = keys->expires_ms;
}

static void begin(const char *profile)
{
    if (fixture.credentials != NULL)
        return;
    bool loaded =
        gt_profile_load(fixture.arena, &fixture.sys, profile, &fixture.profile, &fixture.diags);
    ck_assert_msg(loaded, "%s", messages());
    fixture.options.profile = fixture.profile;
    fixture.options.profile_explicit = profile != NULL;
    fixture.credentials = gt_credentials_new(&fixture.options);
}

void ask_later(struct asked *asked)
{
    begin(NULL);
    *asked = (struct asked){0};
    gt_credentials_get(fixture.credentials, got_keys, asked);
    ck_assert_msg(!asked->done, "answered inside of gt_credentials_get");
}

struct asked ask(const char *profile)
{
    struct asked asked;
    begin(profile);
    ask_later(&asked);
    gt_loop_run(fixture.loop);
    ck_assert_msg(asked.done, "never answered");
    return asked;
}

const char *messages(void)
{
    const char *text = "";
    for (size_t i = 0; i < fixture.diags.list.len; i++) {
        const struct gt_diag *diag = fixture.diags.list.at[i];
        text = gt_printf(fixture.arena, "%s%s: %s (%s)\n", text, diag->code, diag->message,
                         diag->hint == NULL ? "" : diag->hint);
    }
    return text;
}

void expect_keys(struct asked asked, const char *access, const char *source)
{
    ck_assert_msg(asked.found, "%s", messages());
    ck_assert_str_eq(asked.access, access);
    ck_assert_str_eq(asked.source, source);
}

void expect_failure(struct asked asked, const char *text)
{
    ck_assert_msg(!asked.found, "keys from %s", asked.source);
    ck_assert_msg(strstr(messages(), text) != NULL, "%s", messages());
    const struct gt_diag *last = fixture.diags.list.at[fixture.diags.list.len - 1];
    ck_assert_str_eq(last->code, "no-credentials");
    ck_assert_ptr_nonnull(last->hint);
    ck_assert_msg(strstr(messages(), "HUSH") == NULL, "a secret: %s", messages());
}

const char *sts_answer(const char *action, const char *access)
{
    return gt_printf(
        fixture.arena,
        "<%sResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><%sResult><Credentials>"
        "<AccessKeyId>%s</AccessKeyId><SecretAccessKey>HUSH-%s</SecretAccessKey>"
        "<SessionToken>TOKEN-%s</SessionToken><Expiration>%s</Expiration></Credentials>"
        "<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn>"
        "<AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser></%sResult>"
        "<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></%sResponse>",
        action, action, access, access, access,
        gt_time_iso(fixture.arena, fixture.now_ms + 3600 * 1000), action, action);
}
