// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/draw.h"

#include "bench/fixed.h"

struct RkDraw {
    uint32_t n;
    uint64_t *end;   // [n] running sum of the weights; NULL: uniform
    uint32_t *guide; // [n + 1] the first code whose end is past g / n of the sum
    uint32_t *code;  // [n] of each rank; NULL: the rank itself
};

static uint64_t
total(const RkDraw *draw)
{
    return draw->end[draw->n - 1];
}

// The start of piece g of n of the sum, rounded up.
static uint64_t
piece(const RkDraw *draw, uint32_t g)
{
    return (uint64_t)(((unsigned __int128)total(draw) * g + draw->n - 1) / draw->n);
}

static void
sum_up(RkDraw *draw)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < draw->n; i++) {
        sum += draw->end[i];
        g_assert(sum >= draw->end[i] && sum >> 63 == 0);
        draw->end[i] = sum;
    }
    g_assert(sum > 0);
    draw->guide = g_new(uint32_t, (gsize)draw->n + 1);
    uint32_t at = 0;
    for (uint32_t g = 0; g < draw->n; g++) {
        uint64_t start = piece(draw, g);
        while (at + 1 < draw->n && draw->end[at] <= start)
            at++;
        draw->guide[g] = at;
    }
    draw->guide[draw->n] = draw->n - 1;
}

RkDraw *
rk_draw_new(const uint64_t *weight, uint32_t n)
{
    g_assert(n > 0 && n < UINT32_MAX);
    RkDraw *draw = g_new0(RkDraw, 1);
    draw->n = n;
    draw->end = g_memdup2(weight, n * sizeof *weight);
    sum_up(draw);
    return draw;
}

RkDraw *
rk_draw_new_zipf(uint32_t n, uint64_t exponent_millionths, const uint32_t *code)
{
    g_assert(n > 0 && n < UINT32_MAX);
    RkDraw *draw = g_new0(RkDraw, 1);
    draw->n = n;
    draw->code = code != NULL ? g_memdup2(code, n * sizeof *code) : NULL;
    draw->end = g_new(uint64_t, n);
    unsigned down = 1; // Q63 to the unit: n weights of at most 2^(63 - down) stay below 2^63
    while (n >> (down - 1) != 0)
        down++;
    for (uint32_t i = 0; i < n; i++) {
        unsigned __int128 e =
            (unsigned __int128)rk_fixed_log2((uint64_t)i + 1) * exponent_millionths / 1000000;
        uint64_t power = rk_fixed_exp2_neg((int64_t)e);
        draw->end[i] = MAX((power + ((uint64_t)1 << (down - 1))) >> down, 1);
    }
    sum_up(draw);
    return draw;
}

RkDraw *
rk_draw_new_uniform(uint32_t n)
{
    g_assert(n > 0);
    RkDraw *draw = g_new0(RkDraw, 1);
    draw->n = n;
    return draw;
}

void
rk_draw_free(RkDraw *draw)
{
    if (draw == NULL)
        return;
    g_free(draw->end);
    g_free(draw->guide);
    g_free(draw->code);
    g_free(draw);
}

uint32_t
rk_draw_code(const RkDraw *draw, uint64_t random)
{
    if (draw->end == NULL)
        return (uint32_t)rk_fixed_scale(random, draw->n);
    uint64_t at = rk_fixed_scale(random, total(draw));
    uint32_t g = (uint32_t)(((unsigned __int128)at * draw->n) / total(draw));
    // The first rank whose end is past `at` lies between those of two neighbouring pieces.
    uint32_t low = draw->guide[g], high = draw->guide[g + 1];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (draw->end[middle] <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return draw->code != NULL ? draw->code[low] : low;
}

uint32_t
rk_draw_n(const RkDraw *draw)
{
    return draw->n;
}

static int
by_count(const void *a, const void *b, void *data)
{
    const uint64_t *count = data;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (count[x] != count[y])
        return count[x] < count[y] ? 1 : -1;
    return (x > y) - (x < y);
}

uint32_t *
rk_draw_ranking(const uint64_t *count, uint32_t n)
{
    uint32_t *code = g_new(uint32_t, MAX(n, 1));
    for (uint32_t i = 0; i < n; i++)
        code[i] = i;
    g_qsort_with_data(code, (int)n, sizeof *code, by_count, (gpointer)count);
    return code;
}
