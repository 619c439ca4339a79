#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Cross-entropy of a row of logits x against a whole distribution t, and its gradient by x:
//   PROBABILITY  sum of t_j (log(sum of exp(x)) - x_j)      g (softmax(x) sum of t - t)
//   DISTILL      T^2 KL(q || softmax(x / T))                g T (softmax(x / T) - q)
// where q = softmax(t / T).
// Bindings: 0 x f32 [rows, cols], 1 t, 2 loss [rows]; with RK_GRAD 2 g [rows], 3 dx.
// Grid: LANES lanes of a workgroup of LOCAL share a row (lib/rows.glsl).
// Numerics: relative to the rows' maxima, so finite logits never overflow; what has no probability
// adds nothing, whatever its logit. NaN comes through.
//
// rk-compile: loss_target
// rk-compile: loss_target.texel -DRK_TEXEL
// rk-compile: loss_target_grad -DRK_GRAD
// rk-compile: loss_target_grad.texel -DRK_GRAD -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"
#include "lib/rows.glsl"

layout(constant_id = 3) const bool DISTILL = false;

RK_IN(0, x);
RK_IN(1, t);
#ifdef RK_GRAD
RK_IN(2, g);
RK_STORAGE_OUT4(3, dx);
RK_STORAGE_OUT(3, dx1);
#else
RK_STORAGE_OUT(2, loss);
#endif

layout(push_constant) uniform Push {
    uint rows;
    uint cols;
    float temperature;
} p;

// (logit - m) / T: the difference first, which is exact where logits are large and close.
#define SHIFTED(name, i, r, m)                                                    \
    ((RK_ROW_LOAD(name, i, r, RK_MINUS_INFINITY) - m) / (DISTILL ? p.temperature : 1.0))

// The row's maximum m and the sum s of exp((logit - m) / T).
#define STATISTICS(name, r, lane, m, s)                                                    \
    {                                                                                      \
        vec4 most = vec4(RK_MINUS_INFINITY), sums = vec4(0.0);                             \
        for (uint i = r.first + lane; i < r.last; i += LANES)                              \
            most = rk_max4(most, RK_ROW_LOAD(name, i, r, RK_MINUS_INFINITY));              \
        m = rk_row_max(rk_max1(rk_max1(most.x, most.y), rk_max1(most.z, most.w)));         \
        m = abs(m) == -RK_MINUS_INFINITY ? 0.0 : m;                                        \
        for (uint i = r.first + lane; i < r.last; i += LANES)                              \
            sums += exp(SHIFTED(name, i, r, m));                                           \
        s = rk_row_sum(rk_add4(sums));                                                     \
    }

void main()
{
    uint lane = RK_ROW_LANE;
    bool inside = RK_ROW < p.rows;
    uint row = inside ? RK_ROW : 0;
    RkRow r = rk_row(row * p.cols, row * p.cols + p.cols);
    float m, s, mt = 0.0, st = 1.0;
    STATISTICS(x, r, lane, m, s)
    if (DISTILL)
        STATISTICS(t, r, lane, mt, st)
#ifdef RK_GRAD
    float total = 1.0;
    if (!DISTILL) {
        vec4 totals = vec4(0.0);
        for (uint i = r.first + lane; i < r.last; i += LANES)
            totals += RK_ROW_LOAD(t, i, r, 0.0);
        total = rk_row_sum(rk_add4(totals));
    }
    if (!inside)
        return;
    float dy = RK_LOAD1(g, row) * (DISTILL ? p.temperature : 1.0);
    for (uint i = r.first + lane; i < r.last; i += LANES) {
        vec4 mine = exp(SHIFTED(x, i, r, m)) * (total / s);
        vec4 theirs = DISTILL ? exp(SHIFTED(t, i, r, mt)) / st : RK_LOAD4(t, i);
        RK_ROW_STORE(dx, dx1, i, r, dy * (mine - theirs))
    }
#else
    float log_s = log(s), log_st = log(st);
    vec4 sums = vec4(0.0);
    for (uint i = r.first + lane; i < r.last; i += LANES) {
        vec4 left = log_s - SHIFTED(x, i, r, m); // minus the logarithm of x's probability
        vec4 q = RK_ROW_LOAD(t, i, r, 0.0);
        if (DISTILL) {
            vec4 shifted = SHIFTED(t, i, r, mt);
            q = exp(shifted) / st;
            left += shifted - log_st;
        }
        sums += mix(q * left, vec4(0.0), equal(q, vec4(0.0)));
    }
    float sum = rk_row_sum(rk_add4(sums));
    if (inside && lane == 0)
        loss.v[row] = DISTILL ? p.temperature * p.temperature * sum : sum;
#endif
}
