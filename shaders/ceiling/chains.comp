#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The arithmetic ceiling: independent multiply-add chains that live in registers.
//   F32, F16     acc = acc * a + b, CHAINS vectors of 4, in fp32 or fp16 arithmetic
//   F16_UNPACK   acc += x * unpack(word), a word of two halves serving CHAINS vectors, as the tile
//                of a product with packed weights does
//   I8_UNPACK    the same with a word of four bytes, in fp32 arithmetic
//   I8_DOT       acc += dot4x8(word, x), 4 chains of 32-bit integers a vector
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
layout(constant_id = 1) const uint CHAINS = 4;
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
    uvec4 weights[CHAINS];
    [[unroll]] for (uint c = 0; c < CHAINS; c++)
        weights[c] = packed_x + c * 0x01010101u;
    for (uint round = 0; round < rounds; round++) {
        [[unroll]] for (uint u = 0; u < UNROLL; u++) {
            uint w = word ^ (round * UNROLL + u);
            [[unroll]] for (uint c = 0; c < CHAINS; c++) {
                acc[c].x += sdot4x8(weights[c].x, w, 0);
                acc[c].y += sdot4x8(weights[c].y, w, 0);
                acc[c].z += sdot4x8(weights[c].z, w, 0);
                acc[c].w += sdot4x8(weights[c].w, w, 0);
            }
        }
    }
#else
    vec4 rows[CHAINS];
    [[unroll]] for (uint c = 0; c < CHAINS; c++)
        rows[c] = x + float(c) * 0.125;
    for (uint round = 0; round < rounds; round++) {
        [[unroll]] for (uint u = 0; u < UNROLL; u++) {
            uint w = word ^ ((round + u) & 0x00ff00ffu); // changes mantissas only
#ifdef MODE_F16_UNPACK
            vec2 half2 = unpackHalf2x16(w);
            [[unroll]] for (uint c = 0; c < CHAINS; c++) {
                acc[c] = rows[c] * half2.x + acc[c];
                acc[c] = rows[c] * half2.y + acc[c];
            }
#else
            vec4 bytes = vec4(ivec4(int(w << 24) >> 24, int(w << 16) >> 24, int(w << 8) >> 24,
                                    int(w) >> 24));
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
