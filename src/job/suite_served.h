// SPDX-License-Identifier: GPL-3.0-or-later
//
// The real system of suites: datasets made, models trained and compressed, sessions served. What is
// there already with the same recipe is reused. Caller's thread.
#pragma once

#include "job/suite_run.h"

// Every parameter table that a suite's axes can come from; valid until freed.
typedef struct {
    RkAxisTable tables[3];
    size_t n;
    RkParam *compress; // owned, with the names of its rows
    size_t n_compress;
} RkSuiteTables;

RkSuiteTables *rk_suite_tables_new(void);
void rk_suite_tables_free(RkSuiteTables *tables);

// `device` is what trials without an axis "device" run on, as --device has it; NULL for the best.
// Both must outlive it.
RkSuiteSystem *rk_suite_served_new(RkStore *store, const RkSuite *suite, const char *device);
void rk_suite_served_free(RkSuiteSystem *system);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkSuiteTables, rk_suite_tables_free)
