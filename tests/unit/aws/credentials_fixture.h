/*
 * What the credential tests share: an environment and a clock of their own, a home folder with
 * files, a real HTTP server in a process of its own, and one call that asks for keys.
 */
#ifndef GANTRY_TESTS_AWS_CREDENTIALS_FIXTURE_H
#define GANTRY_TESTS_AWS_CREDENTIALS_FIXTURE_H

#include "gt_test.h"
#include <gantry/aws/credentials.h>
#include <gantry/net/loop.h>

/* An answer for requests whose text contains `match`; the first rule that fits and is not used up.
 */
struct rule {
    const char *match;
    int status; /* 0: closes the connection without an answer */
    const char *body;
    int times; /* 0: any number */
};

struct fixture {
    struct gt_arena *arena;
    struct gt_diags diags;
    struct gt_sys sys;
    int64_t now_ms;
    const char *env[32][2];
    size_t env_count;
    const char *home;
    struct gt_loop *loop;
    struct gt_http *http;
    struct gt_profile *profile;
    struct gt_credentials_options options;
    struct gt_credentials *credentials;
    int port; /* of the server; 0: none */
    const char *log;
    int server;
};

extern struct fixture fixture;

void fixture_setup(void); /* an empty home, no variables but HOME, IMDS disabled */
void fixture_teardown(void);

void set_env(const char *name, const char *value);

/* Writes a file below the home folder; missing folders are made. Returns its path. */
const char *home_file(const char *name, const char *text);

/* Starts the server. */
void serve(const struct rule *rules, size_t count);

/* "http://127.0.0.1:PORT" and a path. */
const char *url(const char *path);

/* All requests so far, each followed by a line "----". */
const char *requests(void);
int request_count(const char *containing);

/* What one asker got, copied. */
struct asked {
    bool done, found;
    const char *access, *secret, *token, *account, *source;
    int64_t expires_ms;
};

/* Loads the profile (NULL: as the environment says), makes the credentials when there are none yet,
 * asks and runs the loop. Diagnostics of a failure are copied into fixture.diags. */
struct asked ask(const char *profile);
/* Asks without running the loop; *asked is filled in later. */
void ask_later(struct asked *asked);

/* Checks the keys, or that there are none and a diagnostic contains the text. */
void expect_keys(struct asked asked, const char *access, const char *source);
void expect_failure(struct asked asked, const char *text);
const char *messages(void);

/* STS's answer with these keys, valid for an hour of the fixture's clock; `action` as in the
 * request. */
const char *sts_answer(const char *action, const char *access);

#endif
