/*
 * Plain scalars by the YAML 1.2 core schema (YAML 1.2.2, section 10.3.2), which `no`, `yes`, `on`,
 * 0777, 1_000 and dates are strings to.
 */
#ifndef GANTRY_SRC_DOC_SCALAR_H
#define GANTRY_SRC_DOC_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gt_core_type {
    GT_CORE_STRING,
    GT_CORE_NULL,
    GT_CORE_BOOL,
    GT_CORE_INT,
    GT_CORE_REAL,
    GT_CORE_RANGE,     /* an integer outside int64 or a real outside double */
    GT_CORE_NOT_FINITE /* .inf or .nan, which JSON does not have */
};

struct gt_core {
    enum gt_core_type type;
    bool boolean;
    int64_t integer;
    double real;
};

/* What a plain scalar is; `text` is NUL-terminated. */
struct gt_core gt_core_read(const char *text);

/* The shortest text that reads as this number and as no integer; of at most GT_REAL_TEXT bytes. */
enum { GT_REAL_TEXT = 40 };
void gt_real_text(double value, char text[GT_REAL_TEXT]);

#endif
