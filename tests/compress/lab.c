// SPDX-License-Identifier: GPL-3.0-or-later
#include "lab.h"

#include <glib/gstdio.h>

static char *folder, *db;

void
lab_run(const char *line)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) words = NULL;
    g_autofree char *program = g_build_filename(g_getenv("RANKINE_TEST_BUILD"), "rankine", NULL);
    g_autofree char *all = g_strdup_printf("%s %s --db %s --quiet", program, line, db);
    int status;
    g_assert_true(g_shell_parse_argv(all, NULL, &words, &error));
    g_spawn_sync(NULL, words, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status,
                 &error);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
}

void
lab_begin(const char *const *lines, size_t n)
{
    g_autoptr(GError) error = NULL;
    folder = g_dir_make_tmp("rankine-compress-XXXXXX", &error);
    g_assert_no_error(error);
    db = g_build_filename(folder, "t.db", NULL);
    for (size_t i = 0; i < n; i++)
        lab_run(lines[i]);
}

void
lab_end(void)
{
    g_remove(db);
    g_rmdir(folder);
    g_clear_pointer(&db, g_free);
    g_clear_pointer(&folder, g_free);
}

RkStore *
lab_store(void)
{
    g_autoptr(GError) error = NULL;
    RkStore *store = rk_store_open(db, RK_STORE_EXISTING, &error);
    g_assert_no_error(error);
    return store;
}
