// SPDX-License-Identifier: GPL-3.0-or-later
//
// Datasets that are cheap to make and to check, for tests that make hundreds: three columns that
// follow from (seed, row).
#pragma once

#include "store/dataset.h"

// Writes and commits a dataset of n rows.
gboolean quick_write(RkStore *store, const char *name, uint32_t seed, uint64_t n, GError **error);

// Whether the dataset reads whole; fails the test when it reads but isn't what was written.
gboolean quick_check(RkStore *store, const char *name, uint32_t seed, uint64_t n, GError **error);
