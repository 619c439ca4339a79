// SPDX-License-Identifier: GPL-3.0-or-later
//
// Checking and repairing a database: its pages and indices, references, what killed imports left,
// every checksum. What can't be repaired (a damaged blob) is named with the dataset it belongs to.
// Any thread but the UI's.
#pragma once

#include "store/store.h"

#include <stdint.h>

typedef struct {
    char *what;        // one sentence
    gboolean repaired; // else it is still there
} RkFinding;

typedef struct {
    GPtrArray *findings; // of RkFinding
    GPtrArray *damaged;  // of char: names of the datasets that hold damaged data
    uint32_t n_datasets;
    uint64_t n_blobs;      // column chunks checked
    uint64_t n_blob_bytes; // of all datasets
    uint64_t freed_bytes;  // given back to the file system
    int version;           // of the schema
} RkDoctorReport;

void rk_finding_free(gpointer finding);
void rk_doctor_report_free(RkDoctorReport *report);

// Whether nothing is left to be done.
gboolean rk_doctor_report_is_healthy(const RkDoctorReport *report);

typedef struct {
    gboolean repair; // else it only looks
    // Told after every blob; returns FALSE to stop. May be NULL.
    gboolean (*progress)(gpointer data, uint64_t done, uint64_t total);
    gpointer progress_data;
} RkDoctorOptions;

// Fails only when checking itself does.
RkDoctorReport *rk_doctor_run(RkStore *store, const RkDoctorOptions *options, GError **error);

// Copies every dataset of `from` that reads whole, metadata included, to `to`; those of the same
// name that are there already are left. Names what was copied and what couldn't be (GPtrArray of
// RkFinding, repaired meaning copied).
GPtrArray *rk_doctor_salvage(RkStore *from, RkStore *to, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkDoctorReport, rk_doctor_report_free)
