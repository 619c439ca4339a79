// SPDX-License-Identifier: GPL-3.0-or-later
//
// The split of a stored dataset: metadata "split" and, where rows have their parts one by one, the
// blob of the same name.
#pragma once

#include "dataset/split.h"
#include "store/dataset.h"

// Keeps a split with a dataset that is being written.
gboolean rk_dataset_writer_set_split(RkDatasetWriter *writer, const RkSplit *split, GError **error);

// The split a dataset was stored with; NULL without an error when it has none.
RkSplit *rk_dataset_split(RkDataset *dataset, GError **error);
