/* The tool type `file-read`: a file or a part of it, as text where it is text. */
#include "files.h"

#include <errno.h>
#include <gantry/base/base64.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/base/url.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024, MAX_BYTES = 1024 * 1024 };

enum encoding { AUTO, UTF8, BASE64 };

struct reading {
    struct gt_files_job job; /* first */
    enum encoding encoding;
    int64_t offset, length;         /* length: -1 where none was asked for */
    int64_t start_line, line_count; /* start_line: 0 where no lines were asked for */
    int64_t max_bytes;
    /* what came of it */
    struct stat status;
    char *bytes;
    size_t len;
    bool more;      /* the file goes on behind it */
    bool truncated; /* by a cap, not by what was asked for */
    int64_t lines;
};

static const struct gt_key keys[] = {
    GT_FILES_PERMISSIONS,
    {.name = "max_bytes",
     .takes = GT_TAKES_INTEGER,
     .min = 1,
     .max = 1 << 28,
     .summary = "bytes that one call reads at the most (as the source has it)"},
    {.name = NULL},
};

static const char *const encodings[] = {
    [AUTO] = "auto", [UTF8] = "utf-8", [BASE64] = "base64", NULL};

/* -- the configuration -- */

static json_t *whole_number(const char *about, int least)
{
    return json_pack("{s:s, s:s, s:i}", "type", "integer", "description", about, "minimum", least);
}

static json_t *input_schema(const char *about)
{
    json_t *schema = json_pack("{s:s, s:{s:{s:s, s:s}}, s:[s], s:b}", "type", "object",
                               "properties", "path", "type", "string", "description", about,
                               "required", "path", "additionalProperties", 0);
    json_t *properties = json_object_get(schema, "properties");
    json_object_set_new(properties, "offset", whole_number("where to start, in bytes (0)", 0));
    json_object_set_new(properties, "length", whole_number("how many bytes", 1));
    json_object_set_new(properties, "start_line",
                        whole_number("where to start, in lines from 1", 1));
    json_object_set_new(properties, "line_count", whole_number("how many lines", 1));
    json_object_set_new(properties, "encoding",
                        json_pack("{s:s, s:s, s:[s, s, s], s:s}", "type", "string", "description",
                                  "utf-8: text, or an error; base64: the bytes as they are; auto: "
                                  "text where it is text",
                                  "enum", encodings[AUTO], encodings[UTF8], encodings[BASE64],
                                  "default", encodings[AUTO]));
    return schema;
}

static json_t *output_schema(void)
{
    static const struct {
        const char *name, *type, *about;
        bool always;
    } rows[] = {
        {"path", "string", "the file", true},
        {"size", "integer", "of the whole file, in bytes", true},
        {"modified", "string", "when it was last changed", true},
        {"mime_type", "string", "its type, by its name", true},
        {"encoding", "string", "utf-8: the content is in text; base64: it is in data", true},
        {"text", "string", "the content, where it is text", false},
        {"data", "string", "the content in base64, where it is no text", false},
        {"offset", "integer", "where the content starts, in bytes", true},
        {"bytes", "integer", "how many bytes of the file it has", true},
        {"truncated", "boolean", "whether a cap left out some of what was asked for", true},
        {"next_offset", "integer", "where to go on, in bytes; not there at the end", false},
        {"start_line", "integer", "the first line, where lines were asked for", false},
        {"line_count", "integer", "how many lines there are in text", false},
        {"next_line", "integer", "where to go on, in lines; not there at the end", false},
    };
    json_t *properties = json_object(), *required = json_array();
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        json_object_set_new(
            properties, rows[i].name,
            json_pack("{s:s, s:s}", "type", rows[i].type, "description", rows[i].about));
        if (rows[i].always)
            json_array_append_new(required, json_string(rows[i].name));
    }
    return json_pack("{s:s, s:o, s:o}", "type", "object", "properties", properties, "required",
                     required);
}

static bool prepare(struct gt_config *config, struct gt_tool *tool, struct gt_diags *diags)
{
    (void)diags;
    tool->input_schema = gt_keep(config->arena, input_schema(gt_files_about(config, tool)));
    tool->output_schema = gt_keep(config->arena, output_schema());
    tool->annotations = (struct gt_annotations){
        .read_only = true, .destructive = false, .idempotent = true, .open_world = false};
    return true;
}

/* -- in the thread: bytes -- */

/* As many bytes as there are, up to `len`; -1 with the job's error. */
static ssize_t read_at(struct reading *reading, int fd, char *bytes, size_t len, int64_t at)
{
    size_t got = 0;
    if (at > INT64_MAX - (int64_t)len) /* no file is so long, and the system would refuse */
        return 0;
    while (got < len && !atomic_load(&reading->job.stop)) {
        ssize_t n = pread(fd, bytes + got, len - got, (off_t)(at + (int64_t)got));
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR) {
            reading->job.error = errno;
            return -1;
        }
        got += n > 0 ? (size_t)n : 0;
    }
    return (ssize_t)got;
}

static bool read_range(struct reading *reading, int fd, int64_t wanted)
{
    /* Files without a size (of /proc) have as much as can be read at once. */
    int64_t rest = reading->status.st_size > reading->offset
                       ? reading->status.st_size - reading->offset
                       : CHUNK;
    size_t room = (size_t)(wanted < rest ? wanted : rest);
    char next;
    reading->bytes = gt_alloc(reading->job.arena, room + 1);
    ssize_t got = read_at(reading, fd, reading->bytes, room, reading->offset);
    ssize_t behind = got < 0 ? -1 : read_at(reading, fd, &next, 1, reading->offset + (int64_t)got);
    if (behind < 0)
        return false;
    reading->len = (size_t)got;
    reading->more = behind > 0;
    return true;
}

static bool read_bytes(struct reading *reading, int fd)
{
    bool whole = reading->length < 0 || reading->length > reading->max_bytes;
    if (!read_range(reading, fd, whole ? reading->max_bytes : reading->length))
        return false;
    reading->truncated = whole && reading->more;
    return true;
}

/* -- in the thread: lines -- */

/* Sets the offset to where the line starts; the end of the file where there are not so many. */
static bool find_line(struct reading *reading, int fd)
{
    char *chunk = gt_alloc(reading->job.arena, CHUNK);
    int64_t line = 1, at = 0;
    while (line < reading->start_line && !atomic_load(&reading->job.stop)) {
        ssize_t got = read_at(reading, fd, chunk, CHUNK, at);
        const char *from = chunk, *end = chunk + (got > 0 ? got : 0), *found;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        while (line < reading->start_line &&
               (found = memchr(from, '\n', (size_t)(end - from))) != NULL) {
            from = found + 1;
            line++;
        }
        at += line < reading->start_line ? got : from - chunk;
    }
    reading->offset = at;
    return true;
}

/* Cuts what was read behind the lines that were asked for, or, where a cap cuts a line, before it.
 */
static void cut_lines(struct reading *reading)
{
    const char *from = reading->bytes, *end = from + reading->len, *found;
    bool all = reading->line_count > 0;
    reading->lines = 0;
    while ((!all || reading->lines < reading->line_count) &&
           (found = memchr(from, '\n', (size_t)(end - from))) != NULL) {
        from = found + 1;
        reading->lines++;
    }
    bool enough = all && reading->lines == reading->line_count;
    reading->truncated = !enough && reading->more;
    if (from < end && !enough && (!reading->more || reading->lines == 0)) {
        reading->lines++; /* the last line has no end; a line that is too long */
        return;
    }
    reading->more = reading->more || from < end;
    reading->len = (size_t)(from - reading->bytes);
}

static bool read_lines(struct reading *reading, int fd)
{
    if (!find_line(reading, fd) || !read_range(reading, fd, reading->max_bytes))
        return false;
    cut_lines(reading);
    return true;
}

/* -- in the thread: text or not -- */

/* Bytes at the end that begin a character of UTF-8 and do not end it. */
static size_t open_end(const char *bytes, size_t len)
{
    for (size_t back = 1; back < 4 && back <= len; back++) {
        unsigned char c = (unsigned char)bytes[len - back];
        size_t whole = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
        if ((c & 0xc0) != 0x80)
            return whole > back ? back : 0;
    }
    return 0;
}

/* The text of what was read, less the halves of characters that a range has cut; NULL where it is
 * no text. New reference. */
static json_t *text_of(struct reading *reading)
{
    size_t skip = 0, len = reading->len;
    while (reading->offset > 0 && skip < 3 && skip < len &&
           ((unsigned char)reading->bytes[skip] & 0xc0) == 0x80)
        skip++;
    len -= skip;
    size_t less = reading->more ? open_end(reading->bytes + skip, len) : 0;
    if ((reading->len > 0 && len - less == 0) ||
        memchr(reading->bytes + skip, '\0', len - less) != NULL)
        return NULL;
    json_t *text = json_stringn(reading->bytes + skip, len - less);
    if (text == NULL)
        return NULL;
    reading->bytes += skip;
    reading->offset += (int64_t)skip;
    reading->len = len - less;
    return text;
}

static void put_number(json_t *out, const char *name, int64_t value)
{
    json_object_set_new(out, name, json_integer(value));
}

static json_t *facts(struct reading *reading, const char *mime, bool text)
{
    const struct timespec *modified = &reading->status.st_mtim;
    json_t *out = json_pack("{s:s, s:I, s:s, s:s, s:s}", "path", reading->job.path, "size",
                            (json_int_t)reading->status.st_size, "modified",
                            gt_time_iso(reading->job.arena, (int64_t)modified->tv_sec * 1000 +
                                                                modified->tv_nsec / 1000000),
                            "mime_type", mime, "encoding", encodings[text ? UTF8 : BASE64]);
    put_number(out, "offset", reading->offset);
    put_number(out, "bytes", (int64_t)reading->len);
    json_object_set_new(out, "truncated", json_boolean(reading->truncated));
    if (reading->more)
        put_number(out, "next_offset", reading->offset + (int64_t)reading->len);
    if (reading->start_line > 0) {
        bool ends = reading->len > 0 && reading->bytes[reading->len - 1] == '\n';
        put_number(out, "start_line", reading->start_line);
        put_number(out, "line_count", reading->lines);
        if (reading->more && ends)
            put_number(out, "next_line", reading->start_line + reading->lines);
    }
    return out;
}

/* The content as blocks: what it is, and for who reads only these that there is more. */
static json_t *blocks(struct reading *reading, const char *mime, const char *data, json_t *text)
{
    struct gt_arena *arena = reading->job.arena;
    const char *uri =
        gt_printf(arena, "file://%s", gt_percent_encode(arena, reading->job.path, "/"));
    json_t *list = text != NULL ? json_pack("[{s:s, s:O}]", "type", "text", "text", text)
                                : json_pack("[{s:s, s:{s:s, s:s, s:s}}]", "type", "resource",
                                            "resource", "uri", uri, "mimeType", mime, "blob", data);
    if (reading->truncated)
        json_array_append_new(
            list, json_pack("{s:s, s:s}", "type", "text", "text",
                            gt_printf(arena,
                                      "(truncated: bytes %lld to %lld of %lld; go on with offset "
                                      "%lld)",
                                      (long long)reading->offset,
                                      (long long)reading->offset + (long long)reading->len,
                                      (long long)reading->status.st_size,
                                      (long long)reading->offset + (long long)reading->len)));
    return list;
}

static void describe(struct reading *reading)
{
    struct gt_files_job *job = &reading->job;
    json_t *text = reading->encoding == BASE64 ? NULL : text_of(reading);
    const char *mime = gt_mime_type(job->path), *data = NULL;
    if (text == NULL && reading->encoding == UTF8) {
        job->problem = gt_printf(job->arena, "%s is no UTF-8 text here: read it as base64",
                                 gt_one_line(job->arena, job->path, 256));
        return;
    }
    if (mime == NULL)
        mime = text != NULL ? "text/plain" : "application/octet-stream";
    job->structured = facts(reading, mime, text != NULL);
    if (text == NULL)
        data = gt_base64(job->arena, reading->bytes, reading->len);
    job->content = blocks(reading, mime, data, text);
    if (text != NULL)
        json_object_set_new(job->structured, "text", text);
    else
        json_object_set_new(job->structured, "data", json_string(data));
}

static void work(struct gt_files_job *job)
{
    struct reading *reading = (struct reading *)job;
    int root = gt_files_job_root(job);
    if (root < 0)
        return;
    int fd = gt_beneath_file(root, job->below, job->means, &reading->status);
    if (fd < 0)
        job->error = errno;
    close(root);
    if (fd < 0)
        return;
    bool read = reading->start_line > 0 ? read_lines(reading, fd) : read_bytes(reading, fd);
    close(fd);
    if (read && !atomic_load(&job->stop))
        describe(reading);
}

/* -- a call -- */

static int64_t argument(const struct gt_tool_call *call, const char *name, int64_t otherwise)
{
    return gt_files_number(call->arguments, name, otherwise);
}

/* Of two caps the narrower one; a source of the tool's own has none. */
static int64_t cap_of(const struct gt_files_source *source, const struct gt_tool *tool)
{
    int64_t own = gt_files_number(tool->settings, "max_bytes", 0);
    if (own == 0 || source->max_bytes == 0)
        return own + source->max_bytes > 0 ? own + source->max_bytes : MAX_BYTES;
    return own < source->max_bytes ? own : source->max_bytes;
}

static void run(struct gt_tool_call *call)
{
    const struct gt_files_source *source = (const struct gt_files_source *)call->source;
    bool bytes = json_object_get(call->arguments, "offset") != NULL ||
                 json_object_get(call->arguments, "length") != NULL;
    bool lines = json_object_get(call->arguments, "start_line") != NULL ||
                 json_object_get(call->arguments, "line_count") != NULL;
    if (bytes && lines) {
        gt_tool_fail(call, GT_FAILURE_ARGUMENTS,
                     "give a range of bytes (offset, length) or of lines (start_line, line_count), "
                     "not both");
        return;
    }
    struct reading *reading = (struct reading *)gt_files_job_new(call, sizeof(struct reading));
    if (reading == NULL)
        return;
    const char *encoding = gt_text_at(call->arguments, "/encoding");
    reading->job.work = work;
    reading->max_bytes = cap_of(source, call->tool);
    reading->offset = argument(call, "offset", 0);
    reading->length = argument(call, "length", -1);
    reading->start_line = lines ? argument(call, "start_line", 1) : 0;
    reading->line_count = argument(call, "line_count", 0);
    while (encoding != NULL && encodings[reading->encoding + 1] != NULL &&
           !gt_streq(encodings[reading->encoding], encoding))
        reading->encoding++;
    gt_files_job_start(&reading->job);
}

const struct gt_tool_type gt_tool_file_read = {
    .name = "file-read",
    .summary = "reads a file, or a part of it",
    .category = "files",
    .source = &gt_source_filesystem,
    .own_source = true,
    .keys = keys,
    .prepare = prepare,
    .run = run,
};
