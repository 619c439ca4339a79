// SPDX-License-Identifier: GPL-3.0-or-later
//
// Work on rows of contiguous numbers that may begin and end within a vec4. LANES neighbouring
// lanes of a workgroup of LOCAL lanes share a row and take its vec4s in turn; what they found is
// joined as a tree in shared memory, in the same order at every run. With LANES 1 nothing is
// shared and no barrier is met. Every lane of the workgroup must call rk_row_sum() and the like.
// Needs lib/grid.glsl, lib/tensor.glsl. Takes specialization constants 0 to 2.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LOCAL = 8;
layout(constant_id = 1) const uint LANES = 1;   // a power of two that divides LOCAL
layout(constant_id = 2) const bool WHOLE = true; // rows begin and end at a vec4

#define RK_ROW      (RK_GROUP * (LOCAL / LANES) + gl_LocalInvocationID.x / LANES)
#define RK_ROW_LANE (gl_LocalInvocationID.x % LANES)

#define RK_MINUS_INFINITY uintBitsToFloat(0xff800000u)

struct RkRow {
    uint begin, end;  // elements
    uint first, last; // the vec4s that hold them
};

RkRow rk_row(uint begin, uint end)
{
    return RkRow(begin, end, begin / 4, end > begin ? (end + 3) / 4 : begin / 4);
}

bvec4 rk_row_holds(uint i, RkRow r)
{
    uvec4 at = 4 * i + uvec4(0, 1, 2, 3);
    bvec4 after = greaterThanEqual(at, uvec4(r.begin)), before = lessThan(at, uvec4(r.end));
    return bvec4(after.x && before.x, after.y && before.y, after.z && before.z,
                 after.w && before.w);
}

// vec4 i of a tensor, with `outside` for what belongs to other rows.
#define RK_ROW_LOAD(name, i, r, outside)                                                  \
    (WHOLE ? RK_LOAD4(name, i) : mix(vec4(outside), RK_LOAD4(name, i), rk_row_holds(i, r)))

// Writes what belongs to the row: `name` and `single` are the same tensor, as RK_STORAGE_OUT4 and
// RK_STORAGE_OUT of one slot.
#define RK_ROW_STORE(name, single, i, r, value)             \
    {                                                       \
        vec4 whole_value = value;                           \
        bvec4 mine = rk_row_holds(i, r);                    \
        if (WHOLE || all(mine))                             \
            name.v[i] = whole_value;                        \
        else                                                \
            for (uint e = 0; e < 4; e++)                    \
                if (mine[e])                                \
                    single.v[4 * (i) + e] = whole_value[e]; \
    }

// GLSL leaves the maximum of a NaN open; here it comes through.
float rk_max1(float a, float b)
{
    return a > b || a != a ? a : b;
}

vec4 rk_max4(vec4 a, vec4 b)
{
    return vec4(rk_max1(a.x, b.x), rk_max1(a.y, b.y), rk_max1(a.z, b.z), rk_max1(a.w, b.w));
}

float rk_add4(vec4 a)
{
    return (a.x + a.z) + (a.y + a.w);
}

shared float rk_row_part[LOCAL];

#define RK_ROW_JOIN(function, expression)                            \
    float function(float value)                                      \
    {                                                                \
        if (LANES == 1)                                              \
            return value;                                            \
        uint at = gl_LocalInvocationID.x, lane = RK_ROW_LANE;        \
        rk_row_part[at] = value;                                     \
        barrier();                                                   \
        for (uint half_lanes = LANES / 2; half_lanes > 0; half_lanes /= 2) {   \
            if (lane < half_lanes) {                                 \
                float a = rk_row_part[at], b = rk_row_part[at + half_lanes];   \
                rk_row_part[at] = expression;                        \
            }                                                        \
            barrier();                                               \
        }                                                            \
        value = rk_row_part[at - lane];                              \
        barrier();                                                   \
        return value;                                                \
    }
RK_ROW_JOIN(rk_row_sum, a + b)
RK_ROW_JOIN(rk_row_max, rk_max1(a, b))
