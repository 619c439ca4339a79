// SPDX-License-Identifier: GPL-3.0-or-later
#include "ops/ranges.h"

static uint64_t
limit_bytes(const RkCaps *caps, RkBindKind kind)
{
    if (kind == RK_BIND_STORAGE)
        return caps->max_storage_range;
    gboolean single = kind == RK_BIND_SAMPLED_F32 || kind == RK_BIND_SAMPLED_U32;
    return caps->max_texel_elements * (single ? 4 : 16);
}

// The fewest rows after which an offset is aligned: alignments are powers of two.
static uint64_t
aligned_rows(uint64_t alignment, uint64_t row_bytes)
{
    uint64_t twos = row_bytes & -row_bytes;
    return twos >= alignment ? 1 : alignment / twos;
}

uint32_t
rk_range_rows(const RkCaps *caps, uint32_t n_rows, uint32_t n, const RkRangeOperand *operands)
{
    uint64_t most = n_rows, step = 1;
    for (uint32_t i = 0; i < n; i++) {
        if (operands[i].row_bytes == 0)
            continue;
        most = MIN(most, limit_bytes(caps, operands[i].kind) / operands[i].row_bytes);
        step = MAX(step, aligned_rows(caps->storage_alignment, operands[i].row_bytes));
    }
    return (uint32_t)(most == n_rows ? most : most - most % step);
}

void
rk_range_set(RkDispatch *d, uint32_t binding, uint64_t row_bytes, uint32_t first, uint32_t rows)
{
    d->operand[binding].offset = row_bytes * first;
    d->operand[binding].bytes = row_bytes * rows;
}
