// SPDX-License-Identifier: GPL-3.0-or-later
//
// Guesses what columns mean from their names and a sample of their cells, each guess with its
// reason. Any thread.
#pragma once

#include "dataset/import-private.h"

// Sets kind, separator, unit and reason of every field and the role of the table. `named` says
// that field names come from the file and may be believed; else positions are.
void rk_detect_kinds(RkTable *table, gboolean named, const RkSample *sample);

// Whether a column name is one that data sets use for ids, labels, times and the like.
gboolean rk_detect_knows_name(const char *name);

// Sets the unit of a TIMESTAMP field, and its reason, from the sample's cells of field f.
void rk_detect_time(RkField *field, const RkSample *sample, uint32_t f);

// Units of a time column in a second (1, 1000, 1000000, 1000000000), from the middle of n values.
uint32_t rk_detect_time_unit(double *values, uint32_t n);
