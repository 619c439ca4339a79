// SPDX-License-Identifier: GPL-3.0-or-later
//
// A in a lane's registers: rows m0 to m0 + TM - 1, four numbers of K a step. f32 [M, K], or [K, M]
// with TA; packed i8 [M, K] with X_I8. Rows past M repeat the last and are never stored.
uint m0, a_base;
uint a_row[TM]; // first word of each row
vec4 av[(TM + 3) / 4 * 4];

void a_begin(uint batch, uint row)
{
    m0 = row;
    a_base = batch * p.a_batch;
    [[unroll]] for (uint i = 0; i < TM; i++)
        a_row[i] = a_base + min(m0 + i, p.m - 1) * p.a_stride;
}

#ifdef X_I8
uvec4 aw[TM];

void a_open(uint k)
{
    [[unroll]] for (uint i = 0; i < TM; i++)
        aw[i] = LOAD_ROW(a, A_ALIGNED, a_row[i] + k / 4);
}

void a_step(uint k, uint u)
{
    [[unroll]] for (uint i = 0; i < TM; i++) {
        av[i] = unpack_i8(aw[i].x);
        aw[i] = aw[i].yzwx;
    }
}

float a_of(uint i, uint c)
{
    return av[i][c];
}

float a_number(uint i, uint k)
{
    return unpack_i8(RK_LOAD1(a, a_row[i] + k / 4))[k & 3u];
}
#else
vec4 a_low[TM]; // of unaligned rows, the vec4 that the next load continues

void a_open(uint k)
{
}

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

void a_along(uint k, uint u)
{
    [[unroll]] for (uint i = 0; i < TM; i++) {
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

float a_of(uint i, uint c)
{
    return TA ? av[i / 4 * 4 + c][i % 4] : av[i][c];
}

float a_number(uint i, uint k)
{
    return RK_LOAD1(a, TA ? a_base + k * p.a_stride + min(m0 + i, p.m - 1) : a_row[i] + k);
}
#endif
