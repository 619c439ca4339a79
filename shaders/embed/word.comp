// SPDX-License-Identifier: GPL-3.0-or-later
//
// Embedding bag and gather as in bag.comp, for rows of any length: a unit is one 32-bit word.
// Bindings: 0 table as words, 2 out as floats, the others as there. Grid: an invocation for each
// bag and word. No barriers. Numerics as there.
//
// rk-compile: embed_word_f32 -DRK_BITS=32
// rk-compile: embed_word_f16 -DRK_BITS=16
// rk-compile: embed_word_i8 -DRK_BITS=8
// rk-compile: embed_word_i4 -DRK_BITS=4
#version 450
#extension GL_GOOGLE_include_directive : require
#include "embed/bag.glsl"

layout(set = 0, binding = 0) readonly buffer Table { uint table[]; };
layout(set = 0, binding = 2) buffer Out { float result[]; };

#define VALUES (32 / RK_BITS) // in a word

// Number k of a word.
float value(uint word, int k)
{
#if RK_BITS == 32
    return uintBitsToFloat(word);
#elif RK_BITS == 16
    return unpackHalf2x16(word)[k];
#else
    return float(int(word << (32 - RK_BITS - RK_BITS * k)) >> (32 - RK_BITS));
#endif
}

void main()
{
    uint bag = RK_GLOBAL / UNITS, unit = RK_GLOBAL % UNITS;
    if (bag >= n_bags)
        return;
    float sum[VALUES], bias = 0;
    for (int k = 0; k < VALUES; k++)
        sum[k] = 0;
    uint begin, end;
    bag_range(bag, begin, end);
    for (uint e = begin; e < end; e++) {
        uint row;
        float factor;
        bool inside;
        bias += element(e, row, factor, inside);
        uint word = inside ? table[row * UNITS + unit] : 0;
        for (int k = 0; k < VALUES; k++)
            sum[k] += factor * value(word, k);
    }
    float divide = MEAN && end > begin ? 1 / float(end - begin) : 1;
    for (int k = 0; k < VALUES; k++) {
        uint col = unit * VALUES + k, at = bag * n_cols + col;
        float one = (sum[k] + bias) * divide;
        if (col < n_cols)
            result[at] = ADD ? result[at] + one : one;
    }
}
