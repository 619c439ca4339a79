// SPDX-License-Identifier: GPL-3.0-or-later
#include "compress/quantize_values.h"

void
rk_quantized_clear(RkQuantized *quantized)
{
    g_clear_pointer(&quantized->packed, g_free);
    g_clear_pointer(&quantized->scale, g_free);
    g_clear_pointer(&quantized->offset, g_free);
}

// One range for all, of a stream: large tables are searched by a sample.
static RkQuantizer
whole_quantizer(const RkRangeOptions *range, const float *values, uint64_t n)
{
    g_autoptr(RkObserver) observer = rk_observer_new(range);
    rk_observer_add(observer, values, n);
    return rk_quantizer_of(range, rk_observer_range(observer));
}

void
rk_quantize_values(const RkQuantizeOptions *options, const float *values, uint32_t rows,
                   uint32_t cols, RkQuantized *result)
{
    RkRangeOptions range = options->range;
    range.bits = rk_dtype_bits(options->dtype);
    uint32_t group = options->group > 0 ? options->group : MAX(cols, 1);
    uint32_t n_groups = MAX((cols + group - 1) / group, 1), bits = range.bits;
    *result = (RkQuantized){.type = {options->dtype, 2, {rows, cols}},
                            .n_scales = options->per_tensor ? 1 : rows,
                            .n_groups = n_groups};
    uint32_t words = rk_tensor_row_words(&result->type);
    uint32_t *packed = result->packed = g_malloc0(MAX(rk_tensor_bytes(&result->type), 4));
    result->scale = g_new(float, MAX((size_t)result->n_scales * n_groups, 1));
    result->offset = g_new(float, MAX((size_t)result->n_scales * n_groups, 1));
    RkQuantizer quantizer = {0};
    if (options->per_tensor) {
        quantizer = whole_quantizer(&range, values, (uint64_t)rows * cols);
        result->scale[0] = quantizer.scale;
        result->offset[0] = quantizer.offset;
    }
    for (uint32_t r = 0; r < rows; r++, packed += words)
        for (uint32_t g = 0; g < n_groups; g++) {
            uint32_t first = g * group, last = MIN(first + group, cols);
            const float *part = values + (size_t)r * cols + first;
            if (!options->per_tensor) {
                quantizer = rk_quantizer_of(&range, rk_range_of(&range, part, last - first));
                result->scale[(size_t)r * n_groups + g] = quantizer.scale;
                result->offset[(size_t)r * n_groups + g] = quantizer.offset;
            }
            result->squared_error += rk_quantizer_error(&quantizer, part, last - first);
            for (uint32_t k = first; k < last; k++) {
                uint32_t q = (uint32_t)rk_quantizer_encode(&quantizer, part[k - first]);
                packed[k * bits / 32] |= (q & ((1u << bits) - 1)) << (k * bits % 32);
            }
        }
}
