// SPDX-License-Identifier: GPL-3.0-or-later
//
// A in a lane's registers: rows m0 to m0 + TM - 1, four numbers of K a step. f32 [M, K], or [K, M]
// with TA; packed i8 [M, K] with X_I8. Rows past M repeat the last and are never stored.
//
// With RK_SPREAD a subgroup's eight lanes share their rows: each loads an eighth of them and
// they hand them round, which costs an instruction a number where a load costs a hundred.
uint m0, a_base;
#ifdef RK_SPREAD
const uint AR = TM / 8; // rows that a lane loads
vec4 av[AR];
#define ROW(i) (m0 + (i) * 8 + gl_LocalInvocationID.x)
#else
const uint AR = TM;
vec4 av[(TM + 3) / 4 * 4];
#define ROW(i) (m0 + (i))
#endif
uint a_row[AR]; // first word of each row

void a_begin(uint batch, uint row)
{
    m0 = row;
    a_base = batch * p.a_batch;
    [[unroll]] for (uint i = 0; i < AR; i++)
        a_row[i] = a_base + min(ROW(i), p.m - 1) * p.a_stride;
}

#ifdef X_I8
uvec4 aw[AR];

void a_open(uint k)
{
    [[unroll]] for (uint i = 0; i < AR; i++)
        aw[i] = LOAD_ROW(a, A_ALIGNED, a_row[i] + k / 4);
}

void a_step(uint k, uint u)
{
    [[unroll]] for (uint i = 0; i < AR; i++) {
        av[i] = unpack_i8(aw[i].x);
        aw[i] = aw[i].yzwx;
    }
}

float a_number(uint i, uint k)
{
    return unpack_i8(RK_LOAD1(a, a_row[i] + k / 4))[k & 3u];
}
#else
vec4 a_low[AR]; // of unaligned rows, the vec4 that the next load continues

void a_open(uint k)
{
}

#ifdef RK_SPREAD
// The step's TM texels, four rows at one k each: texel t is at k + t / (TM / 4).
void a_across(uint k)
{
    [[unroll]] for (uint i = 0; i < AR; i++) {
        uint t = i * 8 + gl_LocalInvocationID.x;
        uint at = a_base + (k + t / (TM / 4)) * p.a_stride + m0 + t % (TM / 4) * 4;
        vec4 low = RK_LOAD4(a, min(at >> 2, p.a_last));
        av[i] = A_ALIGNED ? low : funnel(low, RK_LOAD4(a, min((at >> 2) + 1, p.a_last)), at & 3u);
    }
}
#else
void a_across(uint k)
{
    [[unroll]] for (uint c = 0; c < 4; c++) {
        uint at = a_base + (k + c) * p.a_stride + m0;
        if (A_ALIGNED) {
            [[unroll]] for (uint i = 0; i < TM; i += 4)
                av[i + c] = RK_LOAD4(a, min((at + i) >> 2, p.a_last));
        } else {
            vec4 low = RK_LOAD4(a, min(at >> 2, p.a_last));
            [[unroll]] for (uint i = 0; i < TM; i += 4) {
                vec4 high = RK_LOAD4(a, min(((at + i) >> 2) + 1, p.a_last));
                av[i + c] = funnel(low, high, at & 3u);
                low = high;
            }
        }
    }
}
#endif

void a_along(uint k, uint u)
{
    [[unroll]] for (uint i = 0; i < AR; i++) {
        uint at = (a_row[i] >> 2) + (k >> 2);
        if (A_ALIGNED) {
            av[i] = RK_LOAD4(a, at);
        } else {
            vec4 low = u == 0 ? RK_LOAD4(a, at) : a_low[i];
            a_low[i] = RK_LOAD4(a, at + 1);
            av[i] = funnel(low, a_low[i], a_row[i] & 3u);
        }
    }
}

void a_step(uint k, uint u)
{
    if (TA)
        a_across(k);
    else
        a_along(k, u);
}

float a_number(uint i, uint k)
{
    return RK_LOAD1(a, TA ? a_base + k * p.a_stride + min(ROW(i), p.m - 1) : a_row[i] + k);
}
#endif

// Row i at k to k + 3, and at the one k of a tail.
#ifdef RK_SPREAD
float a_of(uint i, uint c)
{
    uint t = c * (TM / 4) + i / 4;
    return TA ? subgroupShuffle(av[t / 8][i % 4], t % 8) : subgroupShuffle(av[i / 8][c], i % 8);
}

float a_single(uint i, uint k)
{
    return subgroupShuffle(a_number(i / 8, k), i % 8);
}
#else
float a_of(uint i, uint c)
{
    return TA ? av[i / 4 * 4 + c][i % 4] : av[i][c];
}

float a_single(uint i, uint k)
{
    return a_number(i, k);
}
#endif
