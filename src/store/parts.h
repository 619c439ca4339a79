// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is kept beside a dataset's rows: its split (metadata "split" and, where rows have their
// parts one by one, the blob of the same name) and its fitted features (metadata and blob
// "features").
#pragma once

#include "dataset/features.h"
#include "dataset/split.h"
#include "store/dataset.h"

// Keeps a split with a dataset that is being written.
gboolean rk_dataset_writer_set_split(RkDatasetWriter *writer, const RkSplit *split, GError **error);

// The split a dataset was stored with; NULL without an error when it has none.
RkSplit *rk_dataset_split(RkDataset *dataset, GError **error);

// The features a dataset has; NULL without an error when none were fitted.
RkFeatures *rk_dataset_features(RkDataset *dataset, GError **error);

// Fits features on the training part by `settings` (see dataset/features.h; ended by NULL, or NULL
// for the defaults) and keeps them in place of those there were.
RkFeatures *rk_dataset_fit_features(RkDataset *dataset, const char *const *settings,
                                    const RkPassProgress *progress, GError **error);

// Those it has, else the defaults, fitted and kept.
RkFeatures *rk_dataset_need_features(RkDataset *dataset, const RkPassProgress *progress,
                                     GError **error);
