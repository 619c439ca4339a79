// SPDX-License-Identifier: GPL-3.0-or-later
//
// The schema's versions: migration k of migrations/ brings a database from version k - 1 to k, and
// `user_version` says where it is. Private to src/store and its tests.
#pragma once

#include "store/sql.h"

#define RK_STORE_APPLICATION_ID 0x526b4442 // "RkDB"

// The version that this build writes.
int rk_migrate_latest(void);

// Brings a database to version `target`, in one transaction; does nothing when it is there.
// RK_ERROR_UNSUPPORTED when it is newer or belongs to another program.
gboolean rk_migrate(RkStore *store, int target, GError **error);
