#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// x[row, index[e]] = minus infinity for the elements e of row's list, ends[row - 1] to ends[row];
// in place. Several lanes may write the same number to one place.
// Bindings: 0 x f32 [rows, n], 1 index u32 [capacity], 2 ends u32 [rows].
// Grid: a lane an element of the lists, which looks up its row; no barriers.
//
// rk-compile: mask_rows
// rk-compile: mask_rows.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"

layout(local_size_x_id = 0) in;

RK_STORAGE_OUT(0, x);
RK_IN_U(1, index);
RK_IN_U(2, ends);

layout(push_constant) uniform Push {
    uint rows;
    uint n;
    uint capacity;
} p;

void main()
{
    uint e = RK_GLOBAL;
    if (e >= p.capacity || e >= RK_LOAD1(ends, p.rows - 1))
        return;
    uint low = 0, high = p.rows - 1; // the first row that ends past e
    while (low < high) {
        uint middle = (low + high) / 2;
        if (RK_LOAD1(ends, middle) > e)
            high = middle;
        else
            low = middle + 1;
    }
    uint column = RK_LOAD1(index, e);
    if (column < p.n)
        x.v[low * p.n + column] = uintBitsToFloat(0xff800000u);
}
