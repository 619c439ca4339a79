// SPDX-License-Identifier: GPL-3.0-or-later
//
// Row indices in ascending order with their segments: what the sparse gradient of an embedding
// lookup sums by. The batch loader and the op `sort_rows` both call it, so they agree. Stable,
// hence the sums are deterministic. Any thread; allocates nothing.
#pragma once

#include <stdint.h>

// Words of the packed result: perm [n], rows [n], seg [n + 1], n_unique [1].
#define RK_SORT_ROWS_WORDS(n) (3u * (uint64_t)(n) + 2u)

// Sorts index [n] into packed [RK_SORT_ROWS_WORDS(n)]:
//   perm     positions in `index`, ordered by index[perm[i]], equal ones by position
//   rows     the distinct indices ascending, then UINT32_MAX
//   seg      row rows[u] holds perm[seg[u] .. seg[u + 1]); entries past the last segment are n
//   n_unique how many rows
// An index of UINT32_MAX names no row: it is sorted last and stands in no segment, so that
// seg[n_unique] is where those begin. `scratch` holds n words; index must not overlap either.
void rk_sort_rows(const uint32_t *index, uint32_t n, uint32_t *packed, uint32_t *scratch);
