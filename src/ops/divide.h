// SPDX-License-Identifier: GPL-3.0-or-later
//
// Divisors as push constants for shaders/lib/divide.glsl. Only files in src/ops include this.
#pragma once

#include "graph/op.h"

// Pushes an RkDivisor, three words. A divisor of 0 (of something empty) counts as 1.
void rk_dispatch_push_divisor(RkDispatch *d, uint32_t by);

// Its words: by, multiplier, shifts.
void rk_divisor_words(uint32_t by, uint32_t words[3]);
