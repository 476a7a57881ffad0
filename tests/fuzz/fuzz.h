/*
 * What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput, which libFuzzer
 * and replay.c call. Besides crashes, leaks and undefined behaviour (the sanitizers), a target
 * checks what must hold for every input with fuzz_check.
 */
#ifndef GANTRY_TESTS_FUZZ_H
#define GANTRY_TESTS_FUZZ_H

#include <gantry/base/diag.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define fuzz_check(what)                                                                           \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #what);              \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* The contract of every fallible function: false if and only if it appended an error. */
#define fuzz_check_told(ok, diags) fuzz_check((ok) == ((diags)->errors == 0))

/* The input as a C string of exactly its bytes, so that reading past its end is seen. */
static inline char *fuzz_text(struct gt_arena *arena, const uint8_t *data, size_t size)
{
    return gt_strndup(arena, (const char *)data, size);
}

#endif
