// SPDX-License-Identifier: GPL-3.0-or-later
//
// Drawing codes by whole weights, exactly and the same on every machine: 64 random bits choose a
// place in the running sum of the weights. (dataset/alias.h is faster, by real weights that libm
// rounds.) 8 bytes a code and 4 for each of its guide. Immutable once built; any thread.
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct RkDraw RkDraw;

// weight [n], whose sum is below 2^63 and not 0; 0 < n < 2^32 - 1.
RkDraw *rk_draw_new(const uint64_t *weight, uint32_t n);

// Zipf's law: rank i of 1..n weighs i^-exponent, the exponent in millionths. The weights are whole
// multiples of the unit in which the first is 2^62 / n or a little more, each rounded to the
// nearest and at least 1. `code` [n] tells the code of each rank, from the most frequent;
// NULL: code = rank - 1.
RkDraw *rk_draw_new_zipf(uint32_t n, uint64_t exponent_millionths, const uint32_t *code);

// All n alike, without a table.
RkDraw *rk_draw_new_uniform(uint32_t n);
void rk_draw_free(RkDraw *draw);

// The code that 64 random bits choose.
uint32_t rk_draw_code(const RkDraw *draw, uint64_t random);
uint32_t rk_draw_n(const RkDraw *draw);

// The codes from the most to the least frequent, those of one count in order; [n], the caller's.
uint32_t *rk_draw_ranking(const uint64_t *count, uint32_t n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkDraw, rk_draw_free)
