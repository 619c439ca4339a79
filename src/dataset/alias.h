// SPDX-License-Identifier: GPL-3.0-or-later
//
// Drawing from a fixed distribution over n codes in constant time: the alias method (Walker, 1977;
// built by Vose, "A Linear Algorithm for Generating Random Numbers with a Given Distribution",
// IEEE TSE 17, 1991). Built with exactly rounded operations in a fixed order, so the same weights
// give the same table and the same draws on every machine. Immutable once built; any thread.
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct RkAlias RkAlias;

// weight [n] of finite values >= 0, not all of them 0; 0 < n < 2^32 - 1. 8 bytes a code.
RkAlias *rk_alias_new(const double *weight, uint32_t n);
void rk_alias_free(RkAlias *alias);

// The code that 64 random bits choose; its probability is weight / sum of weights within 2^-32.
uint32_t rk_alias_draw(const RkAlias *alias, uint64_t random);
uint32_t rk_alias_n(const RkAlias *alias);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkAlias, rk_alias_free)
