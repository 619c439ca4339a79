// SPDX-License-Identifier: GPL-3.0-or-later
//
// A child process writes and removes datasets without end and is killed at a random moment, many
// times over on one database. Whatever is listed afterwards is whole.
#include "quick.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "fixture.h"
#include "store/doctor.h"
#include "store/sql.h"

#define N_KILLS   60
#define MAX_MS    120 // a dataset takes some 20 ms, so kills fall into every phase of one
#define MAX_ROWS  300000u
#define MAX_ALIVE 4u

static const char *program;

static uint64_t
rows_of(uint32_t seed)
{
    return rk_rng_below(77, 0, seed, MAX_ROWS);
}

// Datasets are named by their seed, so that whoever finds one knows what must be in it.
static int
write_without_end(const char *path, uint32_t first)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = rk_store_open(path, RK_STORE_DEFAULT, &error);
    for (uint32_t seed = first; store != NULL; seed++) {
        g_autofree char *name = g_strdup_printf("%u", seed);
        if (!quick_write(store, name, seed, rows_of(seed), &error))
            break;
        g_autoptr(GPtrArray) list = rk_dataset_list(store, &error);
        if (list == NULL)
            break;
        RkDatasetInfo *oldest = g_ptr_array_index(list, 0);
        if (list->len > MAX_ALIVE && !rk_dataset_remove(store, oldest->name, &error))
            break;
    }
    fprintf(stderr, "%s\n", error->message);
    return 3;
}

static pid_t
start_child(const char *path, uint32_t first)
{
    g_autofree char *text = g_strdup_printf("%u", first);
    const char *const argv[] = {program, "--write", path, text, NULL};
    g_autoptr(GError) error = NULL;
    GPid pid = 0;
    g_spawn_async(NULL, (char **)(void *)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
                  &error);
    g_assert_no_error(error);
    return pid;
}

static guint
check_all(RkStore *store)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = rk_dataset_list(store, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < list->len; i++) {
        const char *name = ((RkDatasetInfo *)g_ptr_array_index(list, i))->name;
        uint32_t seed = (uint32_t)strtoul(name, NULL, 10);
        quick_check(store, name, seed, rows_of(seed), &error);
        g_assert_no_error(error);
    }
    return list->len;
}

static void
killed_at_random(void)
{
    g_auto(Fixture) fixture = fixture_new();
    guint n_seen = 0;
    guint n_swept = 0;
    for (uint32_t k = 0; k < N_KILLS; k++) {
        pid_t pid = start_child(fixture.db, 1 + k * 1000);
        g_usleep(rk_rng_below(78, 0, k, MAX_MS * 1000));
        kill(pid, SIGKILL);
        int status = 0;
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_true(WIFSIGNALED(status)); // it had no reason to end by itself
        g_autoptr(GError) error = NULL;
        g_autoptr(RkStore) store = rk_store_open(fixture.db, RK_STORE_DEFAULT, &error);
        g_assert_no_error(error);
        n_seen += check_all(store);
        if (k % 3 > 0) // every third time the next writer sweeps, not doctor
            continue;
        const RkDoctorOptions repair = {.repair = TRUE};
        g_autoptr(RkDoctorReport) report = rk_doctor_run(store, &repair, &error);
        g_assert_no_error(error);
        g_assert_true(rk_doctor_report_is_healthy(report));
        n_swept += report->findings->len;
        int64_t n_left = 0;
        g_assert_true(rk_sql_int(store, &n_left, -1, &error,
                                 "SELECT (SELECT count(*) FROM dataset WHERE name IS NULL) + "
                                 "(SELECT count(*) FROM column_chunk c LEFT JOIN field f "
                                 "ON c.field = f.id WHERE f.id IS NULL)",
                                 ""));
        g_assert_cmpint(n_left, ==, 0);
        check_all(store);
    }
    g_test_message("%u datasets checked, %u times something was swept", n_seen, n_swept);
    g_assert_cmpuint(n_seen, >, 0);
    g_assert_cmpuint(n_swept, >, 0); // kills did fall into imports
}

int
main(int argc, char **argv)
{
    program = argv[0];
    if (argc == 4 && strcmp(argv[1], "--write") == 0)
        return write_without_end(argv[2], (uint32_t)strtoul(argv[3], NULL, 10));
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/crash/killed at random moments, datasets are whole or absent",
                    killed_at_random);
    return g_test_run();
}
