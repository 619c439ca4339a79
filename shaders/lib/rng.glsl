// SPDX-License-Identifier: GPL-3.0-or-later
// Philox4x32-10, the same bits as src/base/rng.c: draw n (its block of four) of a seed's stream.
uvec4 rk_philox(uvec4 c, uvec2 k)
{
    for (int round = 0; round < 10; round++) {
        uint hi0, lo0, hi1, lo1;
        umulExtended(0xD2511F53u, c.x, hi0, lo0);
        umulExtended(0xCD9E8D57u, c.z, hi1, lo1);
        c = uvec4(hi1 ^ c.y ^ k.x, lo1, hi0 ^ c.w ^ k.y, lo0);
        k += uvec2(0x9E3779B9u, 0xBB67AE85u);
    }
    return c;
}

// Draws 4 * block to 4 * block + 3, as rk_rng_float(seed, stream, n) with n below 2^34.
vec4 rk_uniform4(uvec2 seed, uint stream, uint block)
{
    return vec4(rk_philox(uvec4(block, 0u, stream, 0u), seed) >> 8) * 5.9604644775390625e-8; // 2^-24
}
