// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/tensor.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

static const struct {
    const char *name;
    uint32_t bits;
} DTYPES[RK_N_DTYPES] = {
    [RK_F32] = {"f32", 32}, [RK_F16] = {"f16", 16}, [RK_I8] = {"i8", 8},
    [RK_I4] = {"i4", 4},    [RK_U32] = {"u32", 32},
};

const char *
rk_dtype_name(RkDtype dtype)
{
    return DTYPES[dtype].name;
}

uint32_t
rk_dtype_bits(RkDtype dtype)
{
    return DTYPES[dtype].bits;
}

RkType
rk_type(RkDtype dtype, uint32_t rank, ...)
{
    g_assert(rank <= RK_MAX_RANK);
    RkType type = {.dtype = dtype, .rank = rank};
    va_list args;
    va_start(args, rank);
    for (uint32_t i = 0; i < rank; i++)
        type.dim[i] = va_arg(args, RkDim);
    va_end(args);
    return type;
}

gboolean
rk_dim_equal(RkDim a, RkDim b)
{
    return a.n == b.n && a.per_batch == b.per_batch;
}

gboolean
rk_type_equal(const RkType *a, const RkType *b)
{
    if (a->dtype != b->dtype || a->rank != b->rank)
        return FALSE;
    for (uint32_t i = 0; i < a->rank; i++)
        if (!rk_dim_equal(a->dim[i], b->dim[i]))
            return FALSE;
    return TRUE;
}

gboolean
rk_type_bind(const RkType *type, uint32_t batch, RkTensor *tensor, GError **error)
{
    *tensor = (RkTensor){.dtype = type->dtype, .rank = type->rank};
    uint64_t numel = 1;
    gboolean fits = TRUE;
    for (uint32_t i = 0; i < type->rank; i++) {
        uint64_t extent = (uint64_t)type->dim[i].n * (type->dim[i].per_batch ? batch : 1);
        fits = fits && extent <= UINT32_MAX && !__builtin_mul_overflow(numel, extent, &numel) &&
               numel <= UINT32_MAX;
        tensor->dim[i] = (uint32_t)extent;
    }
    if (fits)
        return TRUE;
    g_autofree char *text = rk_type_text(type);
    g_set_error(error, RK_ERROR, RK_ERROR_SHAPE,
                "Can't use a tensor %s at batch size %u: it would have 2^32 elements or more. "
                "Lower the batch size or split the tensor.",
                text, batch);
    return FALSE;
}

char *
rk_type_text(const RkType *type)
{
    GString *text = g_string_new(rk_dtype_name(type->dtype));
    g_string_append(text, " [");
    for (uint32_t i = 0; i < type->rank; i++) {
        RkDim d = type->dim[i];
        g_string_append(text, i ? ", " : "");
        if (!d.per_batch)
            g_string_append_printf(text, "%u", d.n);
        else if (d.n == 1)
            g_string_append(text, "B");
        else
            g_string_append_printf(text, "%uB", d.n);
    }
    return g_string_free(g_string_append_c(text, ']'), FALSE);
}

char *
rk_tensor_text(const RkTensor *tensor)
{
    GString *text = g_string_new(rk_dtype_name(tensor->dtype));
    g_string_append(text, " [");
    for (uint32_t i = 0; i < tensor->rank; i++)
        g_string_append_printf(text, "%s%u", i ? ", " : "", tensor->dim[i]);
    return g_string_free(g_string_append_c(text, ']'), FALSE);
}

uint64_t
rk_tensor_numel(const RkTensor *tensor)
{
    uint64_t n = 1;
    for (uint32_t i = 0; i < tensor->rank; i++)
        n *= tensor->dim[i];
    return n;
}

uint64_t
rk_tensor_rows(const RkTensor *tensor)
{
    uint64_t n = 1;
    for (uint32_t i = 0; i + 1 < tensor->rank; i++)
        n *= tensor->dim[i];
    return n;
}

uint32_t
rk_tensor_cols(const RkTensor *tensor)
{
    return tensor->rank > 0 ? tensor->dim[tensor->rank - 1] : 1;
}

uint32_t
rk_tensor_row_words(const RkTensor *tensor)
{
    uint64_t bits = (uint64_t)rk_tensor_cols(tensor) * rk_dtype_bits(tensor->dtype);
    return (uint32_t)((bits + 31) / 32);
}

uint64_t
rk_tensor_bytes(const RkTensor *tensor)
{
    return rk_tensor_rows(tensor) * rk_tensor_row_words(tensor) * 4;
}

// In integers, since not every compiler has _Float16 here (clang 14 hasn't).
uint16_t
rk_f16_from_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    const uint32_t magnitude = bits & 0x7FFFFFFF;
    if (magnitude > 0x7F800000) // NaN: quiet, with the payload's top bits
        return (uint16_t)(sign | 0x7E00 | (magnitude >> 13 & 0x3FF));
    if (magnitude >= 0x477FF000) // 65520 and beyond round to infinity
        return sign | 0x7C00;
    if (magnitude < 0x33000000) // below half of the least subnormal
        return sign;
    if (magnitude < 0x38800000) { // subnormal: units of 2^-24
        const uint32_t shift = 126 - (magnitude >> 23);
        const uint32_t mantissa = (magnitude & 0x7FFFFF) | 0x800000;
        const uint32_t rest = mantissa & ((1u << shift) - 1);
        const uint32_t half = 1u << (shift - 1);
        const uint32_t whole = mantissa >> shift;
        return (uint16_t)(sign | (whole + (rest > half || (rest == half && whole % 2 == 1))));
    }
    // Nearest even; a carry goes on into the exponent, as it should.
    const uint32_t rounded = magnitude + 0xFFF + (magnitude >> 13 & 1);
    return (uint16_t)(sign | ((rounded - 0x38000000) >> 13));
}

float
rk_f16_to_float(uint16_t bits)
{
    const uint32_t sign = (uint32_t)(bits & 0x8000) << 16;
    const uint32_t exponent = bits >> 10 & 0x1F;
    const uint32_t mantissa = bits & 0x3FF;
    if (exponent == 0) { // exact: an integer times a power of two
        const float value = (float)mantissa * 0x1p-24f;
        return sign != 0 ? -value : value;
    }
    const uint32_t high = exponent == 31 ? 0x7F800000 : (exponent + 112) << 23;
    // A signalling NaN becomes a quiet one, as hardware has it.
    const uint32_t quiet = exponent == 31 && mantissa != 0 ? 0x400000 : 0;
    const uint32_t word = sign | high | quiet | mantissa << 13;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

static uint32_t
pack_integer(double value, double low, double high, uint32_t mask)
{
    double whole = isnan(value) ? 0 : rint(CLAMP(value, low, high));
    return (uint32_t)(int32_t)whole & mask;
}

static uint32_t
pack_element(RkDtype dtype, double value)
{
    float f = (float)value;
    uint32_t word;
    switch (dtype) {
    case RK_F16:
        return rk_f16_from_float(f);
    case RK_I8:
        return pack_integer(value, -128, 127, 0xff);
    case RK_I4:
        return pack_integer(value, -8, 7, 0xf);
    case RK_U32:
        return (uint32_t)value;
    default:
        memcpy(&word, &f, sizeof word);
        return word;
    }
}

static double
unpack_element(RkDtype dtype, uint32_t bits)
{
    float f;
    switch (dtype) {
    case RK_F16:
        return rk_f16_to_float((uint16_t)bits);
    case RK_I8:
        return (int8_t)bits;
    case RK_I4:
        return ((int32_t)(bits << 28)) >> 28;
    case RK_U32:
        return bits;
    default:
        memcpy(&f, &bits, sizeof f);
        return f;
    }
}

void
rk_tensor_pack(const RkTensor *tensor, const double *values, void *packed)
{
    uint32_t bits = rk_dtype_bits(tensor->dtype), cols = rk_tensor_cols(tensor);
    uint32_t words = rk_tensor_row_words(tensor), per_word = 32 / bits;
    uint64_t rows = rk_tensor_rows(tensor);
    uint32_t *to = packed;
    for (uint64_t row = 0; row < rows; row++, to += words) {
        memset(to, 0, (size_t)words * 4);
        for (uint32_t col = 0; col < cols; col++)
            to[col / per_word] |= pack_element(tensor->dtype, values[row * cols + col])
                                  << (col % per_word * bits);
    }
}

void
rk_tensor_unpack(const RkTensor *tensor, const void *packed, double *values)
{
    uint32_t bits = rk_dtype_bits(tensor->dtype), cols = rk_tensor_cols(tensor);
    uint32_t words = rk_tensor_row_words(tensor), per_word = 32 / bits;
    uint32_t mask = bits == 32 ? UINT32_MAX : (1u << bits) - 1;
    uint64_t rows = rk_tensor_rows(tensor);
    const uint32_t *from = packed;
    for (uint64_t row = 0; row < rows; row++, from += words)
        for (uint32_t col = 0; col < cols; col++)
            values[row * cols + col] = unpack_element(
                tensor->dtype, (from[col / per_word] >> (col % per_word * bits)) & mask);
}
