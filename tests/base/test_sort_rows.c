// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/rng.h"
#include "base/sort_rows.h"

#include <string.h>

// The definition, checked word by word against what was packed.
static void
check(const uint32_t *index, uint32_t n)
{
    g_autofree uint32_t *packed = g_new(uint32_t, RK_SORT_ROWS_WORDS(n) + 1);
    g_autofree uint32_t *scratch = g_new(uint32_t, n + 1);
    memset(packed, 0xa5, sizeof *packed * (RK_SORT_ROWS_WORDS(n) + 1));
    scratch[n] = 0xa5a5a5a5;
    rk_sort_rows(index, n, packed, scratch);
    const uint32_t *perm = packed, *rows = perm + n, *seg = rows + n;
    uint32_t n_unique = seg[n + 1];
    g_assert_cmphex(packed[RK_SORT_ROWS_WORDS(n)], ==, 0xa5a5a5a5); // wrote no further
    g_assert_cmphex(scratch[n], ==, 0xa5a5a5a5);

    g_autofree uint8_t *seen = g_new0(uint8_t, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        g_assert_cmpuint(perm[i], <, n);
        g_assert_cmpuint(seen[perm[i]]++, ==, 0);
        if (i > 0) {
            uint32_t a = index[perm[i - 1]], b = index[perm[i]];
            g_assert_true(a < b || (a == b && perm[i - 1] < perm[i]));
        }
    }
    g_assert_cmpuint(seg[0], ==, n_unique > 0 ? 0 : seg[0]);
    for (uint32_t u = 0; u < n_unique; u++) {
        g_assert_cmpuint(seg[u], <, seg[u + 1]);
        for (uint32_t i = seg[u]; i < seg[u + 1]; i++)
            g_assert_cmpuint(index[perm[i]], ==, rows[u]);
        if (u > 0)
            g_assert_cmpuint(rows[u - 1], <, rows[u]);
    }
    for (uint32_t i = n_unique > 0 ? seg[n_unique] : 0; i < n; i++)
        g_assert_cmpuint(index[perm[i]], ==, UINT32_MAX); // whoever stands in no segment
    for (uint32_t u = n_unique; u < n; u++) {
        g_assert_cmpuint(rows[u], ==, UINT32_MAX);
        g_assert_cmpuint(seg[u + 1], ==, n);
    }
}

static void
by_hand(void)
{
    const uint32_t M = UINT32_MAX;
    const uint32_t index[] = {7, 3, 7, M, 0, 3, 7};
    const uint32_t perm[] = {4, 1, 5, 0, 2, 6, 3}, rows[] = {0, 3, 7, M, M, M, M};
    const uint32_t seg[] = {0, 1, 3, 6, 7, 7, 7, 7}, n_unique = 3;
    uint32_t packed[RK_SORT_ROWS_WORDS(7)], scratch[7];
    rk_sort_rows(index, 7, packed, scratch);
    g_assert_cmpmem(packed, sizeof perm, perm, sizeof perm);
    g_assert_cmpmem(packed + 7, sizeof rows, rows, sizeof rows);
    g_assert_cmpmem(packed + 14, sizeof seg, seg, sizeof seg);
    g_assert_cmpuint(packed[22], ==, n_unique);
}

static void
every_size_and_range(void)
{
    static const uint32_t sizes[] = {0, 1, 2, 3, 31, 256, 1000, 4099, 70000};
    // One, two and three digits in play, the middle digit alone, and every index the same.
    static const uint32_t masks[] = {0, 1, 0x7ff, 0xfff, 0x3ffff8, 0x3ff800, 0xffffffff};
    for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++)
        for (size_t m = 0; m < G_N_ELEMENTS(masks); m++) {
            g_autofree uint32_t *index = g_new(uint32_t, sizes[s]);
            for (uint32_t i = 0; i < sizes[s]; i++) {
                uint32_t r = rk_rng_u32(5, (uint32_t)m, i);
                index[i] = r % 10 == 0 && m % 2 ? UINT32_MAX : (r & masks[m]) | 0x40000000;
            }
            check(index, sizes[s]);
        }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/sort_rows/a small example gives the words written here", by_hand);
    g_test_add_func("/base/sort_rows/is a stable sort with its segments at every size and range",
                    every_size_and_range);
    return g_test_run();
}
