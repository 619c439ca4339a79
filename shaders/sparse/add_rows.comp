// SPDX-License-Identifier: GPL-3.0-or-later
//
// out[rows[u], :] += values[u, :], after a dispatch of sparse_copy made `out` a copy of the dense
// tensor; rows are distinct, so no two invocations meet.
// Bindings: 0 values f32 [n, D] (COPY: the dense tensor), 1 sorted u32 [3, n], 2 out f32 [R, D].
// Grid: an invocation for each u and column; COPY: for each element. No barriers.
// Numerics: one f32 addition.
//
// rk-compile: sparse_add
// rk-compile: sparse_copy -DCOPY
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"

layout(local_size_x_id = 0) in;
layout(push_constant) uniform Push { uint n, n_cols, first_row, n_rows; };

layout(set = 0, binding = 0) readonly buffer Values { float values[]; };
#ifdef COPY
layout(set = 0, binding = 1) writeonly buffer Out { float result[]; };
#else
layout(set = 0, binding = 1) readonly buffer Sorted { uint sorted[]; };
layout(set = 0, binding = 2) buffer Out { float result[]; };
#endif

void main()
{
    uint i = RK_GLOBAL;
    if (i >= n * n_cols)
        return;
#ifdef COPY
    result[i] = values[i];
#else
    uint row = sorted[n + i / n_cols] - first_row;
    if (row < n_rows)
        result[row * n_cols + i % n_cols] += values[i];
#endif
}
