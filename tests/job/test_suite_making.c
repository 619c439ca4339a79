// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a suite must make first, told from a store that nothing is made in.
#include "job/suite_making.h"
#include "job/suite_served.h"
#include "dataset/synth.h"
#include "store/intake.h"
#include "store/run.h"
#include "store/sql.h"

#include <string.h>

static const char SUITE[] =
    "{\"rankine\": 1, \"name\": \"m\", \"data\": {%s},"
    " \"models\": [{\"model\": \"mf\", \"set\": {\"epochs\": 4}}, {\"model\": \"neumf\"}],"
    " \"sweep\": {\"model\": [\"mf\", \"neumf\"], \"precision\": [\"fp32\", \"int8\"],"
    " \"batch.max\": [1, 8]}}";

static RkSuite *
suite_new(const RkSuiteTables *tables, const char *data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf(SUITE, data);
    RkSuite *suite = rk_suite_parse(text, "m.json", tables->tables, tables->n, &error);
    g_assert_no_error(error);
    return suite;
}

static RkSuiteMaking
making_of(RkStore *store, const RkSuite *suite)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) specs = rk_suite_trials(suite);
    RkSuiteMaking making;
    g_assert_true(rk_suite_making(store, suite, specs, &making, &error));
    g_assert_no_error(error);
    return making;
}

static void
nothing_there(void)
{
    g_autoptr(RkSuiteTables) tables = rk_suite_tables_new();
    g_autoptr(RkSuite) suite = suite_new(tables, "\"synth\": \"ratings\", \"rows\": 1000");
    g_auto(RkSuiteMaking) making = making_of(NULL, suite);
    g_assert_true(making.data);
    g_assert_cmpuint(making.n_train, ==, 2);
    g_assert_cmpuint(making.n_compress, ==, 2);
    g_assert_cmpuint(making.n_timed, ==, 0);
    g_assert_cmpuint(making.untimed->len, ==, 2);
    g_assert_cmpstr(making.untimed->pdata[0], ==, "mf");
    g_assert_cmpstr(making.untimed->pdata[1], ==, "neumf");
}

static void
make_data(RkStore *store, const char *name, uint64_t n_events)
{
    g_autoptr(GError) error = NULL;
    const RkParam *table;
    size_t n;
    g_assert_true(rk_synth_kind("ratings", &table, &n, NULL, NULL, &error));
    g_autoptr(RkParams) params = rk_params_new(table, n);
    g_autoptr(RkSynth) synth = rk_synth_new("ratings", params, 1, n_events, &error);
    g_assert_no_error(error);
    g_autoptr(RkParams) how = rk_params_new(rk_split_params, rk_n_split_params);
    g_autoptr(RkSplit) made = rk_split_build(rk_synth_source(synth), how, 1,
                                             rk_synth_vocabulary_size(synth, "user"), NULL, &error);
    g_assert_no_error(error);
    g_autoptr(RkDatasetWriter) writer =
        rk_dataset_writer_new(store, name, rk_synth_source(synth)->schema, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(rk_intake_synth(writer, rk_dataset_writer_chunks(writer), synth, made, NULL, 1,
                                  NULL, &error));
    g_assert_true(rk_dataset_writer_commit(writer, &error));
}

// A run of 2 epochs over 500 events that took 10 s says 40 s for 4 epochs over 1000.
static void
earlier_run(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, &error);
    g_assert_no_error(error);
    make_data(store, "small", 500);
    make_data(store, "large", 1000);
    const RkStoredRun run = {.name = "a",
                             .kind = "mf",
                             .dataset = "small",
                             .device = "d",
                             .driver = "d",
                             .config = "{\"epochs\": 2}",
                             .created_s = 1000};
    int64_t id;
    g_assert_true(rk_run_start(store, &run, &id, &error));
    g_autoptr(RkSuiteTables) tables = rk_suite_tables_new();
    g_autoptr(RkSuite) suite = suite_new(tables, "\"dataset\": \"large\"");
    g_auto(RkSuiteMaking) before = making_of(store, suite);
    g_assert_cmpuint(before.n_timed, ==, 0); // it hasn't ended
    g_assert_true(rk_run_set_status(store, id, RK_RUN_DONE, NULL, &error));
    g_assert_true(rk_sql_exec(store, "UPDATE run SET created_s = 1000, ended_s = 1010", &error));
    g_auto(RkSuiteMaking) making = making_of(store, suite);
    g_assert_false(making.data);
    g_assert_cmpuint(making.n_train, ==, 2);
    g_assert_cmpuint(making.n_timed, ==, 1);
    g_assert_cmpfloat(making.seconds, ==, 40);
    g_assert_cmpuint(making.untimed->len, ==, 1);
    g_assert_cmpstr(making.untimed->pdata[0], ==, "neumf");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/job/suite_making/all is to be made where there is no database",
                    nothing_there);
    g_test_add_func("/job/suite_making/an earlier run tells the time of as many epochs and events",
                    earlier_run);
    return g_test_run();
}
