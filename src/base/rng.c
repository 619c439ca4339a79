// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/rng.h"

#include <math.h>

// Multipliers and Weyl constants of the paper, table 2.
#define M0 0xD2511F53u
#define M1 0xCD9E8D57u
#define W0 0x9E3779B9u
#define W1 0xBB67AE85u

RkRng4
rk_rng_philox(const uint32_t counter[4], const uint32_t key[2])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)M0 * c0;
        uint64_t p1 = (uint64_t)M1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += W0;
        k1 += W1;
    }
    return (RkRng4){{c0, c1, c2, c3}};
}

static RkRng4
draw(uint64_t seed, uint32_t stream, uint64_t block)
{
    const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), stream, 0};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    return rk_rng_philox(counter, key);
}

uint32_t
rk_rng_u32(uint64_t seed, uint32_t stream, uint64_t n)
{
    return draw(seed, stream, n >> 2).v[n & 3];
}

uint64_t
rk_rng_u64(uint64_t seed, uint32_t stream, uint64_t n)
{
    RkRng4 r = draw(seed, stream, n >> 1);
    unsigned half = (unsigned)(n & 1) * 2;
    return ((uint64_t)r.v[half + 1] << 32) | r.v[half];
}

float
rk_rng_float(uint64_t seed, uint32_t stream, uint64_t n)
{
    return (float)(rk_rng_u32(seed, stream, n) >> 8) * 0x1p-24f;
}

double
rk_rng_double(uint64_t seed, uint32_t stream, uint64_t n)
{
    return (double)(rk_rng_u64(seed, stream, n) >> 11) * 0x1p-53;
}

uint32_t
rk_rng_below(uint64_t seed, uint32_t stream, uint64_t n, uint32_t bound)
{
    return (uint32_t)(((uint64_t)rk_rng_u32(seed, stream, n) * bound) >> 32);
}

double
rk_rng_normal(uint64_t seed, uint32_t stream, uint64_t n)
{
    uint64_t r = rk_rng_u64(seed, stream, n);
    double u = ((double)(uint32_t)(r >> 32) + 0.5) * 0x1p-32; // never 0, so the log is finite
    double v = (double)(uint32_t)r * 0x1p-32;
    return sqrt(-2.0 * log(u)) * cos(2.0 * G_PI * v);
}

uint64_t
rk_rng_permute(uint64_t seed, uint32_t epoch, uint64_t n, uint64_t i)
{
    g_assert(i < n);
    // The smallest even number of bits that covers n, so both Feistel halves are equal and the
    // walk leaves the domain fewer than four times on average.
    unsigned bits = n > 1 ? 64 - (unsigned)__builtin_clzll(n - 1) : 1;
    unsigned half = (bits + 1) / 2;
    uint32_t mask = (uint32_t)((1ull << half) - 1);
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    do {
        uint32_t left = (uint32_t)(i >> half);
        uint32_t right = (uint32_t)i & mask;
        for (uint32_t round = 0; round < 4; round++) {
            const uint32_t counter[4] = {right, round, epoch, 0x73687566}; // "shuf"
            uint32_t next = left ^ (rk_rng_philox(counter, key).v[0] & mask);
            left = right;
            right = next;
        }
        i = ((uint64_t)left << half) | right;
    } while (i >= n);
    return i;
}

// ---- many at once ------------------------------------------------------------------------------

#define LANES 8u

// v[0] of the generator for LANES counters {right, round, epoch, "shuf"}. The lanes depend on one
// another nowhere, so that the multiplications of one wait for none of the others.
static void
shuffle_rounds(uint32_t right[LANES], uint32_t round, uint32_t epoch, const uint32_t key[2])
{
    uint32_t c1[LANES], c2[LANES], c3[LANES];
    uint32_t k0 = key[0], k1 = key[1];
    for (uint32_t l = 0; l < LANES; l++) {
        c1[l] = round;
        c2[l] = epoch;
        c3[l] = 0x73687566;
    }
    for (int r = 0; r < 10; r++) {
        for (uint32_t l = 0; l < LANES; l++) {
            uint64_t p0 = (uint64_t)M0 * right[l];
            uint64_t p1 = (uint64_t)M1 * c2[l];
            right[l] = (uint32_t)(p1 >> 32) ^ c1[l] ^ k0;
            c1[l] = (uint32_t)p1;
            c2[l] = (uint32_t)(p0 >> 32) ^ c3[l] ^ k1;
            c3[l] = (uint32_t)p0;
        }
        k0 += W0;
        k1 += W1;
    }
}

// Lanes whose walk has come back into [0, n) take the next position; the rest walk on.
void
rk_rng_permute_many(uint64_t seed, uint32_t epoch, uint64_t n, uint64_t first, uint32_t count,
                    uint64_t *out)
{
    g_assert(first <= n && count <= n - first);
    unsigned bits = n > 1 ? 64 - (unsigned)__builtin_clzll(n - 1) : 1;
    unsigned half = (bits + 1) / 2;
    uint32_t mask = (uint32_t)((1ull << half) - 1);
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint64_t at[LANES]; // where a lane's walk is
    uint32_t to[LANES]; // which output it walks for; count: none
    uint32_t next = 0, n_done = 0;
    for (uint32_t l = 0; l < LANES; l++) {
        to[l] = next < count ? next++ : count;
        at[l] = to[l] < count ? first + to[l] : 0;
    }
    while (n_done < count) {
        uint32_t left[LANES], right[LANES], mixed[LANES];
        for (uint32_t l = 0; l < LANES; l++) {
            left[l] = (uint32_t)(at[l] >> half);
            right[l] = (uint32_t)at[l] & mask;
        }
        for (uint32_t round = 0; round < 4; round++) {
            for (uint32_t l = 0; l < LANES; l++)
                mixed[l] = right[l];
            shuffle_rounds(mixed, round, epoch, key);
            for (uint32_t l = 0; l < LANES; l++) {
                uint32_t moved = left[l] ^ (mixed[l] & mask);
                left[l] = right[l];
                right[l] = moved;
            }
        }
        for (uint32_t l = 0; l < LANES; l++) {
            at[l] = ((uint64_t)left[l] << half) | right[l];
            if (at[l] >= n || to[l] == count)
                continue;
            out[to[l]] = at[l];
            n_done++;
            to[l] = next < count ? next++ : count;
            at[l] = to[l] < count ? first + to[l] : 0;
        }
    }
}
