// SPDX-License-Identifier: GPL-3.0-or-later
//
// A file system for SQLite that fails on demand: the n-th write, sync, truncation, read, opening
// or removal from now on returns an error, once or from then on. And the same for its memory.
// Wraps the default file system. All threads.
#pragma once

#include <glib.h>

// Must come before any other use of SQLite in the process.
void faults_install(void);

typedef enum {
    FAULT_NONE,
    FAULT_IO_ONCE,   // SQLITE_IOERR_* from one call
    FAULT_IO_ALWAYS, // from that call on: the disk is gone
    FAULT_FULL,      // writes fail with SQLITE_FULL from that call on, reads and truncations work
    FAULT_MEMORY,    // one allocation of SQLite's fails
} FaultKind;

// Arms: the n-th call (from 0) fails. FAULT_NONE disarms.
void faults_arm(FaultKind kind, int n);

// Whether the fault has struck since it was armed.
gboolean faults_struck(void);
