// SPDX-License-Identifier: GPL-3.0-or-later
//
// A strict scanner for one JSON document (RFC 8259) that hands out slices of its text: no tree, no
// allocation. Any thread.
#pragma once

#include "dataset/rows.h"

typedef enum {
    RK_JSON_STRING, // text between the quotes; `escaped` says whether it holds backslashes
    RK_JSON_NUMBER, // as written; NaN too, which Python writes
    RK_JSON_TRUE,
    RK_JSON_FALSE,
    RK_JSON_NULL,
    RK_JSON_ARRAY,  // with its brackets, checked; `nested` says whether it holds arrays or objects
    RK_JSON_OBJECT, // with its braces, checked
} RkJsonScanType;

typedef struct {
    RkJsonScanType type;
    RkCell text;
    gboolean escaped, nested;
} RkJsonSlice;

typedef struct {
    const char *p, *end;
    const char *wrong; // what stopped the scan, a phrase; NULL while all is well
} RkJsonScan;

void rk_json_scan_init(RkJsonScan *json, const char *text, size_t n);

// Whether the next byte that isn't white space is `c`; takes it if so.
gboolean rk_json_scan_take(RkJsonScan *json, char c);

// Takes the next value. FALSE and `wrong` when it is none.
gboolean rk_json_scan_value(RkJsonScan *json, RkJsonSlice *value);

// Takes `"name":`.
gboolean rk_json_scan_name(RkJsonScan *json, RkJsonSlice *name);

// Walks an array's or object's members: call with `first` TRUE before the first one. TRUE while
// there is another one; FALSE behind `close` or on an error.
gboolean rk_json_scan_next(RkJsonScan *json, gboolean first, char close);

// Whether only white space is left.
gboolean rk_json_scan_at_end(RkJsonScan *json);

// Writes a string's text without escapes to `out` (at least text.length bytes); the number of
// bytes, or -1 when an escape is no character (a lone surrogate, NUL).
gssize rk_json_scan_unescape(const RkCell *text, char *out);
