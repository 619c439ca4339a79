#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Converts between dtypes through float: out = FROM(in) rounded to TO. Rows of packed dtypes are
// whole words, so the lane that owns an output word writes it alone.
// Bindings: 0 the input's words, 1 the output's words. Grid: a lane an output word; no barriers.
// Numerics: to f16 rounds to nearest even; to i8 and u32 rounds to nearest even and clamps.
//
// rk-compile: cast
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"

layout(local_size_x_id = 0) in;
const uint F32 = 0, F16 = 1, I8 = 2, U32 = 4; // RkDtype
layout(constant_id = 1) const uint FROM = 0;
layout(constant_id = 2) const uint TO = 0;

layout(set = 0, binding = 0, std430) readonly buffer In { uint word[]; } x;
layout(set = 0, binding = 1, std430) writeonly buffer Out { uint word[]; } y;
layout(push_constant) uniform Push {
    uint n_words;   // of the output
    uint out_words; // of a row of the output
    uint in_words;  // of a row of the input
    uint cols;      // elements of a row
} p;

uint per_word(uint dtype)
{
    return dtype == F16 ? 2 : dtype == I8 ? 4 : 1;
}

float load(uint row, uint col)
{
    if (col >= p.cols)
        return 0.0;
    uint word = x.word[row * p.in_words + col / per_word(FROM)];
    if (FROM == F16)
        return unpackHalf2x16(word)[col & 1];
    if (FROM == I8)
        return float(bitfieldExtract(int(word), int(8 * (col & 3)), 8));
    if (FROM == U32)
        return float(word);
    return uintBitsToFloat(word);
}

void main()
{
    uint i = RK_GLOBAL;
    if (i >= p.n_words)
        return;
    uint row = i / p.out_words, col = i % p.out_words * per_word(TO);
    if (TO == F16) {
        y.word[i] = packHalf2x16(vec2(load(row, col), load(row, col + 1)));
    } else if (TO == I8) {
        uint word = 0;
        for (uint k = 0; k < 4; k++) {
            float value = clamp(roundEven(load(row, col + k)), -128.0, 127.0);
            word = bitfieldInsert(word, uint(int(value)), int(8 * k), 8);
        }
        y.word[i] = word;
    } else if (TO == U32) {
        y.word[i] = uint(clamp(roundEven(load(row, col)), 0.0, 4294967040.0));
    } else {
        y.word[i] = floatBitsToUint(load(row, col));
    }
}
