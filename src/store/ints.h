// SPDX-License-Identifier: GPL-3.0-or-later
//
// Sequences of 64-bit integers in few bytes: values or their differences, less a common base and
// divisor, bit-packed in blocks of 128 that each have their own base and width (frame of
// reference; Lemire and Boytsov, "Decoding billions of integers per second through
// vectorization", 2012, describe the family). Private to src/store. Any thread.
#pragma once

#include <glib.h>
#include <stdint.h>

// Appends n values to `out`.
void rk_ints_encode(const uint64_t *values, size_t n, GByteArray *out);

// A place in bytes that are decoded. Everything is checked against `end`.
typedef struct {
    const uint8_t *p;
    const uint8_t *end;
} RkBytes;

// Takes n values; FALSE when the bytes end early or make no sense.
gboolean rk_ints_decode(RkBytes *bytes, uint64_t *values, size_t n);

// Numbers of 7 bits a byte, low bits first.
void rk_varint_append(GByteArray *out, uint64_t value);
gboolean rk_varint_take(RkBytes *bytes, uint64_t *value);
