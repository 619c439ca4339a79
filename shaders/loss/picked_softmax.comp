#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Cross-entropy of a row against one picked logit p: loss = log(sum of exp(l)) - p over the row's
// logits l = score - log_q, and its gradient dscore_j = g (exp(l_j) / sum - [j is the picked one]).
//   POSITIVE LABEL     p is column label[row]
//            APART     p is positive[row] - log_q_positive[row], a further term of the sum
//            DIAGONAL  p is column `row`
// With ID, a column whose item is the positive's own, or none at all (~0), has no part in the sum.
// A row whose label is no column, or whose positive is no item, has loss and gradient 0.
// Bindings: 0 score f32 [rows, cols], 1 positive [rows], 2 log_q, 3 log_q_positive [rows], 4 id,
// 5 label or positive_id [rows], 6 loss [rows]; with RK_GRAD 6 g [rows], 7 dscore.
// log_q and id are [cols] (VECTOR) or [rows, cols] (MATRIX). Parts that are left out
// are bound to the score and never read.
// Grid: LANES lanes of a workgroup of LOCAL share a row (lib/rows.glsl).
// Numerics: relative to the row's maximum, so finite scores never overflow. NaN comes through.
//
// rk-compile: loss_picked
// rk-compile: loss_picked.texel -DRK_TEXEL
// rk-compile: loss_picked_grad -DRK_GRAD
// rk-compile: loss_picked_grad.texel -DRK_GRAD -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"
#include "lib/rows.glsl"

layout(constant_id = 3) const uint POSITIVE = 0;
layout(constant_id = 4) const uint LOG_Q = 0;
layout(constant_id = 5) const bool LOG_Q_POSITIVE = false;
layout(constant_id = 6) const uint ID = 0;
const uint LABEL = 0, APART = 1, DIAGONAL = 2;
const uint VECTOR = 1, MATRIX = 2;
const uint NO_ITEM = 0xffffffffu;

RK_IN(0, score);
RK_IN(1, positive);
RK_IN(2, log_q);
RK_IN(3, log_q_positive);
RK_IN_U(4, id);
RK_IN_U(5, own_id);
#ifdef RK_GRAD
RK_IN(6, g);
RK_STORAGE_OUT4(7, dscore);
RK_STORAGE_OUT(7, dscore1);
#else
RK_STORAGE_OUT(6, loss);
#endif

layout(push_constant) uniform Push {
    uint rows;
    uint cols;
} p;

// What belongs to vec4 i of the row, of a tensor [cols] or [rows, cols].
#define COL(i, e, r) min(4 * (i) + e - r.begin, p.cols - 1)
#define ALONG(name, vec, form, i, r)                                                          \
    (form == MATRIX ? RK_LOAD4(name, i)                                                       \
     : WHOLE        ? RK_LOAD4(name, i - r.first)                                             \
                    : vec(RK_LOAD1(name, COL(i, 0, r)), RK_LOAD1(name, COL(i, 1, r)),         \
                          RK_LOAD1(name, COL(i, 2, r)), RK_LOAD1(name, COL(i, 3, r))))

vec4 logits(uint i, RkRow r, uint row, uint own)
{
    vec4 l = RK_LOAD4(score, i);
    bvec4 counts = WHOLE ? bvec4(true) : rk_row_holds(i, r);
    if (LOG_Q != 0)
        l -= ALONG(log_q, vec4, LOG_Q, i, r);
    if (ID != 0) {
        uvec4 item = ALONG(id, uvec4, ID, i, r);
        for (uint e = 0; e < 4; e++) {
            bool itself = POSITIVE == DIAGONAL && 4 * i + e == r.begin + row;
            counts[e] = counts[e] && item[e] != NO_ITEM && (item[e] != own || itself);
        }
    }
    return mix(vec4(RK_MINUS_INFINITY), l, counts);
}

float picked(uint row, uint col)
{
    if (POSITIVE == APART)
        return RK_LOAD1(positive, row) - (LOG_Q_POSITIVE ? RK_LOAD1(log_q_positive, row) : 0.0);
    uint at = row * p.cols + col;
    float l = RK_LOAD1(score, at);
    return LOG_Q == 0 ? l : l - (LOG_Q == MATRIX ? RK_LOAD1(log_q, at) : RK_LOAD1(log_q, col));
}

void main()
{
    uint lane = RK_ROW_LANE;
    bool inside = RK_ROW < p.rows;
    uint row = inside ? RK_ROW : 0, own = NO_ITEM, col = row;
    bool ignored = !inside;
    RkRow r = rk_row(row * p.cols, row * p.cols + p.cols);
    if (POSITIVE == LABEL || ID != 0)
        own = POSITIVE == DIAGONAL ? RK_LOAD1(id, row) : RK_LOAD1(own_id, row);
    if (POSITIVE == LABEL) {
        ignored = ignored || own >= p.cols;
        col = ignored ? 0 : own;
    } else {
        ignored = ignored || (ID != 0 && own == NO_ITEM);
    }
    float pick = picked(row, col);

    vec4 most = vec4(RK_MINUS_INFINITY);
    for (uint i = r.first + lane; i < r.last; i += LANES)
        most = rk_max4(most, logits(i, r, row, own));
    float m = rk_row_max(rk_max1(rk_max1(most.x, most.y), rk_max1(most.z, most.w)));
    m = POSITIVE == APART ? rk_max1(m, pick) : m;
    m = abs(m) == -RK_MINUS_INFINITY ? 0.0 : m;
    vec4 sums = vec4(0.0);
    for (uint i = r.first + lane; i < r.last; i += LANES)
        sums += exp(logits(i, r, row, own) - m);
    float s = rk_row_sum(rk_add4(sums)) + (POSITIVE == APART ? exp(pick - m) : 0.0);
    if (!inside)
        return;
#ifdef RK_GRAD
    float dy = RK_LOAD1(g, row);
    for (uint i = r.first + lane; i < r.last; i += LANES) {
        vec4 value = exp(logits(i, r, row, own) - m) / s;
        if (POSITIVE != APART)
            value -= vec4(equal(4 * i + uvec4(0, 1, 2, 3), uvec4(r.begin + col)));
        value = ignored ? vec4(0.0) : dy * value;
        RK_ROW_STORE(dscore, dscore1, i, r, value)
    }
#else
    if (lane == 0)
        loss.v[row] = ignored ? 0.0 : (m - pick) + log(s);
#endif
}
