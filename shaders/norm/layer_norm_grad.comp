#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// d loss / d x of layer normalization, with h = g gamma, u = (x - mean) / sqrt(variance + eps):
// dx = (h - mean(h) - u mean(h u)) / sqrt(variance + eps), means along the row.
// Bindings: 0 g f32 [rows, cols], 1 x [rows, cols], 2 gamma [cols] (x again where left out), 3 dx.
// Grid: LANES lanes of a workgroup of LOCAL share a row (lib/rows.glsl).
//
// rk-compile: layer_norm_grad
// rk-compile: layer_norm_grad.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"
#include "lib/rows.glsl"

layout(constant_id = 3) const bool GAMMA = true;

RK_IN(0, g);
RK_IN(1, x);
RK_IN(2, gamma);
RK_STORAGE_OUT4(3, dx);
RK_STORAGE_OUT(3, dx1);

layout(push_constant) uniform Push {
    uint rows;
    uint cols;
    float eps;
} p;

uint column(uint at, RkRow r)
{
    return clamp(at, r.begin, r.end - 1) - r.begin;
}

vec4 gradient(uint i, RkRow r)
{
    vec4 value = RK_ROW_LOAD(g, i, r, 0.0);
    if (GAMMA && WHOLE)
        value *= RK_LOAD4(gamma, i - r.first);
    else if (GAMMA)
        for (uint e = 0; e < 4; e++)
            value[e] *= RK_LOAD1(gamma, column(4 * i + e, r));
    return value;
}

void main()
{
    uint lane = RK_ROW_LANE;
    bool inside = RK_ROW < p.rows;
    uint row = inside ? RK_ROW : 0;
    RkRow r = rk_row(row * p.cols, row * p.cols + p.cols);

    vec4 sums = vec4(0.0), h_sums = vec4(0.0);
    for (uint i = r.first + lane; i < r.last; i += LANES) {
        sums += RK_ROW_LOAD(x, i, r, 0.0);
        h_sums += gradient(i, r);
    }
    float mean = rk_row_sum(rk_add4(sums)) / p.cols;
    float h_mean = rk_row_sum(rk_add4(h_sums)) / p.cols;
    sums = vec4(0.0);
    vec4 products = vec4(0.0);
    for (uint i = r.first + lane; i < r.last; i += LANES) {
        vec4 centered = RK_ROW_LOAD(x, i, r, mean) - mean;
        sums += centered * centered;
        products += centered * gradient(i, r);
    }
    float scale = inversesqrt(rk_row_sum(rk_add4(sums)) / p.cols + p.eps);
    float slope = rk_row_sum(rk_add4(products)) / p.cols * scale * scale;
    if (!inside)
        return;
    for (uint i = r.first + lane; i < r.last; i += LANES) {
        vec4 value = (gradient(i, r) - h_mean - (RK_LOAD4(x, i) - mean) * slope) * scale;
        RK_ROW_STORE(dx, dx1, i, r, value)
    }
}
