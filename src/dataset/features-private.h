// SPDX-License-Identifier: GPL-3.0-or-later
//
// A fitted feature. features.c applies it, features_fit.c fits it, features_past.c counts what was
// before, features_store.c writes it down.
#pragma once

#include "dataset/features.h"
#include "dataset/reservoir.h"

// The training values of a number.
typedef struct {
    double mean, squares, min, max; // squares: of differences from the mean (Welford)
    uint64_t n;
    RkReservoir sample;
} RkFeatureFit;

typedef struct {
    const char *name;
    const char *property; // that asks for it: "scale", "time", "past"
    const char *suffix;   // of the value's name; NULL for the field's own
    gboolean is_code, is_past, needs_label;
    RkFeatureValue (*apply)(const RkFeature *feature, RkCellValue cell);
    double (*before)(double value); // what is fitted and then scaled; NULL for the value itself
    void (*fit)(RkFeature *feature, RkFeatureFit *fit, uint32_t n_buckets); // NULL: nothing to fit
} RkFeatureKind;

// Sums over training events of one code.
typedef struct {
    double n, labels;
} RkFeatureTotal;

struct RkFeature {
    uint32_t table, field;
    char *name;
    const RkFeatureKind *kind;
    double center, scale; // (value - center) * scale
    float missing;        // what a missing number becomes
    double *knots;        // quantile, bucket: ascending
    uint32_t n_knots;
    RkFeatureTotal *totals; // [n_totals] of the past, by code
    uint32_t n_totals;
    double prior, smoothing; // mean training label and its weight
};

struct RkFeatures {
    GPtrArray *features; // of RkFeature, owned
};

const RkFeatureKind *rk_feature_kind(const char *name);
RkFeatures *rk_features_new(void);
RkFeature *rk_features_add(RkFeatures *features, const RkSchema *schema, uint32_t table,
                           uint32_t field, const RkFeatureKind *kind);

// Of events with the totals `total`.
float rk_feature_count(const RkFeature *feature, RkFeatureTotal total);
float rk_feature_rate(const RkFeature *feature, RkFeatureTotal total);
float rk_feature_past_value(const RkFeature *feature, RkFeatureTotal total);
