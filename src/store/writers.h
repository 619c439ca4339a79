// SPDX-License-Identifier: GPL-3.0-or-later
//
// The right to write datasets: one process at a time, any number of writers in it. Whoever enters
// first knows that every unnamed dataset was left behind by a writer that died. Private to
// src/store.
#pragma once

#include "store/store.h"

// FALSE when another process has the right (*busy) or the lock file can't be taken. *first says
// whether this store had no writer before.
gboolean rk_writers_enter(RkStore *store, gboolean *first, gboolean *busy, GError **error);
void rk_writers_leave(RkStore *store);
