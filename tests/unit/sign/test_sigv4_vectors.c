/*
 * All vectors of a folder of AWS's Signature Version 4 test suite, each stage by itself.
 * SIGV4_VECTORS names the folder: one sub-folder per case with request.txt, context.json and the
 * expected texts.
 */
#define _GNU_SOURCE /* strcasestr */
#include "sign_suites.h"

#include <dirent.h>
#include <gantry/base/json.h>
#include <gantry/sign/verify.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

GT_TEST_ARENA

const char *sigv4_vectors_folder(void)
{
    const char *named = getenv("SIGV4_VECTORS");
    const char *folder =
        named != NULL && *named != '\0' ? named : GT_SOURCE_DIR "/../shared/sigv4-vectors";
    struct stat info;
    return stat(folder, &info) == 0 && S_ISDIR(info.st_mode) ? folder : NULL;
}

static char *read_file(const char *vector, const char *name, size_t *len)
{
    const char *path = gt_printf(arena, "%s/%s/%s", sigv4_vectors_folder(), vector, name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s is missing", path);
    char *bytes = gt_alloc(arena, 64 * 1024);
    *len = fread(bytes, 1, 64 * 1024 - 1, file);
    fclose(file);
    return bytes;
}

static void expect(const char *vector, const char *name, const char *actual)
{
    size_t len;
    const char *wanted = read_file(vector, name, &len);
    ck_assert_msg(strcmp(wanted, actual) == 0, "%s/%s:\n%s\nbut got:\n%s", vector, name, wanted,
                  actual);
}

/* Cuts the request into its parts; a line that begins with white space continues the one before. */
static struct gt_sign_request parse_request(char *text, size_t len)
{
    struct gt_sign_header *headers = gt_calloc(arena, 64, sizeof(*headers));
    struct gt_sign_request request = {.headers = headers, .method = text, .body = ""};
    char *end = strchr(text, '\n'), *last_space = end;
    while (*--last_space != ' ') {
    }
    *last_space = '\0';
    char *target = strchr(text, ' ');
    *target++ = '\0';
    request.path = target;
    char *query = strchr(target, '?');
    if (query != NULL) {
        *query++ = '\0';
        request.query = query;
    }
    for (char *line = end + 1; line < text + len && *line != '\0'; line = end + 1) {
        if (*line == '\n') {
            request.body = line + 1;
            request.body_len = (size_t)(text + len - request.body);
            break;
        }
        end = line + strcspn(line, "\n");
        while (end[0] == '\n' && (end[1] == ' ' || end[1] == '\t'))
            end += 1 + strcspn(end + 1, "\n");
        *end = '\0';
        char *colon = strchr(line, ':');
        *colon = '\0';
        headers[request.header_count++] = (struct gt_sign_header){line, colon + 1};
    }
    return request;
}

static int64_t unix_ms(const char *text)
{
    int year, month, day, hour, minute, second;
    ck_assert_int_eq(
        sscanf(text, "%d-%d-%dT%d:%d:%dZ", &year, &month, &day, &hour, &minute, &second), 6);
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t days = 365 * (year - 1970) + (year - 1969) / 4 + before[month - 1] + day - 1 +
                   (year % 4 == 0 && month > 2);
    return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000;
}

static struct gt_sign_options options_of(const json_t *context)
{
    const char *secret = gt_text_at(context, "/credentials/secret_access_key");
    return (struct gt_sign_options){
        .access_key_id = gt_text_at(context, "/credentials/access_key_id"),
        .secret_access_key = {secret, strlen(secret)},
        /* Where the token is sent without being signed, signing does not see it. */
        .session_token = json_is_true(gt_at(context, "/omit_session_token"))
                             ? NULL
                             : gt_text_at(context, "/credentials/token"),
        .region = gt_text_at(context, "/region"),
        .service = gt_text_at(context, "/service"),
        .unix_ms = unix_ms(gt_text_at(context, "/timestamp")),
        .s3_path = !json_is_true(gt_at(context, "/normalize")),
        .add_content_sha256 = json_is_true(gt_at(context, "/sign_body")),
    };
}

/* Each added header stands in the expected signed request. */
static void expect_added(const char *vector, const struct gt_signature *signature)
{
    size_t len;
    const char *wanted = read_file(vector, "header-signed-request.txt", &len);
    for (size_t i = 0; i < signature->added_count; i++) {
        const char *line =
            gt_printf(arena, "\n%s:%s\n", signature->added[i].name, signature->added[i].value);
        ck_assert_msg(strcasestr(wanted, line) != NULL, "%s: no line%s", vector, line);
    }
}

/* The signed request, as a server sees it. One vector sends the session token without signing it,
 * which we refuse; those for S3 lack its hash. */
static void check_verified(const char *vector, const json_t *context,
                           const struct gt_sign_options *options)
{
    size_t len;
    char *text = read_file(vector, "header-signed-request.txt", &len);
    struct gt_sign_request request = parse_request(text, len);
    struct gt_sigv4_claim claim;
    const char *message = "";
    enum gt_sigv4_outcome wanted = GT_SIGV4_OK;
    if (json_is_true(gt_at(context, "/omit_session_token")))
        wanted = GT_SIGV4_MISMATCH;
    else if (options->s3_path && !options->add_content_sha256)
        wanted = GT_SIGV4_INCOMPLETE;
    ck_assert_int_eq(gt_sigv4_claim(arena, &request, &claim, &message), GT_SIGV4_OK);
    enum gt_sigv4_outcome outcome =
        gt_sigv4_verify(arena, &request, &claim, options->secret_access_key, options->s3_path,
                        options->unix_ms, &message);
    ck_assert_msg(outcome == wanted, "%s: %d: %s", vector, outcome, message);
}

static void check_vector(const char *vector)
{
    size_t len;
    json_t *context = gt_keep(arena, json_loads(read_file(vector, "context.json", &len), 0, NULL));
    ck_assert_msg(context != NULL, "%s: context.json is no JSON", vector);
    struct gt_sign_options options = options_of(context);
    char *text = read_file(vector, "request.txt", &len);
    struct gt_sign_request request = parse_request(text, len);
    char *names;
    char *canonical = gt_sigv4_canonical_request(arena, &request, &options, &names);
    expect(vector, "header-canonical-request.txt", canonical);
    char *to_sign = gt_sigv4_string_to_sign(arena, canonical, &options);
    expect(vector, "header-string-to-sign.txt", to_sign);
    expect(vector, "header-signature.txt", gt_sigv4_signature(arena, to_sign, &options));
    struct gt_signature signature = gt_sigv4_sign(arena, &request, &options);
    expect_added(vector, &signature);
    check_verified(vector, context, &options);
}

START_TEST(every_vector_of_the_folder_matches_in_every_stage)
{
    DIR *folder = opendir(sigv4_vectors_folder());
    ck_assert_ptr_ne(folder, NULL);
    size_t checked = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        struct stat info;
        const char *path =
            gt_printf(arena, "%s/%s/request.txt", sigv4_vectors_folder(), entry->d_name);
        if (entry->d_name[0] == '.' || stat(path, &info) != 0)
            continue;
        check_vector(entry->d_name);
        checked++;
    }
    closedir(folder);
    ck_assert_msg(checked > 0, "no vector in %s", sigv4_vectors_folder());
}
END_TEST

Suite *sigv4_suite(void)
{
    Suite *suite = suite_create("sigv4");
    TCase *tcase = tcase_create("vectors");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_test(tcase, every_vector_of_the_folder_matches_in_every_stage);
    suite_add_tcase(suite, tcase);
    return suite;
}
