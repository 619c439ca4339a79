#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The k largest of each row, largest first: y[row, 0..k) = their columns. Equal numbers in order of
// columns, -0 equal to 0, NaN after everything else; UINT32_MAX where the row is shorter than k.
// Bindings: 0 x f32 [rows, n], 1 columns to choose among u32 [rows, n_listed] (with LISTED; from
// an earlier run over parts of a row), 2 y u32 [rows, parts, k].
// Grid: a workgroup of LOCAL lanes takes a part of a row. Radix selection: numbers become unique
// 64-bit keys (order of the number, then of the column) and a histogram of their next 11 bits
// narrows down where the k-th lies, until at most CAPACITY of them are left. Those are collected
// in any order and sorted, so the result doesn't depend on the order of atomics.
//
// rk-compile: topk
// rk-compile: topk.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LOCAL = 8;
layout(constant_id = 1) const uint CAPACITY = 64; // a power of two, at least k
layout(constant_id = 2) const bool LISTED = false;

RK_IN(0, x);
RK_IN_U(1, listed);
RK_STORAGE_OUT_U(2, y);

layout(push_constant) uniform Push {
    uint n_groups; // rows * parts
    uint n;
    uint n_listed;
    uint parts;
    uint part; // columns, or listed ones, in each but the last
    uint k;
} p;

const uint BINS = 2048;
shared uint bins[BINS];
shared uint lane_sum[LOCAL];
shared uint found_key[CAPACITY], found_order[CAPACITY];
shared uint n_found, chosen_bin, n_above, n_within;

// Larger for a larger number; 0 for NaN.
uint key_of(float value)
{
    uint bits = floatBitsToUint(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return 0;
    bits = bits == 0x80000000u ? 0 : bits;
    return bits ^ ((bits >> 31) != 0 ? 0xffffffffu : 0x80000000u);
}

// What is known of the k-th: the bits under `mask`. .x is of the key, .y of the order, which is
// larger for a smaller column.
uvec2 known, mask;

// 2 surely among the k, 1 undecided, 0 out.
uint standing(uvec2 at)
{
    at &= mask;
    if (at == known)
        return 1;
    return at.x > known.x || (at.x == known.x && at.y > known.y) ? 2 : 0;
}

void visit(bool collect, uint digit, float value, uint column)
{
    uvec2 at = uvec2(key_of(value), ~column);
    uint where = standing(at);
    if (collect && where > 0) {
        uint slot = atomicAdd(n_found, 1);
        found_key[slot] = at.x;
        found_order[slot] = at.y;
    }
    if (!collect && where == 1) {
        uint word = digit < 3 ? at.x : at.y, turn = digit % 3;
        atomicAdd(bins[turn == 0 ? word >> 21 : turn == 1 ? word >> 10 & 2047 : word & 1023], 1);
    }
}

// All candidates of this part: begin to end within the row, or within its list.
void sweep(bool collect, uint digit, uint row, uint begin, uint end)
{
    uint lane = gl_LocalInvocationID.x;
    if (LISTED) {
        for (uint i = begin + lane; i < end; i += LOCAL) {
            uint column = RK_LOAD1(listed, row * p.n_listed + i);
            if (column < p.n)
                visit(collect, digit, RK_LOAD1(x, row * p.n + column), column);
        }
        return;
    }
    uint first = row * p.n + begin, last = row * p.n + end;
    for (uint i = first / 4 + lane; i < (last + 3) / 4; i += LOCAL) {
        vec4 value = RK_LOAD4(x, i);
        for (uint e = 0; e < 4; e++)
            if (4 * i + e >= first && 4 * i + e < last)
                visit(collect, digit, value[e], 4 * i + e - row * p.n);
    }
}

// Finds the bin from the top with which `wanted` are reached.
void choose_bin(uint wanted)
{
    uint lane = gl_LocalInvocationID.x, run = (BINS + LOCAL - 1) / LOCAL;
    uint top = BINS - min(lane * run, BINS), bottom = top - min(run, top);
    uint sum = 0;
    for (uint b = bottom; b < top; b++)
        sum += bins[b];
    lane_sum[lane] = sum;
    barrier();
    if (lane == 0) {
        uint above = 0, l = 0;
        while (l + 1 < LOCAL && above + lane_sum[l] < wanted)
            above += lane_sum[l++];
        uint b = BINS - 1 - min(l * run, BINS - 1);
        while (b > 0 && above + bins[b] < wanted)
            above += bins[b--];
        chosen_bin = b;
        n_above = above;
        n_within = bins[b];
    }
    barrier();
}

// Bitonic, largest first.
void sort_found(uint n)
{
    for (uint size = 2; size <= n; size *= 2) {
        for (uint stride = size / 2; stride > 0; stride /= 2) {
            for (uint t = gl_LocalInvocationID.x; t < n / 2; t += LOCAL) {
                uint a = t / stride * (2 * stride) + t % stride, b = a + stride;
                bool falling = (a & size) == 0;
                uvec2 left = uvec2(found_key[a], found_order[a]);
                uvec2 right = uvec2(found_key[b], found_order[b]);
                bool less = left.x < right.x || (left.x == right.x && left.y < right.y);
                if (less == falling) {
                    found_key[a] = right.x;
                    found_order[a] = right.y;
                    found_key[b] = left.x;
                    found_order[b] = left.y;
                }
            }
            barrier();
        }
    }
}

void main()
{
    uint lane = gl_LocalInvocationID.x, group = RK_GROUP;
    if (group >= p.n_groups) // a whole workgroup
        return;
    uint row = group / p.parts, width = LISTED ? p.n_listed : p.n;
    uint begin = min(group % p.parts * p.part, width), end = min(begin + p.part, width);

    known = uvec2(0);
    mask = uvec2(0);
    uint sure = 0, undecided = end - begin;
    for (uint digit = 0; digit < 6 && sure + undecided > CAPACITY; digit++) {
        for (uint b = lane; b < BINS; b += LOCAL)
            bins[b] = 0;
        barrier();
        sweep(false, digit, row, begin, end);
        barrier();
        choose_bin(p.k - sure);
        sure += n_above;
        undecided = n_within;
        uint turn = digit % 3, shift = turn == 0 ? 21 : turn == 1 ? 10 : 0;
        uint bits = (turn == 2 ? 1023u : 2047u) << shift;
        if (digit < 3) {
            mask.x |= bits;
            known.x |= chosen_bin << shift;
        } else {
            mask.y |= bits;
            known.y |= chosen_bin << shift;
        }
    }

    if (lane == 0)
        n_found = 0;
    for (uint i = lane; i < CAPACITY; i += LOCAL) {
        found_key[i] = 0;
        found_order[i] = 0;
    }
    barrier();
    sweep(true, 0, row, begin, end);
    barrier();
    uint n = 1;
    while (n < n_found)
        n *= 2;
    sort_found(n);
    for (uint i = lane; i < p.k; i += LOCAL)
        y.v[group * p.k + i] = i < n_found ? ~found_order[i] : ~0u;
}
