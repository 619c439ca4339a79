// SPDX-License-Identifier: GPL-3.0-or-later
//
// A least-significant-digit radix sort of (key, position) pairs. Digits in which all keys agree
// are skipped, so a table of 4 million rows costs two passes.
#include "base/sort_rows.h"

#include <string.h>

#define DIGIT_BITS 11u // 2048 counters of 4 bytes stay in the first-level cache
#define N_DIGITS   3u
#define RADIX      (1u << DIGIT_BITS)

static void
scatter(unsigned shift, uint32_t n, const uint32_t *key, const uint32_t *position,
        uint32_t *key_out, uint32_t *position_out)
{
    uint32_t next[RADIX];
    memset(next, 0, sizeof next);
    for (uint32_t i = 0; i < n; i++)
        next[(key[i] >> shift) & (RADIX - 1)]++;
    uint32_t sum = 0;
    for (uint32_t d = 0; d < RADIX; d++) {
        uint32_t count = next[d];
        next[d] = sum;
        sum += count;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t to = next[(key[i] >> shift) & (RADIX - 1)]++;
        key_out[to] = key[i];
        position_out[to] = position[i];
    }
}

static uint32_t
differing_bits(const uint32_t *index, uint32_t n)
{
    uint32_t any = 0, all = UINT32_MAX;
    for (uint32_t i = 0; i < n; i++) {
        any |= index[i];
        all &= index[i];
    }
    return any & ~all;
}

void
rk_sort_rows(const uint32_t *index, uint32_t n, uint32_t *packed, uint32_t *scratch)
{
    // Pairs travel between (rows, perm) and (seg, scratch); the result must end in the first.
    uint32_t *perm = packed, *rows = packed + n, *seg = packed + 2 * (uint64_t)n;
    uint32_t *key[2] = {rows, seg}, *position[2] = {perm, scratch};
    uint32_t differ = n > 0 ? differing_bits(index, n) : 0, passes = 0;
    for (uint32_t d = 0; d < N_DIGITS; d++)
        passes += ((differ >> (d * DIGIT_BITS)) & (RADIX - 1)) != 0;
    unsigned at = passes & 1;
    for (uint32_t i = 0; i < n; i++) {
        key[at][i] = index[i];
        position[at][i] = i;
    }
    for (uint32_t d = 0; d < N_DIGITS; d++)
        if ((differ >> (d * DIGIT_BITS)) & (RADIX - 1)) {
            scatter(d * DIGIT_BITS, n, key[at], position[at], key[!at], position[!at]);
            at = !at;
        }
    uint32_t n_unique = 0, n_named = n;
    while (n_named > 0 && rows[n_named - 1] == UINT32_MAX)
        n_named--;
    for (uint32_t i = 0; i < n_named; i++)
        if (i == 0 || rows[i] != rows[n_unique - 1]) {
            seg[n_unique] = i;
            rows[n_unique++] = rows[i];
        }
    seg[n_unique] = n_named;
    for (uint32_t u = n_unique; u < n; u++) {
        rows[u] = UINT32_MAX;
        seg[u + 1] = n;
    }
    seg[n + 1] = n_unique;
}
