// SPDX-License-Identifier: GPL-3.0-or-later
//
// B in a lane's registers: columns n0 to n0 + TN - 1 of the product, four numbers of K a step,
// unpacked and with group scales applied. f32 [N, K] with TB, else [K, N]; packed rows [N, K] with
// W_BITS 16, 8 or 4; f32 rows counted by a bit mask with W_MASK; 2:4 sparse rows with W_24.
// Columns past N repeat the last and are never stored.
uint n0, b_base;
uint b_row[TN]; // first word of each row
vec4 bv[(TN + 3) / 4 * 4];

// BLOCK: K between two loads of packed words, mask bits or group scales.
#if defined(W_MASK) || defined(W_24)
const uint BLOCK = 32;
uint extra_row[TN];
uint bits[TN];
#elif defined(W_BITS)
const uint BLOCK = 128 / W_BITS;
#else
const uint BLOCK = 4 * UK;
#endif

void b_begin(uint batch, uint col)
{
    n0 = col;
    b_base = batch * p.b_batch;
    [[unroll]] for (uint j = 0; j < TN; j++) {
        uint row = min(n0 + j, p.n - 1);
        b_row[j] = b_base + row * p.b_stride;
#if defined(W_MASK) || defined(W_24)
        extra_row[j] = row * p.extra_stride;
#endif
    }
}

float group_scale(uint j, uint k)
{
    return RK_LOAD1(scale, min(n0 + j, p.n - 1) * p.scale_groups + k / p.scale_group);
}

#if defined(W_BITS)
uvec4 bw[TN];
float bs[TN];

void b_open(uint k)
{
    [[unroll]] for (uint j = 0; j < TN; j++) {
        bw[j] = LOAD_ROW(b, B_ALIGNED, b_row[j] + k * W_BITS / 32);
        bs[j] = SCALE == 2 ? group_scale(j, k) : 1.0;
    }
}

void b_step(uint k, uint u)
{
    [[unroll]] for (uint j = 0; j < TN; j++) {
#if W_BITS == 16
        bv[j] = vec4(unpackHalf2x16(bw[j].x), unpackHalf2x16(bw[j].y));
        bw[j] = bw[j].zwxy;
#elif W_BITS == 8
        bv[j] = unpack_i8(bw[j].x);
        bw[j] = bw[j].yzwx;
#else
        bv[j] = unpack_i4(bw[j].x >> (u % 2 * 16));
        if (u % 2 == 1)
            bw[j] = bw[j].yzwx;
#endif
        if (SCALE == 2)
            bv[j] *= bs[j];
    }
}

float b_number(uint j, uint k)
{
    uint word = RK_LOAD1(b, b_row[j] + k * W_BITS / 32);
#if W_BITS == 16
    float v = unpackHalf2x16(word)[k & 1u];
#elif W_BITS == 8
    float v = unpack_i8(word)[k & 3u];
#else
    float v = unpack_i4(word >> (k % 8 * 4)).x;
#endif
    return SCALE == 2 ? v * group_scale(j, k) : v;
}

#elif defined(W_24)
vec4 pair[TN]; // two groups' values

void b_open(uint k)
{
    [[unroll]] for (uint j = 0; j < TN; j++)
        bits[j] = RK_LOAD1(extra, extra_row[j] + k / 32);
}

void b_step(uint k, uint u)
{
    [[unroll]] for (uint j = 0; j < TN; j++) {
        if (u % 2 == 0)
            pair[j] = LOAD_ROW(b, B_ALIGNED, b_row[j] + k / 2);
        bv[j] = spread_24(u % 2 == 0 ? pair[j].xy : pair[j].zw, bits[j]);
        bits[j] >>= 4;
    }
}

float b_number(uint j, uint k)
{
    uint place = RK_LOAD1(extra, extra_row[j] + k / 32) >> (k / 4 % 8 * 4);
    uint at = b_row[j] + k / 4 * 2;
    return spread_24(vec2(RK_LOAD1(b, at), RK_LOAD1(b, at + 1)), place)[k & 3u];
}

#elif defined(W_MASK)
void b_open(uint k)
{
    [[unroll]] for (uint j = 0; j < TN; j++)
        bits[j] = RK_LOAD1(extra, extra_row[j] + k / 32);
}

void b_step(uint k, uint u)
{
    [[unroll]] for (uint j = 0; j < TN; j++) {
        vec4 v = LOAD_ROW(b, B_ALIGNED, b_row[j] + k);
        bv[j] = mix(vec4(0.0), v, notEqual(uvec4(bits[j]) & uvec4(1, 2, 4, 8), uvec4(0)));
        bits[j] >>= 4;
    }
}

float b_number(uint j, uint k)
{
    uint word = RK_LOAD1(extra, extra_row[j] + k / 32);
    return (word >> (k % 32) & 1u) != 0u ? RK_LOAD1(b, b_row[j] + k) : 0.0;
}

#else
vec4 b_low[TN]; // of unaligned rows, the vec4 that the next load continues

void b_open(uint k)
{
}

void b_across(uint k)
{
    [[unroll]] for (uint c = 0; c < 4; c++) {
        uint at = b_base + (k + c) * p.b_stride + n0;
        if (B_ALIGNED) {
            [[unroll]] for (uint j = 0; j < TN; j += 4)
                bv[j + c] = RK_LOAD4(b, min((at + j) >> 2, p.b_last));
        } else {
            vec4 low = RK_LOAD4(b, min(at >> 2, p.b_last));
            [[unroll]] for (uint j = 0; j < TN; j += 4) {
                vec4 high = RK_LOAD4(b, min(((at + j) >> 2) + 1, p.b_last));
                bv[j + c] = funnel(low, high, at & 3u);
                low = high;
            }
        }
    }
}

void b_along(uint k, uint u)
{
    [[unroll]] for (uint j = 0; j < TN; j++) {
        uint at = (b_row[j] >> 2) + (k >> 2);
        if (B_ALIGNED) {
            bv[j] = RK_LOAD4(b, at);
        } else {
            vec4 low = u == 0 ? RK_LOAD4(b, at) : b_low[j];
            b_low[j] = RK_LOAD4(b, at + 1);
            bv[j] = funnel(low, b_low[j], b_row[j] & 3u);
        }
    }
}

void b_step(uint k, uint u)
{
    if (TB)
        b_along(k, u);
    else
        b_across(k);
}

float b_number(uint j, uint k)
{
    return RK_LOAD1(b, TB ? b_row[j] + k : b_base + k * p.b_stride + min(n0 + j, p.n - 1));
}
#endif

// The first block from `block` on of which any number counts: pruned ones are skipped.
uint b_seek(uint block, uint end, uint stride)
{
#ifdef W_MASK
    for (; block < end; block += stride) {
        uint any_bit = 0;
        [[unroll]] for (uint j = 0; j < TN; j++)
            any_bit |= RK_LOAD1(extra, extra_row[j] + block / 32);
        if (any_bit != 0u)
            break;
    }
#endif
    return block;
}

float b_of(uint j, uint c)
{
    return TB ? bv[j][c] : bv[j / 4 * 4 + c][j % 4];
}
