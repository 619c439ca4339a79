// SPDX-License-Identifier: GPL-3.0-or-later
//
// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy
// as 1, 2, 3", SC 2011). A value depends on (seed, stream, counter) alone, so any thread, any
// order and the GPU (shaders/lib/rng.glsl, same bits) draw the same numbers. Any thread.
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct {
    uint32_t v[4];
} RkRng4;

// The raw generator: counter and key to 128 random bits.
RkRng4 rk_rng_philox(const uint32_t counter[4], const uint32_t key[2]);

// 32 bits for the n-th draw of a stream. Streams of one seed are independent.
uint32_t rk_rng_u32(uint64_t seed, uint32_t stream, uint64_t n);

// 64 bits for the n-th draw of a stream.
uint64_t rk_rng_u64(uint64_t seed, uint32_t stream, uint64_t n);

// Uniform in [0, 1) with 24 random bits (the same value the shaders compute).
float rk_rng_float(uint64_t seed, uint32_t stream, uint64_t n);

// Uniform in [0, 1) with 53 random bits.
double rk_rng_double(uint64_t seed, uint32_t stream, uint64_t n);

// Uniform in [0, bound), by multiply-shift (bias under 2^-32 * bound). bound > 0.
uint32_t rk_rng_below(uint64_t seed, uint32_t stream, uint64_t n, uint32_t bound);

// Standard normal by Box-Muller from one 64-bit draw.
double rk_rng_normal(uint64_t seed, uint32_t stream, uint64_t n);

// A keyed bijection of [0, n): position i of a shuffle without storing it (a 4-round Feistel
// network with cycle walking). Same seed and epoch, same order, from any thread. i < n.
uint64_t rk_rng_permute(uint64_t seed, uint32_t epoch, uint64_t n, uint64_t i);

// The same for positions first .. first + count, first + count <= n, in less than half the time:
// out [count].
void rk_rng_permute_many(uint64_t seed, uint32_t epoch, uint64_t n, uint64_t first, uint32_t count,
                         uint64_t *out);
