// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/numbers.h"

#include <math.h>
#include <string.h>

#define MAX_DECIMALS 9                     // tried for numbers that are decimals
#define MAX_MANTISSA ((double)(1ll << 53)) // doubles count exactly up to here

enum { REAL_DECIMAL, REAL_PLANES };

static const double POWER[MAX_DECIMALS + 1] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

static uint64_t *
room(GArray *scratch, size_t n)
{
    g_array_set_size(scratch, (guint)n);
    return (uint64_t *)(void *)scratch->data;
}

// Which of n values are there: a varint count of the missing; when there are any, a 0/1 each.
static void
encode_present(const uint8_t *present, size_t n, size_t n_missing, GArray *scratch, GByteArray *out)
{
    rk_varint_append(out, n_missing);
    if (n_missing == 0)
        return;
    uint64_t *v = room(scratch, n);
    for (size_t i = 0; i < n; i++)
        v[i] = present[i];
    rk_ints_encode(v, n, out);
}

// *present is NULL when all are.
static gboolean
decode_present(RkBytes *bytes, size_t n, uint64_t **present)
{
    uint64_t n_missing = 0;
    *present = NULL;
    if (!rk_varint_take(bytes, &n_missing))
        return FALSE;
    if (n_missing == 0)
        return TRUE;
    *present = g_new(uint64_t, n);
    return rk_ints_decode(bytes, *present, n);
}

// Signed to unsigned with the order kept, so that a base is the smallest.
static uint64_t
biased(int64_t value)
{
    return (uint64_t)value ^ (1ull << 63);
}

// Missing ones repeat the value before them, which costs least.
void
rk_times_encode(const int64_t *time, size_t n, GArray *scratch, GByteArray *out)
{
    g_autofree uint8_t *present = g_new(uint8_t, n);
    size_t n_missing = 0;
    for (size_t i = 0; i < n; i++) {
        present[i] = time[i] != INT64_MIN;
        n_missing += !present[i];
    }
    encode_present(present, n, n_missing, scratch, out);
    uint64_t *v = room(scratch, n);
    uint64_t last = biased(0);
    for (size_t i = 0; i < n && !present[i]; i++) // leading missing ones take the first value
        last = i + 1 < n && present[i + 1] ? biased(time[i + 1]) : last;
    for (size_t i = 0; i < n; i++)
        v[i] = last = present[i] ? biased(time[i]) : last;
    rk_ints_encode(v, n, out);
}

gboolean
rk_times_decode(RkBytes *bytes, int64_t *time, size_t n)
{
    g_autofree uint64_t *present = NULL;
    g_autofree uint64_t *v = g_new(uint64_t, n);
    if (!decode_present(bytes, n, &present) || !rk_ints_decode(bytes, v, n))
        return FALSE;
    for (size_t i = 0; i < n; i++)
        time[i] = present != NULL && !present[i] ? INT64_MIN : (int64_t)biased((int64_t)v[i]);
    return TRUE;
}

// value = mantissa / 10^decimals exactly, bit for bit.
static gboolean
is_decimal(double value, int decimals, double *mantissa)
{
    *mantissa = nearbyint(value * POWER[decimals]);
    return fabs(*mantissa) < MAX_MANTISSA && *mantissa / POWER[decimals] == value &&
           !(value == 0 && signbit(value));
}

// The fewest decimals that all values have, or -1. Starts from those of the value before, so most
// columns cost one test a value.
static int
common_decimals(const double *real, const uint8_t *present, size_t n)
{
    int decimals = 0;
    double mantissa;
    for (size_t i = 0; i < n; i++)
        while (present[i] && !is_decimal(real[i], decimals, &mantissa))
            if (++decimals > MAX_DECIMALS)
                return -1;
    for (size_t i = 0; i < n; i++) // fewer decimals than a later value may fit earlier ones only
        if (present[i] && !is_decimal(real[i], decimals, &mantissa))
            return -1;
    return decimals;
}

// The bytes of all doubles, plane by plane: signs and exponents next to each other compress well.
static void
append_planes(GByteArray *out, const double *real, size_t n)
{
    guint start = out->len;
    g_byte_array_set_size(out, start + (guint)(n * 8));
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &real[i], 8);
        for (size_t plane = 0; plane < 8; plane++)
            out->data[start + plane * n + i] = (uint8_t)(bits >> (8 * plane));
    }
}

static gboolean
take_planes(RkBytes *bytes, double *real, size_t n)
{
    if ((size_t)(bytes->end - bytes->p) < n * 8)
        return FALSE;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = 0;
        for (size_t plane = 0; plane < 8; plane++)
            bits |= (uint64_t)bytes->p[plane * n + i] << (8 * plane);
        memcpy(&real[i], &bits, 8);
    }
    bytes->p += n * 8;
    return TRUE;
}

void
rk_reals_encode(const double *real, size_t n, GArray *scratch, GByteArray *out)
{
    if (n == 0)
        return;
    g_autofree uint8_t *present = g_new(uint8_t, n);
    size_t n_missing = 0;
    for (size_t i = 0; i < n; i++) {
        present[i] = !isnan(real[i]);
        n_missing += !present[i];
    }
    int decimals = common_decimals(real, present, n);
    const uint8_t head[] = {decimals < 0 ? REAL_PLANES : REAL_DECIMAL, (uint8_t)MAX(decimals, 0)};
    g_byte_array_append(out, head, decimals < 0 ? 1 : 2);
    if (decimals < 0) {
        append_planes(out, real, n);
        return;
    }
    encode_present(present, n, n_missing, scratch, out);
    uint64_t *v = room(scratch, n);
    uint64_t last = biased(0);
    for (size_t i = 0; i < n; i++) {
        double mantissa = 0;
        if (present[i] && is_decimal(real[i], decimals, &mantissa))
            last = biased((int64_t)mantissa);
        v[i] = last;
    }
    rk_ints_encode(v, n, out);
}

gboolean
rk_reals_decode(RkBytes *bytes, double *real, size_t n)
{
    if (n == 0)
        return TRUE;
    if (bytes->end - bytes->p < 1)
        return FALSE;
    if (*bytes->p++ == REAL_PLANES)
        return take_planes(bytes, real, n);
    if (bytes->end - bytes->p < 1 || *bytes->p > MAX_DECIMALS)
        return FALSE;
    double unit = POWER[*bytes->p++];
    g_autofree uint64_t *present = NULL;
    g_autofree uint64_t *v = g_new(uint64_t, n);
    if (!decode_present(bytes, n, &present) || !rk_ints_decode(bytes, v, n))
        return FALSE;
    for (size_t i = 0; i < n; i++)
        real[i] =
            present != NULL && !present[i] ? NAN : (double)(int64_t)biased((int64_t)v[i]) / unit;
    return TRUE;
}
