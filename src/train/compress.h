// SPDX-License-Identifier: GPL-3.0-or-later
//
// From a stored model to a smaller one: opens it on a dataset, runs passes (compress/compress.h),
// measures both on the same samples and stores the new one with its lineage. The command, the
// suite and the app all come here. Owner's thread; progress is called on it.
#pragma once

#include "compress/compress.h"
#include "train/evaluate.h"
#include "train/opened.h"

typedef struct {
    RkStore *store;
    RkDevice *device;
    const char *model;
    uint32_t version;          // 0: the newest
    const char *as;            // the new model's name; NULL: measure, store nothing
    const char *const *passes; // "prune:what=neurons,ratio=0.5", applied in order
    uint32_t n_passes;
    RkDataset *dataset; // to measure, calibrate and train on; NULL: what it was trained on
    uint64_t seed;
    // What goes on, such as "prune" or "measure"; may be NULL.
    void (*progress)(void *data, const char *what, uint64_t done, uint64_t total);
    void *data;
    const gint *cancelled; // may be NULL
} RkCompressOptions;

// A model as it was measured.
typedef struct {
    RkCompressedSize size;
    double batch_ms;          // median time to score a batch of RK_COMPRESS_BATCH, on the device
    RkEvaluation *evaluation; // of the test part; NULL when the data has none
    double tied;              // share of other samples or items with just the same score
} RkCompressMeasured;
#define RK_COMPRESS_BATCH 256u

typedef struct {
    char *name, *parent, *dataset; // name is NULL when nothing was stored
    uint32_t parent_version;
    RkCompressMeasured before, after;
    // Of each figure of after.evaluation, after - before: GArray of RkInterval.
    GArray *differences;
} RkCompressResult;

// Fails with RK_ERROR_USAGE (settings, a pass that the model can't have, a budget out of reach, a
// dataset of other fields), RK_ERROR_CANCELLED or as training and measuring do; then nothing is
// stored.
gboolean rk_compress(const RkCompressOptions *options, RkCompressResult *result, GError **error);
void rk_compress_result_clear(RkCompressResult *result);

// Members of an open object: "model", "parent", "bytes", "parent_bytes", "flops", .. (the JSON of
// `rankine compress`).
void rk_compress_result_to_json(const RkCompressResult *result, JsonBuilder *json);

// So many more ties than the parent's mean that scores collapsed: ranks are then luck.
gboolean rk_compress_collapsed(const RkCompressResult *result);

// One layer or table alone under one pass.
typedef struct {
    char *param, *pass;
    char *metric;      // NULL when the data has no test part
    double value;      // of the metric
    double difference; // to the whole model
    RkInterval interval;
    size_t bytes; // of the model then
    double flops, batch_ms;
    gboolean cached; // from the store
} RkSensitivity;

// Each layer and table alone under each of options->passes (without any: a few of every kind).
// What the store knows of this version, dataset and seed on this device isn't measured again.
// GArray of RkSensitivity, free it with g_array_unref().
GArray *rk_sensitivity(const RkCompressOptions *options, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RkCompressResult, rk_compress_result_clear)
