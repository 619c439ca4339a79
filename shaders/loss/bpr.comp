#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Bayesian personalized ranking: loss = mean over j of log(1 + exp(negative_j - positive)), and its
// gradient dnegative_j = g / cols sigmoid(negative_j - positive).
// Bindings: 0 positive f32 [rows], 1 negative [rows, cols], 2 loss [rows]; with RK_GRAD 2 g [rows],
// 3 dnegative.
// Grid: LANES lanes of a workgroup of LOCAL share a row (lib/rows.glsl).
// Numerics: the exponent is never positive. NaN comes through.
//
// rk-compile: loss_bpr
// rk-compile: loss_bpr.texel -DRK_TEXEL
// rk-compile: loss_bpr_grad -DRK_GRAD
// rk-compile: loss_bpr_grad.texel -DRK_GRAD -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"
#include "lib/rows.glsl"

RK_IN(0, positive);
RK_IN(1, negative);
#ifdef RK_GRAD
RK_IN(2, g);
RK_STORAGE_OUT4(3, dnegative);
RK_STORAGE_OUT(3, dnegative1);
#else
RK_STORAGE_OUT(2, loss);
#endif

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
    float own = RK_LOAD1(positive, row);
#ifdef RK_GRAD
    if (!inside)
        return;
    float share = RK_LOAD1(g, row) / float(p.cols);
    for (uint i = r.first + lane; i < r.last; i += LANES) {
        vec4 behind = RK_LOAD4(negative, i) - own, e = exp(-abs(behind));
        vec4 value = share * mix(vec4(1.0), e, lessThan(behind, vec4(0.0))) / (1.0 + e);
        RK_ROW_STORE(dnegative, dnegative1, i, r, value)
    }
#else
    vec4 sums = vec4(0.0);
    for (uint i = r.first + lane; i < r.last; i += LANES) {
        vec4 behind = RK_LOAD4(negative, i) - own;
        vec4 value = rk_max4(behind, vec4(0.0)) + log(1.0 + exp(-abs(behind)));
        sums += WHOLE ? value : mix(vec4(0.0), value, rk_row_holds(i, r));
    }
    float sum = rk_row_sum(rk_add4(sums));
    if (inside && lane == 0)
        loss.v[row] = sum / float(p.cols);
#endif
}
