// SPDX-License-Identifier: GPL-3.0-or-later
//
// The database that the options name, and what commands on it print. Main thread only.
#pragma once

#include "app/cli.h"
#include "store/dataset.h"
#include "store/store.h"

// Opens --db, else the one in the user's data folder, which is created. Under RK_STORE_EXISTING or
// RK_STORE_READ_ONLY a file that --db names must be there.
RkStore *rk_cli_store(const RkCli *cli, RkStoreFlags flags, GError **error);

// The one argument that a command takes, named `what` in the error.
const char *rk_cli_one_argument(const RkCli *cli, int argc, char **argv, const char *what,
                                GError **error);

// Prints the best reachable metrics of a generated dataset (its metadata "ceiling"), a line each.
gboolean rk_cli_print_ceiling(const char *json, GError **error);

// Fits and keeps features of a dataset by --set assignments (those that are
// rk_features_is_setting(); [n]), with progress. Does nothing without any.
// Without a dataset only checks them over `schema`.
gboolean rk_cli_fit_features(RkCli *cli, const RkSchema *schema, RkDataset *dataset,
                             const GPtrArray *settings, GError **error);

// Seconds since 1970 as "2026-01-31T12:00:00Z". Free it.
char *rk_cli_iso_time(int64_t seconds);
