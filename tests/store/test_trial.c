// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include "base/rng.h"
#include "store/trial.h"

#include <string.h>

#define N 100000u // more than a chunk

static int64_t *
values_new(uint32_t stream)
{
    int64_t *values = g_new(int64_t, N);
    for (uint32_t i = 0; i < N; i++)
        values[i] = (int64_t)i * 10000 + rk_rng_below(3, stream, i, 5000);
    return values;
}

static gboolean
keep(RkStore *store, int64_t id, const char *trial, uint32_t repeat, uint64_t n, GError **error)
{
    g_autofree int64_t *a = values_new(repeat), *b = values_new(repeat + 100);
    const RkTrialField fields[] = {{"scheduled_ns", a}, {"done_ns", b}};
    const RkTrialRecord record = {.trial = trial,
                                  .config = "{}",
                                  .repeat = repeat,
                                  .result = "{\"valid\":true}",
                                  .n = n,
                                  .fields = fields,
                                  .n_fields = 2};
    return rk_trials_keep(store, id, &record, error);
}

static void
kept_and_read(void)
{
    g_autoptr(GError) error = NULL;
    g_auto(Fixture) fixture = fixture_new();
    int64_t id = 0;
    gboolean resumed = TRUE;
    g_autoptr(RkStore) store = fixture_open(&fixture);
    g_assert_true(rk_trials_begin(store, "abc", "s", "{}", FALSE, &id, &resumed, &error));
    g_assert_false(resumed);
    g_assert_true(keep(store, id, "t1", 0, N, &error));
    g_assert_true(keep(store, id, "t2", 0, 0, &error));
    g_assert_true(keep(store, id, "t1", 1, 7, &error));
    g_autoptr(GPtrArray) all = rk_trials_list(store, id, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(all->len, ==, 3);
    const RkStoredTrial *first = g_ptr_array_index(all, 0);
    g_assert_cmpstr(first->trial, ==, "t1");
    g_assert_cmpstr(first->result, ==, "{\"valid\":true}");
    for (guint i = 0; i < all->len; i++) {
        const RkStoredTrial *one = g_ptr_array_index(all, i);
        g_autofree int64_t *wanted = values_new(one->repeat + 100);
        g_autofree int64_t *got = rk_trials_values(store, one, "done_ns", &error);
        g_assert_no_error(error);
        g_assert_cmpmem(got, one->n * sizeof *got, wanted, one->n * sizeof *wanted);
    }
    g_autoptr(GPtrArray) own = rk_trials_repeats(store, id, "t1", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(own->len, ==, 2);
    g_assert_cmpuint(((RkStoredTrial *)own->pdata[0])->n, ==, N);
    g_assert_cmpuint(((RkStoredTrial *)own->pdata[1])->repeat, ==, 1);
    g_autoptr(GPtrArray) none = rk_trials_repeats(store, id + 1, "t1", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_null(rk_trials_values(store, first, "colour", &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_true(rk_trials_remove(store, id, &error));
    g_clear_pointer(&all, g_ptr_array_unref);
    all = rk_trials_list(store, id, &error);
    g_assert_cmpuint(all->len, ==, 0);
}

static void
kept_once(void)
{
    g_autoptr(GError) error = NULL;
    g_auto(Fixture) fixture = fixture_new();
    int64_t id = 0;
    g_autoptr(RkStore) store = fixture_open(&fixture);
    g_assert_true(rk_trials_begin(store, "abc", "s", "{}", TRUE, &id, NULL, &error));
    g_assert_true(keep(store, id, "t1", 0, 10, &error));
    g_assert_false(keep(store, id, "t1", 0, 20, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_DATABASE);
    g_assert_nonnull(strstr(error->message, "repeat 1 of trial t1"));
    g_autoptr(GPtrArray) all = rk_trials_list(store, id, NULL);
    g_assert_cmpuint(all->len, ==, 1);
    g_assert_cmpuint(((RkStoredTrial *)g_ptr_array_index(all, 0))->n, ==, 10);
}

static void
resumed(void)
{
    g_autoptr(GError) error = NULL;
    g_auto(Fixture) fixture = fixture_new();
    int64_t first = 0, again = 0, fresh = 0, other = 0;
    gboolean was = FALSE;
    g_autoptr(RkStore) store = fixture_open(&fixture);
    g_assert_true(rk_trials_begin(store, "abc", "s", "{}", FALSE, &first, NULL, &error));
    g_assert_true(rk_trials_begin(store, "abc", "s", "{}", TRUE, &again, &was, &error));
    g_assert_true(was);
    g_assert_cmpint(first, ==, again);
    g_assert_true(rk_trials_begin(store, "other", "s", "{}", TRUE, &other, &was, &error));
    g_assert_false(was);
    g_assert_cmpint(other, !=, first);
    g_assert_true(rk_trials_begin(store, "abc", "s", "{}", FALSE, &fresh, &was, &error));
    g_assert_true(rk_trials_begin(store, "abc", "s", "{}", TRUE, &again, &was, &error));
    g_assert_cmpint(again, ==, fresh); // the newest
    g_assert_cmpint(fresh, !=, first);
}

static void
runs_are_listed(void)
{
    g_autoptr(GError) error = NULL;
    g_auto(Fixture) fixture = fixture_new();
    int64_t first = 0, second = 0;
    g_autoptr(RkStore) store = fixture_open(&fixture);
    g_assert_true(rk_trials_begin(store, "abc", "one", "{\"a\":1}", FALSE, &first, NULL, &error));
    g_assert_true(rk_trials_begin(store, "def", "two", "{}", FALSE, &second, NULL, &error));
    g_assert_true(keep(store, first, "t1", 0, 3, &error));
    g_assert_true(keep(store, first, "t1", 1, 3, &error));
    g_assert_true(keep(store, first, "t2", 0, 3, &error));
    g_assert_null(rk_trials_run_results(store, first, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_true(rk_trials_keep_results(store, first, "{\"r\":1}", TRUE, &error));
    g_autoptr(GPtrArray) runs = rk_trials_runs(store, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(runs->len, ==, 2);
    const RkStoredSuite *newest = g_ptr_array_index(runs, 0), *older = g_ptr_array_index(runs, 1);
    g_assert_cmpint(newest->id, ==, second);
    g_assert_false(newest->has_results);
    g_assert_cmpuint(newest->n_trials, ==, 0);
    g_assert_cmpstr(older->name, ==, "one");
    g_assert_cmpstr(older->recipe, ==, "abc");
    g_assert_cmpuint(older->n_trials, ==, 2);
    g_assert_cmpuint(older->n_repeats, ==, 3);
    g_assert_true(older->has_results && older->complete);
    g_autofree char *suite = rk_trials_run_suite(store, first, &error);
    g_autofree char *results = rk_trials_run_results(store, first, &error);
    g_assert_cmpstr(suite, ==, "{\"a\":1}");
    g_assert_cmpstr(results, ==, "{\"r\":1}");
    g_assert_null(rk_trials_run_suite(store, 99, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_NOT_FOUND);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/trial/repeats are kept with their raw records", kept_and_read);
    g_test_add_func("/store/trial/a repeat is kept once", kept_once);
    g_test_add_func("/store/trial/the newest run of a recipe goes on", resumed);
    g_test_add_func("/store/trial/runs are listed with what they found", runs_are_listed);
    return g_test_run();
}
