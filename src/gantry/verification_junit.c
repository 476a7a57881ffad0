/* JUnit XML, in the form that CI servers agree on: https://github.com/testmoapp/junitxml */
#include "verification.h"

#include <gantry/base/str.h>

#include <libxml/xmlwriter.h>

#include <string.h>

/* XML 1.0 has no way to write most control characters, nor U+FFFE and U+FFFF, and UTF-8 must be
 * right. */
static const char *printable(struct gt_arena *arena, const char *text)
{
    char *safe = gt_safe_text(arena, text == NULL ? "" : text);
    for (char *at = safe; (at = strstr(at, "\xEF\xBF")) != NULL; at += 2)
        if (at[2] == '\xBE' || at[2] == '\xBF')
            at[2] = '\xBD'; /* U+FFFD, which stands for what cannot be shown */
    return safe;
}

static void attribute(xmlTextWriterPtr writer, const char *name, const char *value)
{
    xmlTextWriterWriteAttribute(writer, BAD_CAST name, BAD_CAST value);
}

static void number(xmlTextWriterPtr writer, const char *name, size_t value)
{
    xmlTextWriterWriteFormatAttribute(writer, BAD_CAST name, "%zu", value);
}

static void seconds(xmlTextWriterPtr writer, int64_t ms)
{
    xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "time", "%lld.%03d", (long long)(ms / 1000),
                                      (int)(ms % 1000));
}

static void write_hop(xmlTextWriterPtr writer, struct gt_arena *arena, const char *suite,
                      const struct gt_hop *hop)
{
    xmlTextWriterStartElement(writer, BAD_CAST "testcase");
    attribute(writer, "name", hop->name);
    attribute(writer, "classname", suite);
    seconds(writer, hop->elapsed_ms);
    if (hop->result == GT_HOP_SKIPPED) {
        xmlTextWriterStartElement(writer, BAD_CAST "skipped");
        attribute(writer, "message", printable(arena, hop->detail));
        xmlTextWriterEndElement(writer);
    } else if (hop->result == GT_HOP_FAILED) {
        const char *text = gt_printf(arena, "sent: %s\nreceived: %s\nlikely cause: %s\n",
                                     printable(arena, hop->sent == NULL ? "-" : hop->sent),
                                     printable(arena, hop->received == NULL ? "-" : hop->received),
                                     hop->cause == NULL ? "-" : hop->cause);
        xmlTextWriterStartElement(writer, BAD_CAST "failure");
        attribute(writer, "message", printable(arena, hop->detail));
        xmlTextWriterWriteString(writer, BAD_CAST text);
        xmlTextWriterEndElement(writer);
    }
    xmlTextWriterEndElement(writer);
}

static void write_pair(xmlTextWriterPtr writer, struct gt_arena *arena,
                       const struct gt_verified_pair *pair)
{
    const char *suite = gt_printf(arena, "%s -> %s",
                                  pair->client == NULL ? "no client" : pair->client, pair->gateway);
    int64_t elapsed_ms = 0;
    for (size_t i = 0; i < pair->result.hops.len; i++)
        elapsed_ms += pair->result.hops.at[i].elapsed_ms;
    xmlTextWriterStartElement(writer, BAD_CAST "testsuite");
    attribute(writer, "name", suite);
    number(writer, "tests", pair->result.hops.len);
    number(writer, "failures", pair->result.failed);
    number(writer, "skipped", pair->result.skipped);
    seconds(writer, elapsed_ms);
    for (size_t i = 0; i < pair->result.hops.len; i++)
        write_hop(writer, arena, suite, &pair->result.hops.at[i]);
    xmlTextWriterEndElement(writer);
}

const char *gt_verification_junit(const struct gt_context *context,
                                  const struct gt_verification_report *report)
{
    xmlBufferPtr buffer = xmlBufferCreate();
    xmlTextWriterPtr writer = xmlNewTextWriterMemory(buffer, 0);
    if (buffer == NULL || writer == NULL)
        gt_die("out of memory");
    xmlTextWriterSetIndent(writer, 1);
    xmlTextWriterStartDocument(writer, NULL, "UTF-8", NULL);
    xmlTextWriterStartElement(writer, BAD_CAST "testsuites");
    attribute(writer, "name",
              gt_printf(context->arena, "gantry verify %s (%s)", context->stack_name,
                        context->stack_environment));
    number(writer, "tests", report->passed + report->failed + report->skipped);
    number(writer, "failures", report->failed);
    number(writer, "skipped", report->skipped);
    seconds(writer, report->elapsed_ms);
    for (size_t i = 0; i < report->pairs.len; i++)
        write_pair(writer, context->arena, &report->pairs.at[i]);
    xmlTextWriterEndDocument(writer);
    xmlFreeTextWriter(writer);
    const char *text = gt_strdup(context->arena, (const char *)xmlBufferContent(buffer));
    xmlBufferFree(buffer);
    return text;
}
