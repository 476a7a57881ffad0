/* Compiler attributes, in one place so that the rest of the code reads the same everywhere. */
#ifndef GANTRY_BASE_COMPILER_H
#define GANTRY_BASE_COMPILER_H

#if defined(__GNUC__) || defined(__clang__)
#define GT_PRINTF(format_index, first_arg) __attribute__((format(printf, format_index, first_arg)))
#define GT_NODISCARD __attribute__((warn_unused_result))
#define GT_UNUSED __attribute__((unused))
#define GT_NORETURN __attribute__((noreturn))
#define GT_CLEANUP(fn) __attribute__((cleanup(fn)))
#else
#define GT_PRINTF(format_index, first_arg)
#define GT_NODISCARD
#define GT_UNUSED
#define GT_NORETURN
#endif

#define GT_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
