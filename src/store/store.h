// SPDX-License-Identifier: GPL-3.0-or-later
//
// The database: one SQLite file in WAL mode, opened by any number of processes. A store is one
// connection; any thread may use it (a lock inside serializes short calls), but never the UI
// thread, since every call can touch the disk.
//
// Schema changes are migrations (store/migrations/NNNN_name.sql, never edited once landed), run
// on open. A database of a newer Rankine, or of another program, is refused.
#pragma once

#include "base/error.h"

typedef struct RkStore RkStore;

typedef enum {
    RK_STORE_DEFAULT = 0,
    RK_STORE_READ_ONLY = 1 << 0, // fails when the file isn't there or is of an older version
    RK_STORE_EXISTING = 1 << 1,  // fails when the file isn't there
} RkStoreFlags;

// Opens or creates a database; ":memory:" gives a private one that goes with the store. Fails with
// RK_ERROR_NOT_FOUND, RK_ERROR_UNSUPPORTED (a newer version, another program's file) or
// RK_ERROR_DATABASE.
RkStore *rk_store_open(const char *path, RkStoreFlags flags, GError **error);
RkStore *rk_store_ref(RkStore *store);
void rk_store_unref(RkStore *store); // the last reference closes

const char *rk_store_path(const RkStore *store);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkStore, rk_store_unref)
