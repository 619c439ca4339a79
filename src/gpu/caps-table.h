// SPDX-License-Identifier: GPL-3.0-or-later
//
// RkCaps as tables of names, for whatever shows a device: the command line and the app. Static; any
// thread.
#pragma once

#include "base/caps.h"

typedef enum {
    RK_LIMIT_U32, // a count
    RK_LIMIT_U64,
    RK_LIMIT_BYTES32,
    RK_LIMIT_BYTES64,
} RkLimitKind;

typedef struct {
    const char *name;  // as JSON has it: "max_buffer_bytes"
    const char *label; // as a reader does: "largest buffer"
    RkLimitKind kind;
    size_t offset; // in RkCaps
} RkLimitRow;

typedef struct {
    const char *name; // "fp16-arithmetic"
    size_t offset;    // of a gboolean in RkCaps
} RkFastPathRow;

extern const RkLimitRow RK_LIMITS[]; // up to a row without name
extern const RkFastPathRow RK_FAST_PATHS[];

uint64_t rk_limit_value(const RkLimitRow *row, const RkCaps *caps);
gboolean rk_limit_is_bytes(const RkLimitRow *row);
gboolean rk_fast_path_has(const RkFastPathRow *row, const RkCaps *caps);
