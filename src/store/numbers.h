// SPDX-License-Identifier: GPL-3.0-or-later
//
// Times and real numbers of a column as bytes and back, exactly: times as integers, decimals as
// integers with their number of decimals, other doubles by byte planes. Missing ones (INT64_MIN,
// NaN) are told apart. `scratch` is of uint64_t and comes back with anything. Private to src/store.
// Any thread.
#pragma once

#include "store/ints.h"

// Append to `out`.
void rk_times_encode(const int64_t *time, size_t n, GArray *scratch, GByteArray *out);
void rk_reals_encode(const double *real, size_t n, GArray *scratch, GByteArray *out);

// Fill n values from the bytes and step over them; FALSE where these make no sense.
gboolean rk_times_decode(RkBytes *bytes, int64_t *time, size_t n);
gboolean rk_reals_decode(RkBytes *bytes, double *real, size_t n);
