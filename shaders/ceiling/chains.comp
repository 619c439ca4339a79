#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
// rk-compile: ceiling-fp32 -DMODE_F32
// rk-compile: ceiling-fp16 -DMODE_F16
// rk-compile: ceiling-fp16-unpack -DMODE_F16_UNPACK
// rk-compile: ceiling-int8-dot -DMODE_I8_DOT
// rk-compile: ceiling-int8-unpack -DMODE_I8_UNPACK
//
// The arithmetic ceiling: independent multiply-add chains that live in registers.
//   F32, F16     acc = acc * a + b, CHAINS vectors of 4, in fp32 or fp16 arithmetic
//   F16_UNPACK   acc += x * unpack(word), a word of two halves serving CHAINS vectors, as the tile
//                of a product with packed weights does
//   I8_UNPACK    the same with a word of four bytes, in fp32 arithmetic
//   I8_DOT       acc += dot4x8(acc, x), 4 chains of 32-bit integers a vector; acc is an operand too,
//                or a compiler would factor x out of the sum
// Bindings: 0 parameters, 1 results (never written: only the compiler thinks they might be).
// Grid: any; every lane does the same work. Barriers: none. Numerics: F32 and F16 converge on 1,
// the others grow slowly; no value is ever denormal, which would slow a CPU down.
#extension GL_EXT_control_flow_attributes : require
#ifdef MODE_F16
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#endif
#ifdef MODE_I8_DOT
#extension GL_EXT_spirv_intrinsics : require
// OpSDot on packed 4x8-bit words.
spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"], capabilities = [6019, 6018], id = 4450)
int sdot4x8(uint a, uint b, spirv_literal int packed_format);
#endif

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint CHAINS = 4; // vectors of 4
layout(constant_id = 2) const uint UNROLL = 4; // loop overhead is not what is measured

layout(binding = 0) readonly buffer Parameters {
    uint rounds;
    float a, b;   // F32, F16
    uint word;    // the packed modes
    vec4 x;       // unpacked modes
    uvec4 packed_x;
};
layout(binding = 1) writeonly buffer Results { float results[]; };

#if defined(MODE_F16)
#define VEC  f16vec4
#define ELEM float16_t
#elif defined(MODE_I8_DOT)
#define VEC  ivec4
#define ELEM int
#else
#define VEC  vec4
#define ELEM float
#endif

void main()
{
    VEC acc[CHAINS];
    const float lane = float(gl_LocalInvocationID.x) * 0.0625;
    [[unroll]] for (uint c = 0; c < CHAINS; c++)
        acc[c] = VEC(lane + float(c));
#if defined(MODE_F32) || defined(MODE_F16)
    const ELEM scale = ELEM(a);
    const ELEM bias = ELEM(b);
    for (uint round = 0; round < rounds; round++) {
        [[unroll]] for (uint u = 0; u < UNROLL; u++) {
            [[unroll]] for (uint c = 0; c < CHAINS; c++)
                acc[c] = acc[c] * scale + bias;
        }
    }
#elif defined(MODE_I8_DOT)
    for (uint round = 0; round < rounds; round++) {
        [[unroll]] for (uint u = 0; u < UNROLL; u++) {
            [[unroll]] for (uint c = 0; c < CHAINS; c++) {
                acc[c].x += sdot4x8(uint(acc[c].x), packed_x.x, 0);
                acc[c].y += sdot4x8(uint(acc[c].y), packed_x.y, 0);
                acc[c].z += sdot4x8(uint(acc[c].z), packed_x.z, 0);
                acc[c].w += sdot4x8(uint(acc[c].w), packed_x.w, 0);
            }
        }
    }
#else
    vec4 rows[CHAINS];
    [[unroll]] for (uint c = 0; c < CHAINS; c++)
        rows[c] = x + float(c) * 0.125;
    uint state = word;
    for (uint round = 0; round < rounds; round++) {
        [[unroll]] for (uint u = 0; u < UNROLL; u++) {
            state = state * 1664525u + 1013904223u; // every byte changes, so no product is shared
#ifdef MODE_F16_UNPACK
            vec2 half2 = unpackHalf2x16(word ^ (state & 0x00ff00ffu)); // mantissas only
            [[unroll]] for (uint c = 0; c < CHAINS; c++) {
                acc[c] = rows[c] * half2.x + acc[c];
                acc[c] = rows[c] * half2.y + acc[c];
            }
#else
            int w = int(state);
            vec4 bytes = vec4(ivec4(w << 24, w << 16, w << 8, w) >> 24);
            [[unroll]] for (uint c = 0; c < CHAINS; c++) {
                acc[c] = rows[c] * bytes.x + acc[c];
                acc[c] = rows[c] * bytes.y + acc[c];
                acc[c] = rows[c] * bytes.z + acc[c];
                acc[c] = rows[c] * bytes.w + acc[c];
            }
#endif
        }
    }
#endif
    VEC sum = VEC(ELEM(0));
    [[unroll]] for (uint c = 0; c < CHAINS; c++)
        sum += acc[c];
    ELEM total = sum.x + sum.y + sum.z + sum.w;
    if (total == ELEM(-12345))
        results[0] = float(total);
}
