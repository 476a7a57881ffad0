/* Times and durations (src/sys), and the dates of HTTP (src/aws): what is read as a time is written
 * as one that reads the same. */
#include "fuzz.h"
#include "scalar.h"

#include <gantry/sys/sys.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gt_arena *arena = gt_arena_new();
    const char *text = fuzz_text(arena, data, size);
    int64_t ms = 0, again = 0;
    if (gt_duration_parse(text, &ms))
        fuzz_check(ms >= 0);
    if (gt_time_parse(text, &ms)) {
        fuzz_check(gt_time_parse(gt_time_iso(arena, ms), &again));
        fuzz_check(again <= ms && ms - again < 1000 && again % 1000 == 0);
    }
    gt_http_date_parse(text, &ms);
    json_auto_t *value = json_string(text);
    if (value != NULL) {
        static const struct gt_shape shapes[] = {{.kind = GT_SHAPE_TIMESTAMP},
                                                 {.kind = GT_SHAPE_INTEGER},
                                                 {.kind = GT_SHAPE_DOUBLE},
                                                 {.kind = GT_SHAPE_BOOLEAN}};
        for (size_t i = 0; i < GT_COUNT(shapes); i++)
            json_decref(gt_wire_value(arena, &shapes[i], text));
        static const enum gt_timestamp_format formats[] = {GT_TIME_ISO8601, GT_TIME_UNIX,
                                                           GT_TIME_HTTP};
        for (size_t i = 0; i < GT_COUNT(formats); i++)
            gt_wire_text(arena, (struct gt_wire_type){&shapes[0], formats[i], GT_TIME_DEFAULT},
                         value);
    }
    gt_arena_free(arena);
    return 0;
}
