// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/vocabulary.h"

#include "base/rng.h"

#include <stdio.h>
#include <string.h>

static void
codes_both_ways(void)
{
    g_autoptr(RkVocabulary) v = rk_vocabulary_new();
    g_assert_cmpuint(rk_vocabulary_find(v, "a", 1), ==, RK_CODE_MISSING);
    // Lengths around the 4, 8 and 16 byte steps of the hash; prefixes of one another; leading
    // zeros.
    const char *long_text = "0123456789abcdefghijklmnopqrstuvwxyz0123456789";
    uint32_t n = (uint32_t)strlen(long_text);
    for (uint32_t length = 1; length <= n; length++)
        g_assert_cmpuint(rk_vocabulary_intern(v, long_text, length), ==, length - 1);
    g_assert_cmpuint(rk_vocabulary_intern(v, "7", 1), ==, n);
    g_assert_cmpuint(rk_vocabulary_intern(v, "007", 3), ==, n + 1);
    char scratch[RK_VOCABULARY_SCRATCH];
    for (uint32_t length = 1; length <= n; length++) {
        uint32_t got = 0;
        g_assert_cmpuint(rk_vocabulary_find(v, long_text, length), ==, length - 1);
        const char *text = rk_vocabulary_text(v, length - 1, scratch, &got);
        g_assert_cmpmem(text, got, long_text, length);
        g_assert_cmpuint(strlen(text), ==, length);
    }
    g_assert_cmpuint(rk_vocabulary_find(v, "07", 2), ==, RK_CODE_MISSING);
}

// 300,000 texts of 1 to 40 bytes, looked up again one at a time and as cells: more than four
// blocks and a dozen growths.
static void
many_texts(void)
{
    enum { N = 300000 };
    g_autoptr(RkVocabulary) v = rk_vocabulary_new();
    g_autofree uint32_t *codes = g_new(uint32_t, N);
    g_autofree uint32_t *again = g_new(uint32_t, N);
    g_autofree RkCell *cells = g_new0(RkCell, 2 * N); // a stride of 2
    g_autofree char *text = g_malloc(N * 48);
    for (uint32_t i = 0; i < N; i++) {
        uint64_t x = rk_rng_below(5, 1, i, N / 2);
        char *p = text + i * 48;
        int n = snprintf(p, 48, "%*" G_GINT64_MODIFIER "u", (int)(x % 40), x * x);
        cells[2 * i] = (RkCell){p, (uint32_t)n};
        codes[i] = rk_vocabulary_intern(v, p, (uint32_t)n);
    }
    cells[2 * 77].length = 0;
    g_assert_true(rk_vocabulary_intern_cells(v, cells, 2, N, again));
    g_assert_cmpuint(again[77], ==, RK_CODE_MISSING);
    again[77] = codes[77];
    g_assert_cmpmem(again, N * sizeof *again, codes, N * sizeof *codes);
    char scratch[RK_VOCABULARY_SCRATCH];
    for (uint32_t i = 0; i < N; i++) {
        uint32_t length = 0;
        const char *got = rk_vocabulary_text(v, codes[i], scratch, &length);
        if (i != 77)
            g_assert_cmpmem(got, length, cells[2 * i].text, cells[2 * i].length);
    }
    uint32_t n = rk_vocabulary_size(v);
    uint32_t n_in_blocks = 0;
    for (uint32_t b = 0; b * RK_VOCABULARY_BLOCK < n; b++)
        n_in_blocks += rk_vocabulary_block(v, b).n;
    g_assert_cmpuint(n_in_blocks, ==, n);
    g_assert_cmpuint(n, <, N / 2);
}

static void
ranges(void)
{
    g_autoptr(RkVocabulary) v = rk_vocabulary_new_range("u", 5, 4000000000u);
    char scratch[RK_VOCABULARY_SCRATCH];
    g_assert_cmpstr(rk_vocabulary_text(v, 0, scratch, NULL), ==, "u5");
    g_assert_cmpstr(rk_vocabulary_text(v, 3999999999u, scratch, NULL), ==, "u4000000004");
    g_assert_cmpuint(rk_vocabulary_find(v, "u17", 3), ==, 12);
    static const char *const ABSENT[] = {"u4",          "u05",
                                         "u",           "",
                                         "17",          "u17x",
                                         "v17",         "u-7",
                                         "u4000000005", "u99999999999999999999999"};
    for (size_t i = 0; i < G_N_ELEMENTS(ABSENT); i++)
        g_assert_cmpuint(rk_vocabulary_find(v, ABSENT[i], (uint32_t)strlen(ABSENT[i])), ==,
                         RK_CODE_MISSING);
    g_assert_cmpuint(rk_vocabulary_bytes(v), <, 1000);
    RkCell cells[] = {{"u6", 2}, {"", 0}, {"x", 1}};
    uint32_t codes[3];
    g_assert_true(rk_vocabulary_intern_cells(v, cells, 1, 2, codes));
    g_assert_cmpuint(codes[0], ==, 1);
    g_assert_cmpuint(codes[1], ==, RK_CODE_MISSING);
    g_assert_false(rk_vocabulary_intern_cells(v, cells, 1, 3, codes));
}

static void
sets(void)
{
    g_autoptr(RkVocabularies) set = rk_vocabularies_new();
    RkVocabulary *user = rk_vocabularies_get(set, "user");
    g_assert_true(rk_vocabularies_get(set, "user") == user);
    rk_vocabularies_get(set, "item");
    rk_vocabularies_take(set, "user", rk_vocabulary_new_range("", 1, 7));
    g_assert_cmpuint(rk_vocabularies_n(set), ==, 2);
    g_assert_cmpstr(rk_vocabularies_name(set, 0), ==, "user");
    g_assert_cmpuint(rk_vocabulary_size(rk_vocabularies_get(set, "user")), ==, 7);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dataset/vocabulary/texts of every length map to codes and back",
                    codes_both_ways);
    g_test_add_func("/dataset/vocabulary/many texts survive growth and come in as cells",
                    many_texts);
    g_test_add_func("/dataset/vocabulary/a range knows its texts without keeping them", ranges);
    g_test_add_func("/dataset/vocabulary/a set makes vocabularies on demand", sets);
    return g_test_run();
}
