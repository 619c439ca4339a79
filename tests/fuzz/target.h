// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is fuzzed: each format of importers.def reads any bytes as a file of its own, and "auto"
// finds the format out (and decompresses). A fault is an assertion, a sanitizer's report or a hang.
#pragma once

#include <glib.h>
#include <stdint.h>

// The targets' names, NULL behind the last.
extern const char *const rk_fuzz_targets[];

// Imports the bytes under a target, with bad rows as an error and skipped, in blocks of two sizes:
// checks that both give the same rows and messages, that cells are UTF-8 and fit the schema, that
// an error is worded as one. Any bytes are fine.
void rk_fuzz_import(const char *target, const uint8_t *data, size_t n);
