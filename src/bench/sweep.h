// SPDX-License-Identifier: GPL-3.0-or-later
//
// The trials of a suite: points of the grid that its axes make, and which of them are measured.
// Any thread.
#pragma once

#include "bench/suite.h"

typedef struct {
    char *id;        // a hash of data, models and configuration: stable across runs and machines
    uint64_t point;  // of the grid
    GArray *config;  // of RkSetting: what is swept first, then what is fixed
    uint32_t n_axes; // so many are swept
    const RkSuiteModel *model;
} RkTrialSpec;

uint64_t rk_sweep_n_points(const RkSuite *suite);

// The trial of a point, point < n_points: the last axis goes fastest.
RkTrialSpec *rk_sweep_trial(const RkSuite *suite, uint64_t point);
void rk_trial_spec_free(RkTrialSpec *spec);

// The settings of one place out of a trial's configuration, GArray of RkSetting.
GArray *rk_trial_spec_settings(const RkSuite *suite, const RkTrialSpec *spec, RkPlace place);

// Which points are measured. A search is asked again after each generation of trials, with all
// results so far (RkTrialResult): a guided one chooses by them, grid and random don't look.
typedef struct RkSearch RkSearch;

typedef struct {
    const char *name; // "grid"
    RkSearch *(*new)(const RkSuite *suite);
    // The next point; FALSE when there is none before further results are known.
    gboolean (*next)(RkSearch *search, const GPtrArray *results, uint64_t *point);
} RkSearchClass;

struct RkSearch {
    const RkSearchClass *class;
    const RkSuite *suite;
    uint64_t n_points, n_trials, n_given;
};

extern const RkSearchClass rk_searches[];
extern const size_t rk_n_searches;

RkSearch *rk_search_new(const RkSuite *suite);
void rk_search_free(RkSearch *search);
static inline gboolean
rk_search_next(RkSearch *search, const GPtrArray *results, uint64_t *point)
{
    return search->class->next(search, results, point);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkTrialSpec, rk_trial_spec_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkSearch, rk_search_free)
