// SPDX-License-Identifier: GPL-3.0-or-later
#include "gpu/caps-table.h"

#include <string.h>

#define LIMIT(member, label, kind)                                                                 \
    {                                                                                              \
#member, label, RK_LIMIT_##kind, offsetof(RkCaps, member)                                  \
    }
const RkLimitRow RK_LIMITS[] = {
    LIMIT(device_bytes, "memory", BYTES64),
    LIMIT(max_buffer_bytes, "largest buffer", BYTES64),
    LIMIT(max_storage_range, "largest storage binding", BYTES64),
    LIMIT(max_texel_elements, "largest texel view, texels", U64),
    LIMIT(storage_alignment, "binding alignment", BYTES32),
    LIMIT(max_shared_bytes, "shared memory of a workgroup", BYTES32),
    LIMIT(max_invocations, "lanes of a workgroup", U32),
    LIMIT(subgroup_size, "lanes of a subgroup", U32),
    LIMIT(max_push_bytes, "push constants", BYTES32),
    {NULL},
};
#undef LIMIT

const RkFastPathRow RK_FAST_PATHS[] = {
    {"subgroup-arithmetic", offsetof(RkCaps, subgroup_arithmetic)},
    {"subgroup-ballot", offsetof(RkCaps, subgroup_ballot)},
    {"subgroup-shuffle", offsetof(RkCaps, subgroup_shuffle)},
    {"fp16-storage", offsetof(RkCaps, f16_storage)},
    {"fp16-arithmetic", offsetof(RkCaps, f16_arithmetic)},
    {"int8-storage", offsetof(RkCaps, i8_storage)},
    {"int8-arithmetic", offsetof(RkCaps, i8_arithmetic)},
    {"int8-dot", offsetof(RkCaps, int_dot)},
    {"int8-dot-accelerated", offsetof(RkCaps, int_dot_accelerated)},
    {"cooperative-matrix", offsetof(RkCaps, coop_matrix)},
    {NULL},
};

uint64_t
rk_limit_value(const RkLimitRow *row, const RkCaps *caps)
{
    const char *at = (const char *)caps + row->offset;
    uint32_t narrow;
    uint64_t wide;
    if (row->kind == RK_LIMIT_U32 || row->kind == RK_LIMIT_BYTES32) {
        memcpy(&narrow, at, sizeof narrow);
        return narrow;
    }
    memcpy(&wide, at, sizeof wide);
    return wide;
}

gboolean
rk_limit_is_bytes(const RkLimitRow *row)
{
    return row->kind == RK_LIMIT_BYTES32 || row->kind == RK_LIMIT_BYTES64;
}

gboolean
rk_fast_path_has(const RkFastPathRow *row, const RkCaps *caps)
{
    gboolean has;
    memcpy(&has, (const char *)caps + row->offset, sizeof has);
    return has;
}
