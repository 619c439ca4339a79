// SPDX-License-Identifier: GPL-3.0-or-later
//
// Features: what a model reads of numbers, times and past behaviour. Each is fitted on the rows of
// the training part alone, kept as JSON (and bytes for totals a code), and applied to stored rows
// and to one raw row at serving by the same function. Immutable once fitted; any thread reads.
//
// Settings, `[TABLE.]FIELD.PROPERTY=value`:
//   scale   of a number: none, standard (x - mean) / sd, minmax (x - min) / (max - min) cut to
//           [0, 1], log (standard of sign(x) ln(1 + |x|)), quantile (share of training values
//           below, [0, 1]), bucket (a code: which of features.buckets equally full ranges)
//   time    of a timestamp: none, hour, weekday, hour+weekday (codes, UTC, Monday is 0)
//   past    of a user, item or category: none, count, rate, count+rate, of training events before
//           the row's own time: ln(1 + n), and (sum of labels + k mean) / (n + k) for
//           k = features.smoothing
// and the defaults `features.scale`, `features.time`, `features.buckets`, `features.smoothing`.
#pragma once

#include "base/params.h"
#include "dataset/scan.h"
#include "dataset/split.h"

typedef struct RkFeatures RkFeatures;
typedef struct RkFeature RkFeature;

// The features.* settings.
extern const RkParam rk_feature_params[];
extern const size_t rk_n_feature_params;

// A cell of a raw row: the member of its column's type (code for MULTI is unused).
typedef union {
    uint32_t code; // RK_CODE_MISSING where the cell is empty
    double real;   // NaN
    int64_t time;  // INT64_MIN
} RkCellValue;

// What a feature gives: a code below n_codes, or a number.
typedef union {
    uint32_t code;
    float real;
} RkFeatureValue;

typedef struct {
    uint32_t table, field;
    const char *name; // of its value: "age", "timestamp.hour", "item.rate"
    const char *kind; // "standard", "hour", "rate", ...
    gboolean is_code;
    uint32_t n_codes; // of codes, the one for a missing cell included and last
    gboolean is_past; // a count or rate of what was before
} RkFeatureInfo;

// Whether an assignment is a setting of features.
gboolean rk_features_is_setting(const char *assignment);

// Whether settings hold over a schema, before anything is written.
gboolean rk_features_check(const RkSchema *schema, const char *const *settings, GError **error);

// Fits. `settings` is a list of assignments ended by NULL, or NULL; `split` NULL fits on all rows.
// Side tables: on the rows that training events name. RK_ERROR_USAGE when a setting names no such
// field or property, or doesn't suit the field's kind.
RkFeatures *rk_features_fit(RkChunkSource *source, const RkSplit *split,
                            const char *const *settings, const RkPassProgress *progress,
                            GError **error);
void rk_features_free(RkFeatures *features);

uint32_t rk_features_n(const RkFeatures *features);
RkFeatureInfo rk_features_info(const RkFeatures *features, uint32_t i);

// The feature of a table whose value has that name; NULL when there is none.
const RkFeature *rk_features_find(const RkFeatures *features, uint32_t table, const char *name);
RkFeatureInfo rk_feature_info(const RkFeature *feature);

// One cell. A feature of the past gives what the whole training part says: what is known at
// serving.
RkFeatureValue rk_feature_apply(const RkFeature *feature, RkCellValue cell);

// One raw row of a table at serving: cells [fields of the table], values [rk_features_n()]; those
// of other tables' features are left as they are.
void rk_features_apply_row(const RkFeatures *features, uint32_t table, const RkCellValue *cells,
                           RkFeatureValue *values);

// A feature of the past for every row of the event table, [n_rows]: only training events of
// strictly earlier time count (earlier rows where there are no times; a row without a time sees
// nothing). 24 bytes a row while it works.
float *rk_feature_past(const RkFeature *feature, RkChunkSource *source, const RkSplit *split,
                       GError **error);

// Kept as JSON and bytes (NULL without totals).
char *rk_features_to_json(const RkFeatures *features);
GBytes *rk_features_to_bytes(const RkFeatures *features);
RkFeatures *rk_features_from_json(const RkSchema *schema, const char *json, GBytes *bytes,
                                  GError **error);

// The properties as text for --help, and the features with what was fitted, a line each.
char *rk_features_help(void);
char *rk_features_to_text(const RkFeatures *features, const RkSchema *schema);

// The cell of a column chunk.
RkCellValue rk_column_cell(const RkColumn *column, uint32_t row);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkFeatures, rk_features_free)
