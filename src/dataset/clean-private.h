// SPDX-License-Identifier: GPL-3.0-or-later
//
// Shared by clean.c (order, writing), clean_rules.c (settings), clean_rows.c and
// clean_duplicates.c (which rows stay), clean_values.c (what replaces which cells) and
// clean_report.c.
#pragma once

#include "dataset/clean.h"
#include "dataset/reservoir.h"

typedef enum {
    RK_MISSING_KEEP,
    RK_MISSING_DROP,
    RK_MISSING_MEAN,
    RK_MISSING_MEDIAN,
    RK_MISSING_MOST_FREQUENT,
    RK_MISSING_CONSTANT,
    RK_N_MISSING,
} RkMissing;

typedef enum {
    RK_OUTLIERS_KEEP,
    RK_OUTLIERS_CLIP,
    RK_OUTLIERS_MISSING,
    RK_OUTLIERS_DROP,
    RK_N_OUTLIERS,
} RkOutliers;

// What is done to one column.
typedef struct {
    uint32_t table, column;
    const RkField *field;
    char *name;     // "table.field"
    int vocabulary; // index into RkClean.words, -1 without

    RkMissing missing;
    char *constant;     // as set
    double fill;        // REAL
    int64_t fill_time;  // TIME
    uint32_t fill_code; // CODE, in the raw vocabulary; RK_CODE_MISSING for a constant
    uint64_t n_filled;

    RkOutliers outliers;
    double low, high;
    uint64_t n_outliers;

    gboolean rare;
    uint64_t n_rare;
} RkRule;

// A vocabulary: raw codes to those of what is left.
typedef struct {
    const char *name; // owned by a field
    const RkVocabulary *raw;
    RkVocabulary *out;
    uint32_t n;
    uint32_t *code;  // [n] code in `out`; UNSEEN before its first use
    uint32_t *count; // [n] in the training part; NULL unless rare categories are looked for
} RkWords;

struct RkClean {
    RkCleanInput input;
    const RkSchema *schema;
    GArray *rules;  // of RkRule
    GArray *words;  // of RkWords
    uint8_t **keep; // per table a bit a row
    RkSplit *split;
    RkCleanReport report;
    int user, item, time, label; // columns of the event table, -1 without
    double threshold;
    gboolean binary;
};

static inline gboolean
rk_kept(const uint8_t *keep, uint64_t row)
{
    return (keep[row / 8] >> (row % 8)) & 1;
}

static inline void
rk_remove(uint8_t *keep, uint64_t row)
{
    keep[row / 8] = (uint8_t)(keep[row / 8] & ~(1u << (row % 8)));
}

// clean_report.c. Appending a step takes `detail`.
void rk_clean_add_step(RkClean *clean, const char *step, const char *field, uint64_t n_rows,
                       uint64_t n_cells, char *detail);

void rk_clean_step_free(RkCleanStep *step);
void rk_clean_report_rule(RkClean *clean, const RkRule *rule);
gboolean rk_clean_count(RkClean *clean, GError **error); // users and items into the report

// Which rows stay, in this order.
gboolean rk_clean_label(RkClean *clean, GError **error);
gboolean rk_clean_drop_missing(RkClean *clean, GError **error);
gboolean rk_clean_duplicates(RkClean *clean, GError **error);
gboolean rk_clean_k_core(RkClean *clean, GError **error);

gboolean rk_clean_rules(RkClean *clean, GError **error); // clean_rules.c: from the settings

// clean_values.c
gboolean rk_clean_fits(const RkClean *clean); // whether anything is fitted
gboolean rk_clean_fit(RkClean *clean, const RkSplit *raw, GError **error);
void rk_clean_apply(RkClean *clean, RkChunk *chunk); // changes the cells of an own chunk
gboolean rk_clean_is_outlier(const RkRule *rule, double value);
