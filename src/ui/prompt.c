#include <gantry/ui/prompt.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct gt_prompt gt_prompt_open(bool stdin_taken)
{
    struct gt_prompt prompt = {.in = -1, .out = STDERR_FILENO};
    if (!stdin_taken && isatty(STDIN_FILENO) == 1) {
        prompt.in = STDIN_FILENO;
        /* With standard error in a file the question must still be seen. */
        if (isatty(STDERR_FILENO) != 1)
            prompt.out = STDIN_FILENO;
    } else if (stdin_taken) {
        prompt.in = open("/dev/tty", O_RDWR | O_CLOEXEC);
        prompt.opened = prompt.in >= 0;
        prompt.out = prompt.in;
    }
    return prompt;
}

void gt_prompt_close(struct gt_prompt *prompt)
{
    if (prompt->opened)
        close(prompt->in);
    *prompt = (struct gt_prompt){.in = -1, .out = -1};
}

/* Reads to the end of the line; what does not fit makes the answer none of those that are wanted.
 */
static bool read_line(int fd, char *line, size_t size)
{
    size_t len = 0;
    for (;;) {
        char c;
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        if (c == '\n')
            break;
        if (len + 1 < size)
            line[len] = c;
        len++;
    }
    if (len >= size)
        return false;
    line[len] = '\0';
    return true;
}

/* Without the white space around it, in place. */
static char *trim(char *line)
{
    size_t len = strlen(line);
    while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
        line[--len] = '\0';
    return line + strspn(line, " \t");
}

bool gt_prompt_ask(const struct gt_prompt *prompt, const char *question, const char *wanted)
{
    struct gt_stream out = {.fd = prompt->out, .buf = gt_buf_init((size_t)1 << 16)};
    gt_stream_adds(&out, question);
    bool shown = gt_stream_flush(&out);
    char line[256];
    return shown && prompt->in >= 0 && read_line(prompt->in, line, sizeof(line)) &&
           strcmp(trim(line), wanted) == 0;
}
