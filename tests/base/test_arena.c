// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/arena.h"

#include <stdint.h>

static void
zeroed_and_aligned(void)
{
    g_autoptr(RkArena) arena = rk_arena_new();
    for (size_t size = 1; size < 300000; size = size * 3 + 1) {
        uint8_t *p = rk_arena_alloc(arena, 1, size);
        g_assert_cmpuint((uintptr_t)p % 16, ==, 0);
        for (size_t i = 0; i < size; i++)
            g_assert_cmpuint(p[i], ==, 0);
        p[0] = p[size - 1] = 0xff; // a neighbour that overlaps would not be zero
    }
    g_assert_cmpstr(rk_arena_strdup(arena, "dense"), ==, "dense");
}

static void
overflow_aborts(void)
{
    if (g_test_subprocess()) {
        g_autoptr(RkArena) arena = rk_arena_new();
        rk_arena_alloc(arena, G_MAXSIZE / 2, 3);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr("*overflow*");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/arena/memory is zeroed, aligned and not shared", zeroed_and_aligned);
    g_test_add_func("/base/arena/an overflowing size aborts", overflow_aborts);
    return g_test_run();
}
