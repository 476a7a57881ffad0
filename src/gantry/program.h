/* What every file of the program sees: the running program, its exit codes and its options. */
#ifndef GANTRY_PROGRAM_PROGRAM_H
#define GANTRY_PROGRAM_PROGRAM_H

#include "exit.h"
#include "grammar.h"

#endif
