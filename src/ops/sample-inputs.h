// SPDX-License-Identifier: GPL-3.0-or-later
//
// Shorthands for the inputs of samples. Only files in src/ops include this.
#pragma once

#include "graph/op.h"

#define RK_S_TABLE(dtype_, rows, cols)                                                             \
    {                                                                                              \
        .dtype = dtype_, .rank = 2, .dim = {rows, cols},                                           \
        .fill = (dtype_) == RK_I8 || (dtype_) == RK_I4 ? RK_FILL_INTEGER : RK_FILL_NORMAL          \
    }
#define RK_S_ROWS(n, cols) RK_S_TABLE(RK_F32, n, cols)
#define RK_S_VECTOR(n)                                                                             \
    {                                                                                              \
        .dtype = RK_F32, .rank = 1, .dim = {n}, .fill = RK_FILL_NORMAL                             \
    }
#define RK_S_INDEX1(n, limit_)                                                                     \
    {                                                                                              \
        .dtype = RK_U32, .rank = 1, .dim = {n}, .fill = RK_FILL_INDEX, .limit = limit_             \
    }
#define RK_S_INDEX2(n, m, limit_)                                                                  \
    {                                                                                              \
        .dtype = RK_U32, .rank = 2, .dim = {n, m}, .fill = RK_FILL_INDEX, .limit = limit_          \
    }
#define RK_S_ENDS(bags, used) /* the last of them is `used` */                                     \
    {                                                                                              \
        .dtype = RK_U32, .rank = 1, .dim = {bags}, .fill = RK_FILL_OFFSETS, .limit = used          \
    }
#define RK_S_SORTED(n, limit_) /* filled by the row's prepare(), rows below limit_ */              \
    {                                                                                              \
        .dtype = RK_U32, .rank = 2, .dim = {3, n}, .fill = RK_FILL_CONSTANT, .limit = limit_       \
    }
#define RK_S_ABSENT                                                                                \
    {                                                                                              \
        .absent = TRUE                                                                             \
    }
