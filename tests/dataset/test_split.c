// SPDX-License-Identifier: GPL-3.0-or-later
#include "memory.h"

#include "base/rng.h"
#include "dataset/split.h"

#include <string.h>

#define N_USERS 700u

// Events of users at times with many ties, in no order of time; some lack the time or the user.
static Memory *
events(uint32_t n_rows, uint32_t seed, int64_t span)
{
    RkSchema *schema = rk_schema_new();
    RkTable *table = rk_schema_add_table(schema, "events", RK_TABLE_EVENTS);
    rk_table_add_field(table, "user", RK_FIELD_USER);
    rk_table_add_field(table, "time", RK_FIELD_TIMESTAMP);
    Memory *memory = memory_new(schema);
    g_autoptr(RkChunk) chunk = rk_chunk_new(table, 0, 0, n_rows);
    for (uint32_t i = 0; i < n_rows; i++) {
        uint32_t u = rk_rng_below(seed, 1, i, N_USERS);
        chunk->columns[0].code[i] =
            rk_rng_below(seed, 2, i, 90) == 0 ? RK_CODE_MISSING : u * u / N_USERS;
        int64_t t =
            -5 + rk_rng_below(seed, 3, i, (uint32_t)MIN(span, UINT32_MAX)) * (span >> 32 | 1);
        chunk->columns[1].time[i] = rk_rng_below(seed, 4, i, 80) == 0 ? INT64_MIN : t;
    }
    memory_add(memory, chunk);
    return memory;
}

static RkSplit *
build(Memory *memory, const char *settings, uint64_t seed)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkParams) params = rk_params_new(rk_split_params, rk_n_split_params);
    g_auto(GStrv) words = g_strsplit(settings, " ", -1);
    for (int i = 0; words[i] != NULL; i++)
        rk_params_assign(params, words[i], &error);
    g_assert_no_error(error);
    RkSplit *split = rk_split_build(&memory->source, params, seed, N_USERS, NULL, &error);
    g_assert_no_error(error);
    return split;
}

static void
check_counts(const RkSplit *split)
{
    uint64_t n[RK_N_PARTS] = {0};
    for (uint64_t row = 0; row < rk_split_n_rows(split); row++)
        n[rk_split_part(split, row)]++;
    for (int part = 0; part < RK_N_PARTS; part++)
        g_assert_cmpuint(n[part], ==, rk_split_n(split, (RkPart)part));
}

static void
temporal_never_looks_ahead(void)
{
    static const int64_t SPANS[] = {2, 50, 100000, 4000000000, (int64_t)1 << 60};
    for (uint32_t seed = 0; seed < 10; seed++) {
        int64_t span = SPANS[seed % G_N_ELEMENTS(SPANS)];
        g_autoptr(Memory) memory = events(seed < 2 ? 150000 : 3000, seed, span);
        g_autoptr(RkSplit) split = build(memory,
                                         span > 2 ? "split=temporal split.test=0.15 split.valid=0.2"
                                                  : "split=temporal split.test=0.6 split.valid=0.1",
                                         1);
        check_counts(split);
        const int64_t *time = memory_column(memory, 0, "time")->time;
        int64_t low[3] = {INT64_MAX, INT64_MAX, INT64_MAX},
                high[3] = {INT64_MIN, INT64_MIN, INT64_MIN};
        uint64_t n = 0;
        for (uint64_t row = 0; row < rk_split_n_rows(split); row++) {
            RkPart part = rk_split_part(split, row);
            g_assert_cmpint(part == RK_PART_NONE, ==, time[row] == INT64_MIN);
            if (part == RK_PART_NONE)
                continue;
            low[part] = MIN(low[part], time[row]);
            high[part] = MAX(high[part], time[row]);
            n++;
        }
        g_assert_cmpint(high[RK_PART_TRAIN], <, low[RK_PART_VALID]);
        g_assert_cmpint(high[RK_PART_TRAIN], <, low[RK_PART_TEST]);
        g_assert_true(rk_split_n(split, RK_PART_VALID) == 0 ||
                      high[RK_PART_VALID] < low[RK_PART_TEST]);
        if (span < 100000)
            continue;
        // Exact but for the ties of one second, here under 2 in 100000 rows each.
        g_assert_cmpfloat_with_epsilon((double)rk_split_n(split, RK_PART_TEST) / n, 0.15, 2e-3);
        g_assert_cmpfloat_with_epsilon((double)rk_split_n(split, RK_PART_VALID) / n, 0.2, 2e-3);
        g_assert_cmpuint(rk_split_n(split, RK_PART_TEST), <=, (uint64_t)(0.15 * n));
    }
}

// The boundary against a sort: the earliest time with at most the asked share at it or later.
static int
compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void
temporal_boundary_is_exact(void)
{
    for (uint32_t seed = 20; seed < 30; seed++) {
        g_autoptr(Memory) memory = events(2000, seed, seed % 2 ? 300 : 1ll << 50);
        g_autoptr(RkSplit) split = build(memory, "split=temporal split.test=0.2 split.valid=0", 1);
        const RkColumn *column = memory_column(memory, 0, "time");
        g_autofree int64_t *sorted = g_memdup2(column->time, column->n_rows * sizeof(int64_t));
        qsort(sorted, column->n_rows, sizeof *sorted, compare_times);
        uint32_t n_missing = 0, n = column->n_rows;
        while (sorted[n_missing] == INT64_MIN)
            n_missing++;
        uint32_t at = n, target = (uint32_t)((n - n_missing) * 0.2);
        for (uint32_t i = n; i-- > n_missing;)
            if (i == n_missing || sorted[i - 1] != sorted[i])
                at = n - i <= target ? i : at;
        g_assert_cmpuint(rk_split_n(split, RK_PART_TEST), ==, n - at);
    }
}

static void
leave_last_is_the_last(void)
{
    for (int kept = 1; kept <= 2; kept++)
        for (uint32_t seed = 40; seed < 46; seed++) {
            g_autoptr(Memory) memory = events(seed == 40 ? 140000 : 2500, seed, 200);
            g_autoptr(RkSplit) split =
                build(memory, kept == 1 ? "split=leave-last" : "split=leave-last-two", 1);
            check_counts(split);
            const uint32_t *user = memory_column(memory, 0, "user")->code;
            const int64_t *time = memory_column(memory, 0, "time")->time;
            // Per user: how many in each part, and the extremes of (time, row).
            struct {
                uint32_t n[3];
                int64_t high[3], low[3];
            } *u = g_malloc0_n(N_USERS, sizeof *u);
            for (uint32_t i = 0; i < N_USERS; i++)
                for (int p = 0; p < 3; p++) {
                    u[i].high[p] = INT64_MIN;
                    u[i].low[p] = INT64_MAX;
                }
            uint64_t n_rows = rk_split_n_rows(split);
            for (uint64_t row = 0; row < n_rows; row++) {
                RkPart part = rk_split_part(split, row);
                g_assert_cmpint(part, !=, RK_PART_NONE);
                if (user[row] == RK_CODE_MISSING) {
                    g_assert_cmpint(part, ==, RK_PART_TRAIN);
                    continue;
                }
                int64_t order =
                    (time[row] == INT64_MIN ? -1000 : time[row]) * (int64_t)n_rows + (int64_t)row;
                u[user[row]].n[part]++;
                u[user[row]].high[part] = MAX(u[user[row]].high[part], order);
                u[user[row]].low[part] = MIN(u[user[row]].low[part], order);
            }
            for (uint32_t i = 0; i < N_USERS; i++) {
                uint32_t n = u[i].n[0] + u[i].n[1] + u[i].n[2], enough = n > (uint32_t)kept;
                g_assert_cmpuint(u[i].n[RK_PART_TEST], ==, enough);
                g_assert_cmpuint(u[i].n[RK_PART_VALID], ==, enough && kept == 2);
                if (!enough)
                    continue;
                g_assert_cmpint(u[i].high[RK_PART_TRAIN], <, u[i].low[RK_PART_TEST]);
                if (kept == 2) {
                    g_assert_cmpint(u[i].high[RK_PART_TRAIN], <, u[i].low[RK_PART_VALID]);
                    g_assert_cmpint(u[i].high[RK_PART_VALID], <, u[i].low[RK_PART_TEST]);
                }
            }
            g_free(u);
        }
}

static void
random_and_folds(void)
{
    const uint32_t N = 200001;
    g_autoptr(Memory) memory = events(N, 60, 100);
    g_autoptr(RkSplit) a = build(memory, "split.test=0.3 split.valid=0.05", 5);
    g_autoptr(RkSplit) b = build(memory, "split.test=0.3 split.valid=0.05", 5);
    g_autoptr(RkSplit) c = build(memory, "split.test=0.3 split.valid=0.05", 6);
    check_counts(a);
    // Five standard deviations of a binomial count.
    g_assert_cmpfloat_with_epsilon((double)rk_split_n(a, RK_PART_TEST), 0.3 * N, 5 * 205);
    g_assert_cmpfloat_with_epsilon((double)rk_split_n(a, RK_PART_VALID), 0.05 * N, 5 * 98);
    uint32_t differ = 0;
    for (uint32_t row = 0; row < N; row++) {
        g_assert_cmpint(rk_split_part(a, row), ==, rk_split_part(b, row));
        differ += rk_split_part(a, row) != rk_split_part(c, row);
    }
    g_assert_cmpuint(differ, >, N / 4);
    uint8_t part[1000]; // in bulk from any row, the same
    for (uint64_t first = 0; first < 7; first++) {
        rk_split_parts(a, first, sizeof part, part);
        for (uint32_t i = 0; i < sizeof part; i++)
            g_assert_cmpuint(part[i], ==, rk_split_part(a, first + i));
    }

    g_autoptr(RkSplit) folds = build(memory, "split=k-fold split.folds=7", 5);
    g_autofree uint8_t *tested = g_new0(uint8_t, N);
    for (uint32_t f = 0; f < 7; f++) {
        g_autoptr(RkSplit) fold = rk_split_fold(folds, f);
        check_counts(fold);
        g_assert_cmpfloat_with_epsilon((double)rk_split_n(fold, RK_PART_TEST), N / 7.0, 5 * 157);
        for (uint32_t row = 0; row < N; row++)
            tested[row] += rk_split_part(fold, row) == RK_PART_TEST;
    }
    for (uint32_t row = 0; row < N; row++) // each row tests in exactly one fold
        g_assert_cmpuint(tested[row], ==, 1);
    g_assert_null(rk_split_fold(folds, 7));
}

static void
kept_and_read_again(void)
{
    static const char *const SETTINGS[] = {"split=random", "split=leave-last-two", "split=temporal",
                                           "split=k-fold split.fold=3", "split=all"};
    g_autoptr(Memory) memory = events(5003, 70, 5000);
    for (size_t s = 0; s < G_N_ELEMENTS(SETTINGS); s++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RkSplit) split = build(memory, SETTINGS[s], 0x8000000000000123u);
        g_autofree char *json = rk_split_to_json(split);
        g_autoptr(GBytes) bytes = rk_split_to_bytes(split);
        g_autoptr(RkSplit) again = rk_split_from_json(json, bytes, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(rk_split_kind(again), ==, rk_split_kind(split));
        for (uint64_t row = 0; row < 5003; row++)
            g_assert_cmpint(rk_split_part(again, row), ==, rk_split_part(split, row));
        if (bytes == NULL)
            continue;
        g_autoptr(GBytes) cut = g_bytes_new_from_bytes(bytes, 0, g_bytes_get_size(bytes) - 1);
        g_assert_null(rk_split_from_json(json, cut, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
    }
    const uint64_t end[] = {10, 10, 13, 20};
    const RkPart part[] = {RK_PART_TRAIN, RK_PART_VALID, RK_PART_TEST, RK_PART_VALID};
    g_autoptr(RkSplit) files = rk_split_new_ranges(end, part, 4);
    g_assert_cmpuint(rk_split_n(files, RK_PART_TRAIN), ==, 10);
    g_assert_cmpuint(rk_split_n(files, RK_PART_TEST), ==, 3);
    g_assert_cmpint(rk_split_part(files, 12), ==, RK_PART_TEST);
    g_assert_cmpint(rk_split_part(files, 13), ==, RK_PART_VALID);
    const uint8_t keep[] = {0xaa, 0xff, 0x01}; // rows 1 3 5 7 8..15 16
    g_autoptr(RkSplit) kept = rk_split_filter(files, keep);
    g_assert_cmpuint(rk_split_n_rows(kept), ==, 13);
    g_assert_cmpuint(rk_split_n(kept, RK_PART_TRAIN), ==, 6);
    g_assert_cmpuint(rk_split_n(kept, RK_PART_TEST), ==, 3);
    g_assert_cmpint(rk_split_part(kept, 6), ==, RK_PART_TEST);
    g_assert_cmpint(rk_split_part(kept, 9), ==, RK_PART_VALID);
}

static void
refusals(void)
{
    static const struct {
        const char *settings, *message;
        int64_t span;
    } rows[] = {
        {"split=temporal", "*share the last second*Raise split.test*", 1},
        {"split.test=0.6 split.valid=0.5", "*nothing to train on*", 100},
        {"split=k-fold split.fold=5", "*below split.folds*", 100},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Memory) memory = events(100, 80, rows[i].span);
        g_autoptr(RkParams) params = rk_params_new(rk_split_params, rk_n_split_params);
        g_auto(GStrv) words = g_strsplit(rows[i].settings, " ", -1);
        for (int w = 0; words[w] != NULL; w++)
            rk_params_assign(params, words[w], NULL);
        g_assert_null(rk_split_build(&memory->source, params, 1, N_USERS, NULL, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
        if (!g_pattern_match_simple(rows[i].message, error->message))
            g_error("%s", error->message);
    }
    RkSchema *schema = rk_schema_new();
    rk_table_add_field(rk_schema_add_table(schema, "events", RK_TABLE_EVENTS), "x",
                       RK_FIELD_NUMBER);
    g_autoptr(Memory) bare = memory_new(schema);
    static const char *const NEEDS[][2] = {{"temporal", "*kind=timestamp*"},
                                           {"leave-last", "*kind=user*"}};
    for (size_t i = 0; i < G_N_ELEMENTS(NEEDS); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RkParams) params = rk_params_new(rk_split_params, rk_n_split_params);
        rk_params_set(params, "split", NEEDS[i][0], NULL);
        g_assert_null(rk_split_build(&bare->source, params, 1, 0, NULL, &error));
        g_assert_true(g_pattern_match_simple(NEEDS[i][1], error->message));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dataset/split/temporal parts never overlap in time",
                    temporal_never_looks_ahead);
    g_test_add_func("/dataset/split/the temporal boundary is the one a sort finds",
                    temporal_boundary_is_exact);
    g_test_add_func("/dataset/split/leave-last leaves out the last events of each user",
                    leave_last_is_the_last);
    g_test_add_func("/dataset/split/random parts and folds follow the seed and cover every row",
                    random_and_folds);
    g_test_add_func("/dataset/split/a split is the same when stored and read again",
                    kept_and_read_again);
    g_test_add_func("/dataset/split/what a dataset can't give is refused with a remedy", refusals);
    return g_test_run();
}
