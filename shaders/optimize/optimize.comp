#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// One optimizer step in place. Dense: element i. With ROWS: element (u, col) of the sparse gradient
// goes to row rows[u] of the table; rows past the last distinct one are UINT_MAX and do nothing, and
// rows that the batch didn't touch keep weights and states as they are, or, with ALL_ROWS, take a
// step with a gradient of 0: a lane for each element of the table finds its row by bisection.
//   g' = scale g (+ decay w, where the decay is L2)
//   SGD      b = mu b + g'; w -= lr b (nesterov: lr (g' + mu b))
//   ADAM     m = b1 m + (1 - b1) g'; v = b2 v + (1 - b2) g'^2; w -= lr (m / c1) / (sqrt(v / c2) + eps)
//   ADAMW    the same after w -= lr decay w
//   ADAGRAD  a += g'^2; w -= lr g' / (sqrt(a) + eps)
//   ROWWISE  one a for a row: a += mean over the row of g'^2
// BY_SAMPLE: a row's decay is multiplied by its length of segment, the times that the batch names it,
// and by per_sample.
// A parameter over the limit of one binding is walked in ranges, a dispatch each: of elements, with g
// and the states, or with ROWS of rows, where those outside [first, first + n_range) are left to
// others.
// Bindings: 0 w, 1 g, 2 first state, 3 second state (absent ones repeat w), 4 hyper, 5 scale (absent,
// it repeats hyper), 6 sorted rows.
// Grid: a lane an element, for ROWWISE a row; no barriers, no lane shares an element.
//
// rk-compile: optimize
// rk-compile: optimize_rows -DROWS
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"

layout(local_size_x_id = 0) in;
const uint SGD = 0, ADAM = 1, ADAMW = 2, ADAGRAD = 3, ROWWISE = 4;
layout(constant_id = 1) const uint KIND = 0;
layout(constant_id = 2) const bool HAS_STATE = false; // SGD with momentum
layout(constant_id = 3) const bool HAS_SCALE = false;
layout(constant_id = 4) const bool NESTEROV = false;
layout(constant_id = 5) const bool ALL_ROWS = false;
layout(constant_id = 6) const bool BY_SAMPLE = false;

layout(set = 0, binding = 0, std430) buffer Weight { float v[]; } w;
layout(set = 0, binding = 1, std430) readonly buffer Grad { float v[]; } g;
layout(set = 0, binding = 2, std430) buffer State1 { float v[]; } s1;
layout(set = 0, binding = 3, std430) buffer State2 { float v[]; } s2;
layout(set = 0, binding = 4, std430) readonly buffer Hyper {
    float lr, beta1, beta2, eps, decay, momentum, correction1, correction2, per_sample;
} h;
layout(set = 0, binding = 5, std430) readonly buffer Scale { float v; } scale;
#ifdef ROWS
layout(set = 0, binding = 6, std430) readonly buffer Sorted { uint v[]; } sorted;
#endif
layout(push_constant) uniform Push {
    uint n;    // lanes at work
    uint cols; // of a row
    uint n_rows; // capacity of the sparse gradient: where sorted's distinct rows begin
    uint first, n_range;
} p;

const uint NOWHERE = 0xffffffffu; // an element without a gradient

float decay(uint from)
{
#ifdef ROWS
    if (BY_SAMPLE) {
        if (from == NOWHERE)
            return 0.0;
        uint u = from / p.cols, at = 2 * p.n_rows + u;
        uint end = u + 1 < p.n_rows ? sorted.v[at + 1] : p.n_rows;
        return h.decay * (float(end - sorted.v[at]) * h.per_sample);
    }
#endif
    return h.decay;
}

float gradient(uint from, uint at)
{
    float value = from == NOWHERE ? 0.0 : g.v[from];
    if (HAS_SCALE)
        value *= scale.v;
    return KIND == ADAMW ? value : value + decay(from) * w.v[at];
}

void update(uint from, uint at)
{
    float d = gradient(from, at);
    float x = w.v[at];
    if (KIND == SGD) {
        if (HAS_STATE) {
            float b = h.momentum * s1.v[at] + d;
            s1.v[at] = b;
            d = NESTEROV ? d + h.momentum * b : b;
        }
        w.v[at] = x - h.lr * d;
    } else if (KIND == ADAGRAD) {
        float a = s1.v[at] + d * d;
        s1.v[at] = a;
        w.v[at] = x - h.lr * d / (sqrt(a) + h.eps);
    } else {
        if (KIND == ADAMW)
            x -= h.lr * decay(from) * x;
        float m = h.beta1 * s1.v[at] + (1.0 - h.beta1) * d;
        float v = h.beta2 * s2.v[at] + (1.0 - h.beta2) * d * d;
        s1.v[at] = m;
        s2.v[at] = v;
        w.v[at] = x - h.lr * (m / h.correction1) / (sqrt(v / h.correction2) + h.eps);
    }
}

void update_row(uint u, uint row)
{
    float sum = 0.0;
    for (uint col = 0; col < p.cols; col++) {
        float d = gradient(u * p.cols + col, row * p.cols + col);
        sum += d * d;
    }
    float a = s1.v[row] + sum / float(p.cols);
    s1.v[row] = a;
    float rate = h.lr / (sqrt(a) + h.eps);
    for (uint col = 0; col < p.cols; col++) {
        uint at = row * p.cols + col;
        w.v[at] -= rate * gradient(u * p.cols + col, at);
    }
}

#ifdef ROWS
// Where a row of the table is in the sparse gradient: the distinct rows ascend, unused ones last.
uint find(uint row)
{
    uint low = 0, high = p.n_rows;
    while (low < high) {
        uint middle = (low + high) / 2;
        if (sorted.v[p.n_rows + middle] < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low < p.n_rows && sorted.v[p.n_rows + low] == row ? low : NOWHERE;
}
#endif

void main()
{
    uint i = RK_GLOBAL;
    if (i >= p.n)
        return;
#ifdef ROWS
    if (ALL_ROWS) {
        uint at = find(p.first + i / p.cols);
        update(at == NOWHERE ? at : at * p.cols + i % p.cols, i);
        return;
    }
    uint u = KIND == ROWWISE ? i : i / p.cols;
    uint row = sorted.v[p.n_rows + u] - p.first;
    if (row >= p.n_range) // of another range, or 0xffffffff: none
        return;
    if (KIND == ROWWISE)
        update_row(u, row);
    else
        update(i, row * p.cols + i % p.cols);
#else
    update(i, i);
#endif
}
