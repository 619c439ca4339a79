// SPDX-License-Identifier: GPL-3.0-or-later
//
// The product that all others are measured against, as an op that only this bench has.
#pragma once

#include "graph/op.h"

extern const RkOp yardstick_op; // a f32 [M, K], b f32 [K, N] -> f32 [M, N]; multiples of 16
