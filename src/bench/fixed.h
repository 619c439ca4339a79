// SPDX-License-Identifier: GPL-3.0-or-later
//
// Logarithms, powers and normal numbers in fixed point, by integer operations alone: the same bits
// on every machine, which libm doesn't promise. Qn has n bits behind the point. Any thread.
#pragma once

#include <stdint.h>

#define RK_FIXED_BITS 40 // behind the point
#define RK_FIXED_ONE  ((int64_t)1 << RK_FIXED_BITS)

// log2(x) in Q40, rounded down, for x >= 1: the position of the leading bit, then a bit for each
// squaring of what is left (Knuth, TAOCP 1, 1.2.2, exercise 25 and the text before it).
int64_t rk_fixed_log2(uint64_t x);

// 2^(-e) in Q63 for e >= 0 in Q40, by one multiplication with 2^(2^-i) a bit of e. Within 2^-58 of
// the value; 0 once it is under 2^-63.
uint64_t rk_fixed_exp2_neg(int64_t e);

// -ln((r + 1/2) / 2^64) in Q40 for 64 random bits: an exponential number of mean 1, at most 45.1.
int64_t rk_fixed_exponential(uint64_t r);

// cos(2 pi r / 2^64) in Q40, within 2^-38.
int64_t rk_fixed_cos_turn(uint64_t r);

// A standard normal number in Q40 from two draws (Box and Muller, 1958).
int64_t rk_fixed_normal(uint64_t r, uint64_t angle);

// floor(sqrt(x)).
uint64_t rk_fixed_sqrt(unsigned __int128 x);

// a * b for Q40 numbers, rounded down.
static inline int64_t
rk_fixed_mul(int64_t a, int64_t b)
{
    return (int64_t)(((__int128)a * b) >> RK_FIXED_BITS);
}

// The upper half of a * b: b scaled by the fraction a / 2^64.
static inline uint64_t
rk_fixed_scale(uint64_t a, uint64_t b)
{
    return (uint64_t)(((unsigned __int128)a * b) >> 64);
}
