// SPDX-License-Identifier: GPL-3.0-or-later
//
// How fast a ratings CSV comes in, beside the sqlite3 shell's .import of the same file: both as
// processes of their own, alternating, so that the ratio of a round stands for itself. Prints a
// line a round and the medians. The file looks like MovieLens 20M: sorted by user, Zipf items
// ascending within a user, half stars, sessions in time; --log shuffles users as a log has them.
//
//   bench-import RANKINE [--rows N] [--rounds N] [--log] [--folder DIR]
#include "base/clock.h"
#include "base/rng.h"
#include "dataset/alias.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEED        1u
#define N_USERS     138493u // of MovieLens 20M, and its 26,744 items
#define N_ITEMS     26744u
#define MEAN_LENGTH 144.0 // rows a user
#define MAX_LENGTH  4000u

static gint n_rows = 20000000;
static gint n_rounds = 3;
static gboolean as_log;
static char *folder;

typedef struct {
    double wall_s, cpu_s;
    double peak_mib; // resident
    double file_mib; // the database
} Cost;

// ---- the file ------------------------------------------------------------------------------

static RkAlias *
make_items(void)
{
    g_autofree double *weights = g_new(double, N_ITEMS);
    for (uint32_t i = 0; i < N_ITEMS; i++) // rank by a bijection, so that ids don't tell it
        weights[rk_rng_permute(SEED, 7, N_ITEMS, i)] = 1.0 / (i + 20.0);
    return rk_alias_new(weights, N_ITEMS);
}

static int
compare_ids(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a;
    const uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

// One user's rows, or one row of a log.
static uint32_t
write_user(FILE *file, const RkAlias *items, uint32_t user, uint32_t n, uint64_t start, uint64_t at)
{
    static const char *const STARS[] = {"0.5", "1.0", "1.5", "2.0", "2.5",
                                        "3.0", "3.5", "4.0", "4.5", "5.0"};
    static const uint8_t MOST[] = {0, 1, 1, 2, 3, 3, 4, 5, 5, 5, 5, 6, 6, 7, 7, 7, 7, 8, 9, 9};
    uint32_t ids[MAX_LENGTH];
    uint32_t n_kept = 0;
    for (uint32_t i = 0; i < n; i++)
        ids[i] = rk_alias_draw(items, rk_rng_u64(SEED, 1, at + i)) * 5 + 1;
    qsort(ids, n, sizeof *ids, compare_ids);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t draw = rk_rng_u32(SEED, 2, at + i);
        if (i > 0 && ids[i] == ids[i - 1])
            continue;
        fprintf(file, "%u,%u,%s,%" G_GUINT64_FORMAT "\n", user, ids[i],
                STARS[MOST[draw % G_N_ELEMENTS(MOST)]], start + (draw >> 8) % (n * 20));
        n_kept++;
    }
    return n_kept;
}

static gboolean
write_ratings(const char *path)
{
    g_autoptr(RkAlias) items = make_items();
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return FALSE;
    fputs("userId,movieId,rating,timestamp\n", file);
    uint32_t done = 0;
    for (uint64_t draw = 0; done < (uint32_t)n_rows; draw++) {
        const uint64_t spread = rk_rng_below(SEED, 3, draw, 600000000);
        if (as_log) {
            const uint32_t user = rk_rng_below(SEED, 4, draw, N_USERS) + 1;
            done += write_user(file, items, user, 1, 789652009 + draw * 30, draw * MAX_LENGTH);
            continue;
        }
        const double length = 20 - (MEAN_LENGTH - 20) * log(1 - rk_rng_double(SEED, 4, draw));
        const uint32_t n = MIN((uint32_t)length, MIN(MAX_LENGTH, (uint32_t)n_rows - done));
        done +=
            write_user(file, items, (uint32_t)draw + 1, n, 789652009 + spread, draw * MAX_LENGTH);
    }
    return fclose(file) == 0;
}

// ---- the two -------------------------------------------------------------------------------

static double
mib_of(const char *path)
{
    struct stat info = {0};
    return stat(path, &info) == 0 ? (double)info.st_size / (1 << 20) : 0;
}

static double
seconds_of(struct timeval time)
{
    return (double)time.tv_sec + 1e-6 * (double)time.tv_usec;
}

// Runs a program to its end, its output to nowhere.
static Cost
run_program(char **words, const char *database)
{
    const char *const suffixes[] = {"", "-wal", "-shm", "-writer"};
    for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *path = g_strconcat(database, suffixes[i], NULL);
        g_unlink(path);
    }
    struct rusage usage = {0};
    int status = 0;
    const uint64_t start_ns = rk_clock_ns();
    const pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stdout) == NULL)
            _exit(126);
        execvp(words[0], words);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0)
        g_error("%s failed (status %d)", words[0], status);
    return (Cost){.wall_s = (double)(rk_clock_ns() - start_ns) * 1e-9,
                  .cpu_s = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime),
                  .peak_mib = (double)usage.ru_maxrss / 1024,
                  .file_mib = mib_of(database)};
}

static Cost
run_shell(const char *csv)
{
    g_autofree char *database = g_build_filename(folder, "shell.db", NULL);
    g_autofree char *import = g_strdup_printf(".import %s ratings", csv);
    char *words[] = {"sqlite3", "-csv", database, import, NULL};
    return run_program(words, database);
}

static Cost
run_rankine(char *rankine, char *csv)
{
    g_autofree char *database = g_build_filename(folder, "rankine.db", NULL);
    char *words[] = {rankine, "import", csv, "--as", "ratings", "--db", database, "--quiet", NULL};
    return run_program(words, database);
}

static int
compare_reals(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static gboolean
read_options(int *argc, char ***argv)
{
    const GOptionEntry entries[] = {
        {"rows", 0, 0, G_OPTION_ARG_INT, &n_rows, "Rows of the file (20,000,000)", "N"},
        {"rounds", 0, 0, G_OPTION_ARG_INT, &n_rounds, "Rounds of both programs (3)", "N"},
        {"log", 0, 0, G_OPTION_ARG_NONE, &as_log, "In time order, users at random", NULL},
        {"folder", 0, 0, G_OPTION_ARG_FILENAME, &folder, "For the files (a temporary one)", "DIR"},
        G_OPTION_ENTRY_NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GOptionContext) context = g_option_context_new("RANKINE");
    g_option_context_add_main_entries(context, entries, NULL);
    if (g_option_context_parse(context, argc, argv, &error) && *argc == 2 && n_rows > 0 &&
        n_rounds > 0)
        return TRUE;
    fprintf(stderr, "Can't start: %s\n",
            error ? error->message : "name the rankine program; rows and rounds are positive.");
    return FALSE;
}

int
main(int argc, char **argv)
{
    if (!read_options(&argc, &argv))
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0); // nothing waits in it when a child is made
    if (folder == NULL)
        folder = g_dir_make_tmp("rankine-bench-XXXXXX", NULL);
    g_autofree char *csv = g_build_filename(folder, "ratings.csv", NULL);
    if (!write_ratings(csv))
        g_error("can't write %s", csv);
    const double csv_mib = mib_of(csv);
    printf("%s: %d rows, %.1f MiB\n", as_log ? "log" : "by user", n_rows, csv_mib);
    g_autofree double *ratios = g_new(double, n_rounds);
    for (int round = 0; round < n_rounds; round++) {
        const Cost shell = run_shell(csv);
        const Cost rankine = run_rankine(argv[1], csv);
        ratios[round] = shell.wall_s / rankine.wall_s;
        printf("sqlite3 .import %7.2f s (cpu %7.2f)  %6.1f MiB peak  %7.1f MiB file\n"
               "rankine import  %7.2f s (cpu %7.2f)  %6.1f MiB peak  %7.1f MiB file (%.3f of the "
               "CSV)  %.2f x as fast\n",
               shell.wall_s, shell.cpu_s, shell.peak_mib, shell.file_mib, rankine.wall_s,
               rankine.cpu_s, rankine.peak_mib, rankine.file_mib, rankine.file_mib / csv_mib,
               ratios[round]);
    }
    qsort(ratios, (size_t)n_rounds, sizeof *ratios, compare_reals);
    printf("median of %d rounds: %.2f x as fast\n", n_rounds, ratios[n_rounds / 2]);
    const char *const names[] = {"ratings.csv", "shell.db", "rankine.db", "rankine.db-writer"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder, names[i], NULL);
        g_unlink(path);
    }
    g_rmdir(folder);
    return 0;
}
