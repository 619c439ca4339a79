// SPDX-License-Identifier: GPL-3.0-or-later
//
// A chart of each kind from made-up data that follows from a seed.
#pragma once

#include "report/charts.h"

typedef struct {
    const char *word; // of charts.def
    RkChart *(*make)(void);
} Sample;

extern const Sample SAMPLES[];
extern const gsize N_SAMPLES;
