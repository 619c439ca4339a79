#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Where a target stands in its row: y[row] = (how many are greater, how many others are equal).
// NaN is below everything else and equal to NaN.
// Bindings: 0 x f32 [rows, cols], 1 target u32 [rows], 2 y u32 [rows, 2].
// Grid: LANES lanes of a workgroup of LOCAL share a row (lib/rows.glsl).
// Numerics: counts are added as floats, exact below 2^24 columns.
//
// rk-compile: rank_counts
// rk-compile: rank_counts.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"
#include "lib/rows.glsl"

RK_IN(0, x);
RK_IN_U(1, target);
RK_STORAGE_OUT_U(2, y);

layout(push_constant) uniform Push {
    uint rows;
    uint cols;
} p;

void main()
{
    uint lane = RK_ROW_LANE;
    bool inside = RK_ROW < p.rows;
    uint row = inside ? RK_ROW : 0;
    RkRow r = rk_row(row * p.cols, row * p.cols + p.cols);
    uint column = min(RK_LOAD1(target, row), p.cols - 1);
    float own = RK_LOAD1(x, r.begin + column);
    bool own_nan = isnan(own);
    vec4 greater = vec4(0.0), equals = vec4(0.0);
    for (uint i = r.first + lane; i < r.last; i += LANES) {
        vec4 value = RK_LOAD4(x, i);
        bvec4 mine = WHOLE ? bvec4(true) : rk_row_holds(i, r);
        vec4 one = mix(vec4(0.0), vec4(1.0), mine);
        if (own_nan) {
            greater += mix(one, vec4(0.0), isnan(value));
            equals += mix(vec4(0.0), one, isnan(value));
        } else {
            greater += mix(vec4(0.0), one, greaterThan(value, vec4(own)));
            equals += mix(vec4(0.0), one, equal(value, vec4(own)));
        }
    }
    float n_greater = rk_row_sum(rk_add4(greater));
    float n_equal = rk_row_sum(rk_add4(equals));
    if (inside && lane == 0) {
        y.v[2 * row] = uint(n_greater);
        y.v[2 * row + 1] = uint(n_equal) - 1; // without the target itself
    }
}
