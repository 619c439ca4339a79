// SPDX-License-Identifier: GPL-3.0-or-later
//
// Stored trials of suites. Each repeat of a trial is kept as it ends, with its raw records, in one
// transaction: whatever kills a suite, a repeat is there whole or not at all, so going on neither
// measures one again nor loses one. Any thread but the UI's.
#pragma once

#include "store/store.h"

#include <stdint.h>

// Starts a run of a suite. `recipe` is a hash of all that its trials depend on. With `resume` the
// newest run of that recipe goes on; *resumed (may be NULL) says whether there was one.
gboolean rk_trials_begin(RkStore *store, const char *recipe, const char *name, const char *suite,
                         gboolean resume, int64_t *id, gboolean *resumed, GError **error);

// One field of the raw records.
typedef struct {
    const char *name;      // "scheduled_ns"
    const int64_t *values; // [n]
} RkTrialField;

typedef struct {
    const char *trial;  // a hash of its configuration
    const char *config; // JSON object
    uint32_t repeat;    // from 0
    const char *result; // JSON object
    uint64_t n;         // raw records
    const RkTrialField *fields;
    uint32_t n_fields;
} RkTrialRecord;

// Keeps a repeat. RK_ERROR_DATABASE when it is there already.
gboolean rk_trials_keep(RkStore *store, int64_t id, const RkTrialRecord *record, GError **error);

typedef struct {
    int64_t id;
    char *trial;
    uint32_t repeat;
    char *result;
    uint64_t n;
} RkStoredTrial;

void rk_stored_trial_free(RkStoredTrial *trial);

// All that were kept, RkStoredTrial in the order they ended.
GPtrArray *rk_trials_list(RkStore *store, int64_t id, GError **error);

// A field of a repeat's raw records, [stored->n]; free it. RK_ERROR_DATA when it is damaged,
// RK_ERROR_NOT_FOUND without one.
int64_t *rk_trials_values(RkStore *store, const RkStoredTrial *stored, const char *field,
                          GError **error);

// Forgets a run of a suite with its trials.
gboolean rk_trials_remove(RkStore *store, int64_t id, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkStoredTrial, rk_stored_trial_free)
