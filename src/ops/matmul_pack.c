// SPDX-License-Identifier: GPL-3.0-or-later
//
// Pruned weights to the forms that dense_masked and dense_24 compute with, and back.
#include "ops/family.h"
#include "ops/matmul.h"

#include <math.h>
#include <string.h>

static uint32_t
bit_words(uint32_t k)
{
    return (uint32_t)rk_ceil_div(k, 32);
}

// Of four weights the places of the two largest magnitudes, in order.
static void
largest_two(const float w[4], uint32_t *first, uint32_t *second)
{
    uint32_t best = 0, next = UINT32_MAX;
    for (uint32_t c = 1; c < 4; c++)
        if (fabsf(w[c]) > fabsf(w[best]))
            best = c;
    for (uint32_t c = 0; c < 4; c++)
        if (c != best && (next == UINT32_MAX || fabsf(w[c]) > fabsf(w[next])))
            next = c;
    *first = MIN(best, next);
    *second = MAX(best, next);
}

double
rk_pack_24(uint32_t n, uint32_t k, const float *w, float *values, uint32_t *places)
{
    double dropped = 0;
    g_return_val_if_fail(k % 4 == 0, dropped);
    memset(places, 0, sizeof *places * n * bit_words(k));
    for (uint32_t row = 0; row < n; row++)
        for (uint32_t group = 0; group < k / 4; group++) {
            const float *four = w + (size_t)row * k + 4 * (size_t)group;
            float *two = values + (size_t)row * (k / 2) + 2 * (size_t)group;
            uint32_t a, b;
            largest_two(four, &a, &b);
            two[0] = four[a];
            two[1] = four[b];
            places[(size_t)row * bit_words(k) + group / 8] |= (a | b << 2) << (group % 8 * 4);
            for (uint32_t c = 0; c < 4; c++)
                if (c != a && c != b)
                    dropped += (double)four[c] * four[c];
        }
    return dropped;
}

void
rk_unpack_24(uint32_t n, uint32_t k, const float *values, const uint32_t *places, float *w)
{
    g_return_if_fail(k % 4 == 0);
    memset(w, 0, sizeof *w * n * k);
    for (uint32_t row = 0; row < n; row++)
        for (uint32_t group = 0; group < k / 4; group++) {
            uint32_t bits = places[(size_t)row * bit_words(k) + group / 8] >> (group % 8 * 4);
            const float *two = values + (size_t)row * (k / 2) + 2 * (size_t)group;
            float *four = w + (size_t)row * k + 4 * (size_t)group;
            four[bits >> 2 & 3] = two[1];
            four[bits & 3] = two[0];
        }
}

void
rk_pack_mask(uint32_t n, uint32_t k, const float *mask, uint32_t *words)
{
    memset(words, 0, sizeof *words * n * bit_words(k));
    for (size_t row = 0; row < n; row++)
        for (size_t col = 0; col < k; col++)
            if (mask[row * k + col] != 0)
                words[row * bit_words(k) + col / 32] |= 1u << (col % 32);
}

static gboolean
keeps(const uint32_t *words, uint32_t k, size_t row, size_t col)
{
    return words[row * bit_words(k) + col / 32] >> (col % 32) & 1;
}

uint64_t
rk_mask_count(uint32_t n, uint32_t k, const uint32_t *words)
{
    uint64_t count = 0;
    for (size_t row = 0; row < n; row++)
        for (size_t col = 0; col < k; col++)
            count += keeps(words, k, row, col);
    return count;
}

void
rk_pack_kept(uint32_t n, uint32_t k, const float *w, const uint32_t *words, float *kept)
{
    for (size_t row = 0; row < n; row++)
        for (size_t col = 0; col < k; col++)
            if (keeps(words, k, row, col))
                *kept++ = w[row * k + col];
}

void
rk_unpack_kept(uint32_t n, uint32_t k, const float *kept, const uint32_t *words, float *w)
{
    for (size_t row = 0; row < n; row++)
        for (size_t col = 0; col < k; col++)
            w[row * k + col] = keeps(words, k, row, col) ? *kept++ : 0;
}
