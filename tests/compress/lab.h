// SPDX-License-Identifier: GPL-3.0-or-later
//
// A database of a test program's own, whose datasets and models the command line makes.
#pragma once

#include "store/store.h"

// Makes it and runs the lines [n], "synth ctr --as ctr": each must succeed.
void lab_begin(const char *const *lines, size_t n);
void lab_run(const char *line); // one more
void lab_end(void);             // removes it

RkStore *lab_store(void); // opened; the caller's
