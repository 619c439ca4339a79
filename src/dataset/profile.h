// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is in a dataset, in numbers: one pass over each table. Plain data; the formulas stand beside
// the fields. Quantiles and drift of numbers come from samples of 2^17 values a part (exact below
// that). Owner's thread.
#pragma once

#include "dataset/scan.h"
#include "dataset/split.h"
#include "dataset/vocabulary.h"

#include <json-glib/json-glib.h>

enum { RK_PROFILE_N_QUANTILES = 9 };
extern const double rk_profile_quantiles[RK_PROFILE_N_QUANTILES]; // 0, .01, .1, .25, .5, ... 1

typedef struct {
    char *table, *name;
    RkFieldKind kind;
    RkTableRole role;
    uint64_t n_missing;   // empty cells; a MULTI cell without values is one
    uint32_t cardinality; // distinct codes that occur; 0 for kinds without codes
    uint64_t n_values;    // of all cells: more than rows for MULTI

    double mean, sd;                         // NUMBER, LABEL; NaN without
    double quantile[RK_PROFILE_N_QUANTILES]; // the same
    int64_t first, last;                     // TIMESTAMP; INT64_MIN without

    // Drift of each part against the training part, of event fields. Population stability index:
    // sum over bins of (q - p) ln(q / p), ten bins of equal training share (numbers), the twenty
    // most frequent codes and the rest (codes), missing cells a bin of their own; 0.1 is worth a
    // look, 0.25 a shift. Kolmogorov-Smirnov: greatest distance of the two distribution functions,
    // numbers only. NaN where there is nothing to compare.
    double psi[RK_N_PARTS], ks[RK_N_PARTS];
} RkFieldProfile;

typedef struct {
    uint64_t n_rows;           // events
    uint32_t n_users, n_items; // with at least one event; 0 without such a field
    double density;            // n_rows / (n_users * n_items); NaN without both

    uint32_t n_label_values; // distinct labels that occur; 0 without, capped at 21
    double label_value[20];  // ascending, unless capped
    uint64_t label_count[20];
    double positive_share; // of labels above 0 when all are 0 or 1 (or -1 and 1); else NaN

    double gini_items, gini_users; // of events over those that have any: 0 even, 1 one has all
    double head_share[3];          // share of events that the top 1, 10, 20 % of items have
    double history_mean;           // events a user
    double history[RK_PROFILE_N_QUANTILES];

    int64_t first, last; // times of events; INT64_MIN without

    gboolean has_split;
    char *split;
    uint64_t n_part[RK_N_PARTS];
    double cold_users[RK_N_PARTS]; // share of a part's rows whose user or item never trains; NaN
    double cold_items[RK_N_PARTS]; // without such a field or rows

    GPtrArray *fields; // of RkFieldProfile, every table's in order
} RkProfile;

// `vocabulary_size` gives the number of codes by vocabulary name. `split` may be NULL, and so may
// `progress`.
RkProfile *rk_profile_new(RkChunkSource *source, const RkSplit *split,
                          uint32_t (*vocabulary_size)(void *data, const char *name), void *data,
                          const RkPassProgress *progress, GError **error);
void rk_profile_free(RkProfile *profile);

// Adds its members ("rows", "users", "items", "density", "label", "popularity", "history", "time",
// "splits", "fields") to an open object.
void rk_profile_add_json(const RkProfile *profile, JsonBuilder *builder);
char *rk_profile_to_json(const RkProfile *profile);
char *rk_profile_to_text(const RkProfile *profile);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkProfile, rk_profile_free)
