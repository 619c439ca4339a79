// SPDX-License-Identifier: GPL-3.0-or-later
//
// Jobs over stored models: compressing, measuring, writing their weights to files. What is handed
// over is copied; `device` is as rk_device_open() takes it, NULL for the best.
#pragma once

#include "job/workspace.h"
#include "train/compress.h"

// Runs passes ("prune:ratio=0.5", NULL-terminated, in order) on a model and stores the smaller one
// as `as`. Result: RkCompressResult, to be freed with rk_compress_job_result_free().
RkJobSpec rk_compress_job(RkWorkspace *workspace, const char *device, const char *model,
                          const char *as, const char *const *passes, uint64_t seed);
void rk_compress_job_result_free(RkCompressResult *result);

typedef struct {
    char *model, *dataset, *part;
    RkEvaluation *evaluation;
    uint32_t n_unseen; // ids of the dataset that the model doesn't know
} RkMeasuredModel;

void rk_measured_model_free(RkMeasuredModel *measured);

// Measures a model on a part ("test") of a dataset (NULL: its own) by a protocol ("auto", ..) with
// lists of k. Result: RkMeasuredModel.
RkJobSpec rk_evaluate_job(RkWorkspace *workspace, const char *device, const char *model,
                          const char *dataset, const char *part, const char *protocol, uint32_t k,
                          uint64_t seed);

// Writes a model's weights to a path that ends with .npz or .json.
RkJobSpec rk_save_weights_job(RkWorkspace *workspace, const char *model, const char *path);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkMeasuredModel, rk_measured_model_free)
