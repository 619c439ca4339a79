// SPDX-License-Identifier: GPL-3.0-or-later
//
// Layout: mode byte; varint base; varint divisor; with MODE_DELTAS the varint first value; then
// blocks of up to 128 values (or differences): width byte, varint base (zigzag), packed bits.
// All arithmetic is modulo 2^64, so that any values go through.
#include "store/ints.h"

#include <string.h>

#define BLOCK     128u
#define MAX_WIDTH 64u
#define SLACK     16u // bytes that packing may touch behind its end

enum { MODE_VALUES, MODE_DELTAS };

static uint64_t
zigzag(uint64_t v)
{
    return (v << 1) ^ (0 - (v >> 63));
}

static uint64_t
unzigzag(uint64_t v)
{
    return (v >> 1) ^ (0 - (v & 1));
}

void
rk_varint_append(GByteArray *out, uint64_t value)
{
    uint8_t bytes[10];
    guint n = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[n++] = (uint8_t)value | 0x80;
    bytes[n++] = (uint8_t)value;
    g_byte_array_append(out, bytes, n);
}

gboolean
rk_varint_take(RkBytes *bytes, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (bytes->p == bytes->end)
            return FALSE;
        uint8_t byte = *bytes->p++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return TRUE;
    }
    return FALSE;
}

static unsigned
width_of(uint64_t range)
{
    return range == 0 ? 0 : 64 - (unsigned)__builtin_clzll(range);
}

static size_t
packed_bytes(size_t n, unsigned width)
{
    return (n * width + 7) / 8;
}

// ---- bits ----------------------------------------------------------------------------------

// Little-endian bits. `to` is zeroed and has SLACK bytes more than needed.
static void
pack(const uint64_t *v, size_t n, unsigned width, uint8_t *to)
{
    uint64_t pending = 0;
    unsigned n_pending = 0;
    for (size_t i = 0; i < n; i++) {
        pending |= v[i] << n_pending;
        if (n_pending + width >= 64) {
            uint64_t word = GUINT64_TO_LE(pending);
            memcpy(to, &word, 8);
            to += 8;
            unsigned used = 64 - n_pending; // bits of v[i] that went into the word
            pending = used < 64 ? v[i] >> used : 0;
            n_pending = n_pending + width - 64;
        } else {
            n_pending += width;
        }
    }
    uint64_t word = GUINT64_TO_LE(pending);
    memcpy(to, &word, 8);
}

static uint64_t
load_word(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, 8);
    return GUINT64_FROM_LE(word);
}

// The reverse, adding `base`. `from` has SLACK readable bytes behind its end.
static void
unpack(const uint8_t *from, size_t n, unsigned width, uint64_t base, uint64_t *v)
{
    uint64_t mask = width == 64 ? UINT64_MAX : (1ull << width) - 1;
    size_t bit = 0;
    if (width <= 57) { // a value never needs more than the 8 bytes at its first
        for (size_t i = 0; i < n; i++, bit += width)
            v[i] = base + ((load_word(from + bit / 8) >> bit % 8) & mask);
        return;
    }
    for (size_t i = 0; i < n; i++, bit += width) {
        uint64_t low = load_word(from + bit / 8) >> bit % 8;
        uint64_t high = bit % 8 > 0 ? load_word(from + bit / 8 + 8) << (64 - bit % 8) : 0;
        v[i] = base + ((low | high) & mask);
    }
}

// ---- encoding ------------------------------------------------------------------------------

// The smallest as a signed number, and the width that its block needs.
typedef struct {
    uint64_t base;
    unsigned width;
} Frame;

static Frame
frame_of(const uint64_t *v, size_t n)
{
    int64_t min = (int64_t)v[0];
    int64_t max = min;
    for (size_t i = 1; i < n; i++) {
        min = MIN(min, (int64_t)v[i]);
        max = MAX(max, (int64_t)v[i]);
    }
    return (Frame){(uint64_t)min, width_of((uint64_t)max - (uint64_t)min)};
}

static size_t
cost_of(const uint64_t *v, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i += BLOCK) {
        size_t n_here = MIN(BLOCK, n - i);
        bytes += 3 + packed_bytes(n_here, frame_of(v + i, n_here).width);
    }
    return bytes;
}

static void
append_blocks(const uint64_t *v, size_t n, GByteArray *out)
{
    uint64_t shifted[BLOCK];
    uint8_t bits[BLOCK * 8 + SLACK];
    for (size_t i = 0; i < n; i += BLOCK) {
        size_t n_here = MIN(BLOCK, n - i);
        Frame frame = frame_of(v + i, n_here);
        uint8_t width = (uint8_t)frame.width;
        g_byte_array_append(out, &width, 1);
        rk_varint_append(out, zigzag(frame.base));
        if (width == 0)
            continue;
        for (size_t j = 0; j < n_here; j++)
            shifted[j] = v[i + j] - frame.base;
        pack(shifted, n_here, width, bits);
        g_byte_array_append(out, bits, (guint)packed_bytes(n_here, width));
    }
}

static uint64_t
common_divisor(const uint64_t *v, size_t n, uint64_t base)
{
    uint64_t divisor = 0;
    for (size_t i = 0; i < n && divisor != 1; i++) {
        uint64_t a = v[i] - base;
        while (a != 0) {
            uint64_t rest = divisor % a;
            divisor = a;
            a = rest;
        }
    }
    return MAX(divisor, 1);
}

void
rk_ints_encode(const uint64_t *values, size_t n, GByteArray *out)
{
    if (n == 0)
        return;
    uint64_t base = values[0];
    for (size_t i = 1; i < n; i++)
        base = MIN(base, values[i]);
    uint64_t divisor = common_divisor(values, n, base);
    g_autofree uint64_t *v = g_new(uint64_t, n);
    g_autofree uint64_t *deltas = g_new(uint64_t, n);
    for (size_t i = 0; i < n; i++)
        v[i] = divisor == 1 ? values[i] - base : (values[i] - base) / divisor;
    for (size_t i = 1; i < n; i++)
        deltas[i - 1] = v[i] - v[i - 1];
    uint8_t mode = cost_of(deltas, n - 1) < cost_of(v, n) ? MODE_DELTAS : MODE_VALUES;
    g_byte_array_append(out, &mode, 1);
    rk_varint_append(out, base);
    rk_varint_append(out, divisor);
    if (mode == MODE_DELTAS) {
        rk_varint_append(out, v[0]);
        append_blocks(deltas, n - 1, out);
    } else {
        append_blocks(v, n, out);
    }
}

// ---- decoding ------------------------------------------------------------------------------

static gboolean
take_blocks(RkBytes *bytes, uint64_t *v, size_t n)
{
    uint8_t last[BLOCK * 8 + SLACK];
    for (size_t i = 0; i < n; i += BLOCK) {
        size_t n_here = MIN(BLOCK, n - i);
        uint64_t base = 0;
        if (bytes->p == bytes->end)
            return FALSE;
        unsigned width = *bytes->p++;
        if (width > MAX_WIDTH || !rk_varint_take(bytes, &base))
            return FALSE;
        base = unzigzag(base);
        size_t n_bytes = packed_bytes(n_here, width);
        size_t n_left = (size_t)(bytes->end - bytes->p);
        if (n_left < n_bytes)
            return FALSE;
        const uint8_t *from = bytes->p;
        if (n_left < n_bytes + SLACK) { // near the end: unpack from a copy with slack behind it
            memset(last, 0, sizeof last);
            memcpy(last, from, n_bytes);
            from = last;
        }
        unpack(from, n_here, width, base, v + i);
        bytes->p += n_bytes;
    }
    return TRUE;
}

gboolean
rk_ints_decode(RkBytes *bytes, uint64_t *values, size_t n)
{
    if (n == 0)
        return TRUE;
    if (bytes->p == bytes->end)
        return FALSE;
    uint8_t mode = *bytes->p++;
    uint64_t base = 0;
    uint64_t divisor = 1;
    if (mode > MODE_DELTAS || !rk_varint_take(bytes, &base) || !rk_varint_take(bytes, &divisor))
        return FALSE;
    if (mode == MODE_VALUES) {
        if (!take_blocks(bytes, values, n))
            return FALSE;
    } else {
        if (!rk_varint_take(bytes, &values[0]) || !take_blocks(bytes, values + 1, n - 1))
            return FALSE;
        for (size_t i = 1; i < n; i++)
            values[i] += values[i - 1];
    }
    for (size_t i = 0; i < n; i++)
        values[i] = values[i] * divisor + base;
    return TRUE;
}
