// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/fixed.h"

#include <glib.h>

// ln 2 and pi / 2, rounded to the nearest.
#define LN2_Q40     762123384786
#define HALF_PI_Q62 ((int64_t)7244019458077122842)

// 2^-(2^-i) as Q63 for i = 1..40: each the square root of the one before, rounded down.
static const uint64_t ROOTS[RK_FIXED_BITS] = {
    0x5a827999fcef3242, 0x6ba27e656b4eb57a, 0x75606373ee921c97, 0x7a92be8a92436616,
    0x7d41d96db915019d, 0x7e9f06067a4360ba, 0x7f4f08ae3dc7c425, 0x7fa765aca88f6452,
    0x7fd3ab290e46d768, 0x7fe9d3a8e07bf085, 0x7ff4e9597bed93aa, 0x7ffa748dff8dc61e,
    0x7ffd3a3f50020331, 0x7ffe9d1dbc0a75a9, 0x7fff4e8e6306ed58, 0x7fffa74712c3cdfc,
    0x7fffd3a381b1fa28, 0x7fffe9d1beed0189, 0x7ffff4e8defb81d7, 0x7ffffa746f5f012e,
    0x7ffffd3a37a7d0a7, 0x7ffffe9d1bd1fc57, 0x7fffff4e8de8832c, 0x7fffffa746f422d6,
    0x7fffffd3a37a09bb, 0x7fffffe9d1bd02f1, 0x7ffffff4e8de80fd, 0x7ffffffa746f405f,
    0x7ffffffd3a37a027, 0x7ffffffe9d1bd011, 0x7fffffff4e8de808, 0x7fffffffa746f403,
    0x7fffffffd3a37a01, 0x7fffffffe9d1bd00, 0x7ffffffff4e8de7f, 0x7ffffffffa746f3f,
    0x7ffffffffd3a379f, 0x7ffffffffe9d1bcf, 0x7fffffffff4e8de7, 0x7fffffffffa746f3,
};

int64_t
rk_fixed_log2(uint64_t x)
{
    g_assert(x > 0);
    int whole = 63 - __builtin_clzll(x);
    uint64_t m = x << (63 - whole); // in [1, 2) as Q63
    uint64_t fraction = 0;
    for (int i = 0; i < RK_FIXED_BITS; i++) {
        unsigned __int128 square = (unsigned __int128)m * m; // in [1, 4) as Q126
        unsigned carry = (unsigned)(square >> 127);
        m = (uint64_t)(square >> (63 + carry));
        fraction = fraction << 1 | carry;
    }
    return (int64_t)whole << RK_FIXED_BITS | (int64_t)fraction;
}

uint64_t
rk_fixed_exp2_neg(int64_t e)
{
    g_assert(e >= 0);
    uint64_t whole = (uint64_t)e >> RK_FIXED_BITS;
    if (whole > 63)
        return 0;
    uint64_t fraction = (uint64_t)e & (RK_FIXED_ONE - 1);
    uint64_t power = (uint64_t)1 << 63; // Q63
    for (int i = 1; i <= RK_FIXED_BITS; i++)
        if (fraction >> (RK_FIXED_BITS - i) & 1)
            power = (uint64_t)(((unsigned __int128)power * ROOTS[i - 1]) >> 63);
    return power >> whole;
}

int64_t
rk_fixed_exponential(uint64_t r)
{
    // The half is worth a bit only where the number is small: below 2^63 it is shifted in.
    int64_t log2 = r >> 63 ? rk_fixed_log2(r) : rk_fixed_log2(r << 1 | 1) - RK_FIXED_ONE;
    return rk_fixed_mul(((int64_t)64 << RK_FIXED_BITS) - log2, LN2_Q40);
}

// By the series in the first quadrant; the others mirror it.
int64_t
rk_fixed_cos_turn(uint64_t r)
{
    unsigned quadrant = (unsigned)(r >> 62);
    uint64_t turn = r << 2; // within the quadrant, / 2^64
    if (quadrant & 1)
        turn = 0 - turn; // cos(pi/2 + a) = -cos(pi/2 - a)
    if ((quadrant & 1) && turn == 0)
        return 0;
    int64_t x = (int64_t)rk_fixed_scale(turn, (uint64_t)HALF_PI_Q62);
    int64_t square = (int64_t)(((__int128)x * x) >> 62); // at most 2.47 as Q62 ..
    int64_t term = (int64_t)1 << 60, sum = term;         // .. so that terms are Q60
    for (int k = 1; k <= 12; k++) {
        term = (int64_t)(((__int128)term * (uint64_t)square) >> 62) / (2 * k * (2 * k - 1));
        sum += k & 1 ? -term : term;
    }
    int64_t cosine = sum >> (60 - RK_FIXED_BITS);
    return quadrant == 1 || quadrant == 2 ? -cosine : cosine;
}

int64_t
rk_fixed_normal(uint64_t r, uint64_t angle)
{
    unsigned __int128 square = (unsigned __int128)rk_fixed_exponential(r) << 1; // 2 E as Q40
    int64_t radius = (int64_t)rk_fixed_sqrt(square << RK_FIXED_BITS);
    return rk_fixed_mul(radius, rk_fixed_cos_turn(angle));
}

uint64_t
rk_fixed_sqrt(unsigned __int128 x)
{
    if (x == 0)
        return 0;
    // Newton's method from above: it falls until it is there.
    unsigned bits = (uint64_t)(x >> 64) != 0 ? 128u - (unsigned)__builtin_clzll((uint64_t)(x >> 64))
                                             : 64u - (unsigned)__builtin_clzll((uint64_t)x);
    unsigned __int128 root = (unsigned __int128)1 << ((bits + 1) / 2);
    for (;;) {
        unsigned __int128 next = (root + x / root) >> 1;
        if (next >= root)
            return (uint64_t)root;
        root = next;
    }
}
