// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/codec.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "store/ints.h"

// ---- integers ------------------------------------------------------------------------------

typedef uint64_t (*Series)(size_t i);

static uint64_t
constant(size_t i)
{
    return 1u << 31;
}

static uint64_t
sorted(size_t i)
{
    return i / 37;
}

static uint64_t
hundreds(size_t i)
{
    return 1000 + 100 * rk_rng_below(1, 1, i, 50);
}

static uint64_t
noise(size_t i)
{
    return rk_rng_u64(1, 2, i);
}

static uint64_t
narrow(size_t i)
{
    return rk_rng_below(1, 3, i, 26000);
}

static uint64_t
wide_steps(size_t i)
{
    return (uint64_t)i << 58; // wraps around
}

static uint64_t
signs(size_t i)
{
    return i % 2 ? 0 - (uint64_t)i : i;
}

static void
integers_come_back(void)
{
    static const Series SERIES[] = {constant, sorted, hundreds, noise, narrow, wide_steps, signs};
    static const size_t SIZES[] = {0, 1, 2, 127, 128, 129, 5000};
    for (size_t s = 0; s < G_N_ELEMENTS(SERIES); s++)
        for (size_t z = 0; z < G_N_ELEMENTS(SIZES); z++) {
            size_t n = SIZES[z];
            g_autofree uint64_t *want = g_new(uint64_t, n);
            g_autofree uint64_t *got = g_new(uint64_t, n);
            for (size_t i = 0; i < n; i++)
                want[i] = SERIES[s](i);
            g_autoptr(GByteArray) out = g_byte_array_new();
            rk_ints_encode(want, n, out);
            RkBytes bytes = {out->data, out->data + out->len};
            g_assert_true(rk_ints_decode(&bytes, got, n));
            g_assert_true(bytes.p == bytes.end);
            g_assert_cmpmem(got, n * 8, want, n * 8);
            for (guint cut = 0; cut < MIN(out->len, 300); cut++) { // cut short: refused, not read
                g_autofree uint8_t *copy = g_memdup2(out->data, cut);
                RkBytes part = {copy, copy + cut};
                g_assert_false(rk_ints_decode(&part, got, n));
            }
        }
}

static size_t
size_of(Series series, size_t n)
{
    g_autofree uint64_t *v = g_new(uint64_t, n);
    g_autoptr(GByteArray) out = g_byte_array_new();
    for (size_t i = 0; i < n; i++)
        v[i] = series(i);
    rk_ints_encode(v, n, out);
    return out->len;
}

static void
integers_are_small(void)
{
    const size_t n = 65536;
    g_assert_cmpuint(size_of(constant, n), <, n / 30);
    g_assert_cmpuint(size_of(sorted, n), <, n * 2 / 8);      // steps of 0 and 1
    g_assert_cmpuint(size_of(hundreds, n), <, n * 7 / 8);    // 50 values: 6 bits and the frames
    g_assert_cmpuint(size_of(narrow, n), <, n * 31 / 16);    // 15 bits and the frames
    g_assert_cmpuint(size_of(noise, n), <, n * 8 * 33 / 32); // never much more than raw
}

// ---- columns -------------------------------------------------------------------------------

static RkStored
stored_of(const RkEncoded *encoded)
{
    return (RkStored){.data = encoded->data->data,
                      .n_data = encoded->data->len,
                      .forms = encoded->forms ? encoded->forms->data : NULL,
                      .n_forms = encoded->forms ? encoded->forms->len : 0,
                      .checksum = encoded->checksum};
}

static void
clear_column(RkColumn *column)
{
    g_free(column->code);
    g_free(column->offset);
    rk_forms_free(column->forms);
}

// Bit for bit the same, through a codec that has been used before.
static void
check_column(RkCodec *codec, const RkColumn *column)
{
    g_autoptr(GError) error = NULL;
    RkEncoded encoded = rk_codec_column(codec, column);
    RkStored stored = stored_of(&encoded);
    RkColumn got = {.type = column->type};
    g_assert_true(rk_stored_column(&stored, column->n_rows, &got, &error));
    g_assert_no_error(error);
    size_t n = column->n_rows;
    if (column->offset != NULL) {
        g_assert_cmpmem(got.offset, (n + 1) * 4, column->offset, (n + 1) * 4);
        n = column->offset[n];
    }
    size_t bytes = n * rk_column_value_bytes(column->type);
    g_assert_cmpmem(got.code, bytes, column->code, bytes);
    g_assert_true((got.forms == NULL) == (column->forms == NULL));
    clear_column(&got);
}

static void
reals_come_back(void)
{
    static const double AWKWARD[] = {0,        -0.0, NAN,     1e300,   -1e-300,           0.1,
                                     INFINITY, 2.5,  -2.5e15, 1.0 / 3, 9007199254740993.0};
    enum { N = 3000 };
    g_autoptr(RkCodec) codec = rk_codec_new();
    double real[N];
    for (uint32_t mix = 0; mix < 8; mix++) {
        for (uint32_t i = 0; i < N; i++) {
            uint32_t x = rk_rng_u32(7, mix, i);
            real[i] = (double)(x % 1000) / pow(10, mix % 4);
            if (mix >= 4 && x % 17 == 0)
                real[i] = NAN;
            if (mix >= 6 && x % 5 == 0)
                real[i] = AWKWARD[x / 5 % G_N_ELEMENTS(AWKWARD)];
        }
        for (uint32_t n = 0; n <= N; n += n == 0 ? 1 : N - 1) {
            RkColumn column = {.type = RK_COLUMN_REAL, .n_rows = n, .real = real};
            check_column(codec, &column);
        }
    }
    for (uint32_t i = 0; i < N; i++)
        real[i] = NAN;
    RkColumn missing = {.type = RK_COLUMN_REAL, .n_rows = N, .real = real};
    check_column(codec, &missing);
}

static void
times_and_codes_come_back(void)
{
    enum { N = 3000 };
    g_autoptr(RkCodec) codec = rk_codec_new();
    int64_t time[N];
    uint32_t code[N];
    for (uint32_t mix = 0; mix < 4; mix++) {
        for (uint32_t i = 0; i < N; i++) {
            uint32_t x = rk_rng_u32(8, mix, i);
            time[i] = (int64_t)x - 2000000000 + (mix == 3 ? INT64_MAX / 2 : 0);
            code[i] = mix == 1 ? x : x % 500;
            if ((mix >= 2 && x % 3 == 0) || (mix == 2 && i < 10)) {
                time[i] = INT64_MIN;
                code[i] = RK_CODE_MISSING;
            }
        }
        time[N - 1] = mix == 1 ? INT64_MAX : INT64_MIN;
        RkColumn times = {.type = RK_COLUMN_TIME, .n_rows = N, .time = time};
        RkColumn codes = {.type = RK_COLUMN_CODE, .n_rows = N, .code = code};
        check_column(codec, &times);
        check_column(codec, &codes);
    }
    for (uint32_t i = 0; i < N; i++)
        time[i] = INT64_MIN;
    RkColumn missing = {.type = RK_COLUMN_TIME, .n_rows = N, .time = time};
    check_column(codec, &missing);
}

// 40 MB in one cell, empty cells around it; bags of many and of no codes.
static void
ragged_columns_come_back(void)
{
    enum { HUGE_BYTES = 40000000 };
    g_autoptr(RkCodec) codec = rk_codec_new();
    g_autofree char *text = g_malloc(HUGE_BYTES + 10);
    for (uint32_t i = 0; i < HUGE_BYTES + 10; i++)
        text[i] = (char)('a' + i * i % 26);
    uint32_t offset[] = {0, 0, 10, 10 + HUGE_BYTES, 10 + HUGE_BYTES};
    RkColumn texts = {.type = RK_COLUMN_TEXT, .n_rows = 4, .text = text, .offset = offset};
    check_column(codec, &texts);
    uint32_t codes[100];
    for (uint32_t i = 0; i < 100; i++)
        codes[i] = i % 7;
    uint32_t bags[] = {0, 0, 0, 99, 100};
    RkColumn multi = {.type = RK_COLUMN_CODES, .n_rows = 4, .codes = codes, .offset = bags};
    check_column(codec, &multi);
    uint32_t none[] = {0, 0};
    RkColumn empty = {.type = RK_COLUMN_CODES, .n_rows = 1, .offset = none};
    check_column(codec, &empty);
    RkColumn no_rows = {.type = RK_COLUMN_TEXT, .n_rows = 0, .offset = none};
    check_column(codec, &no_rows);
}

// ---- damage --------------------------------------------------------------------------------

// Any flipped bit is caught by the checksum. With the checksum made right again, the decoder still
// reads nothing outside of the bytes (the sanitizer build watches) and gives valid columns or an
// error.
static void
damage_is_caught(void)
{
    enum { N = 700 };
    g_autoptr(RkCodec) codec = rk_codec_new();
    double real[N];
    uint32_t code[N], offset[N + 1] = {0};
    for (uint32_t i = 0; i < N; i++) {
        real[i] = i % 11 ? (double)rk_rng_below(9, 0, i, 1000) / 10 : NAN;
        code[i] = rk_rng_below(9, 1, i, 3000);
        offset[i + 1] = i / 2;
    }
    uint32_t odd_row[] = {3, 600}, odd_offset[] = {0, 3, 5};
    RkForms forms = {.style = 1,
                     .n_odd = 2,
                     .odd_row = odd_row,
                     .odd_offset = odd_offset,
                     .odd_text = (char *)"1e07+"};
    const RkColumn columns[] = {
        {.type = RK_COLUMN_REAL, .n_rows = N, .real = real, .forms = &forms},
        {.type = RK_COLUMN_CODE, .n_rows = N, .code = code},
        {.type = RK_COLUMN_CODES, .n_rows = N, .codes = code, .offset = offset}};
    for (size_t c = 0; c < G_N_ELEMENTS(columns); c++) {
        RkEncoded encoded = rk_codec_column(codec, &columns[c]);
        g_autofree uint8_t *data = g_memdup2(encoded.data->data, encoded.data->len);
        g_autofree uint8_t *odd =
            encoded.forms ? g_memdup2(encoded.forms->data, encoded.forms->len) : NULL;
        RkStored stored = stored_of(&encoded);
        stored.data = data;
        stored.forms = odd;
        for (uint32_t i = 0; i < 3000; i++) {
            gboolean in_forms = odd != NULL && i % 3 == 0;
            uint8_t *bytes = in_forms ? odd : data;
            uint32_t at = rk_rng_below(4, (uint32_t)c, i,
                                       (uint32_t)(in_forms ? stored.n_forms : stored.n_data));
            uint8_t flip = (uint8_t)(1u << i % 8);
            bytes[at] ^= flip;
            g_autoptr(GError) error = NULL;
            g_assert_false(rk_stored_check(&stored, &error));
            g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
            RkStored forged = stored;
            forged.checksum = rk_stored_checksum(&stored);
            RkColumn got = {.type = columns[c].type};
            rk_stored_column(&forged, N, &got, NULL);
            clear_column(&got);
            bytes[at] ^= flip;
        }
        g_assert_true(rk_stored_check(&stored, NULL));
    }
}

static void
blocks_and_bytes_come_back(void)
{
    g_autoptr(RkCodec) codec = rk_codec_new();
    g_autoptr(RkVocabulary) v = rk_vocabulary_new();
    g_autoptr(GError) error = NULL;
    for (uint32_t i = 0; i < 1000; i++) {
        g_autofree char *text = g_strdup_printf("title %u", i * 7);
        rk_vocabulary_intern(v, text, (uint32_t)strlen(text));
    }
    RkVocabularyBlock block = rk_vocabulary_block(v, 0);
    RkEncoded encoded = rk_codec_vocabulary_block(codec, &block);
    RkStored stored = stored_of(&encoded);
    g_autoptr(RkVocabulary) got = rk_vocabulary_new();
    g_assert_true(rk_stored_vocabulary_block(&stored, 1000, got, &error));
    g_assert_cmpuint(rk_vocabulary_find(got, "title 6993", 10), ==, 999);
    g_assert_false(rk_stored_vocabulary_block(&stored, 1000, got, &error)); // not new any more
    g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
    g_clear_error(&error);
    g_assert_false(rk_stored_vocabulary_block(&stored, 999, got, &error));
    g_clear_error(&error);
    encoded = rk_codec_bytes(codec, "abc", 3);
    stored = stored_of(&encoded);
    g_autoptr(GBytes) bytes = rk_stored_bytes(&stored, &error);
    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), "abc", 3);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/ints/series of every size come back, cut ones are refused",
                    integers_come_back);
    g_test_add_func("/store/ints/regular series take few bytes", integers_are_small);
    g_test_add_func("/store/codec/numbers come back bit for bit", reals_come_back);
    g_test_add_func("/store/codec/times and codes come back", times_and_codes_come_back);
    g_test_add_func("/store/codec/texts and bags come back, huge and empty",
                    ragged_columns_come_back);
    g_test_add_func("/store/codec/damage is caught", damage_is_caught);
    g_test_add_func("/store/codec/vocabulary blocks and plain bytes come back",
                    blocks_and_bytes_come_back);
    return g_test_run();
}
