// SPDX-License-Identifier: GPL-3.0-or-later
//
// Raw records, one a query, in memory that is there before the first query: allocated, touched and
// locked where the system allows. The issuer writes `issued_ns`, the system's threads the rest.
#pragma once

#include "serve/system.h"

typedef struct {
    uint64_t done_ns; // after the start; 0 while there is no answer; atomic while a load runs
    uint32_t stage_ns[RK_N_STAGES];
    uint32_t batch;
    uint32_t flags; // RkAnswerFlags
} RkLoadRecord;

typedef struct {
    uint64_t n;             // that there is room for
    uint64_t n_issued;      // the first so many; atomic while a load runs
    uint64_t start_ns;      // rk_clock_ns() that all times below count from
    uint64_t *scheduled_ns; // [n]
    uint64_t *issued_ns;    // [n]
    RkLoadRecord *record;   // [n]
    size_t n_locked_bytes;
} RkLoadRecords;

// RK_ERROR_MEMORY when it doesn't fit.
RkLoadRecords *rk_load_records_new(uint64_t n, GError **error);
void rk_load_records_free(RkLoadRecords *records);

// Writes CSV with a header line, a line an issued query; through gzip when the path ends in .gz.
// On an error (a full disk) nothing is left of the file.
gboolean rk_load_records_write(const RkLoadRecords *records, const char *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkLoadRecords, rk_load_records_free)
