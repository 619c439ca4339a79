// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/settings.h"
#include "bench/sweep.h"

#include <string.h>

static const RkParam SERVER[] = {
    {.name = "batch.max",
     .type = RK_PARAM_INT,
     .min = 1,
     .max = 4096,
     .initial = "1",
     .help = "Most queries of a batch"},
    {.name = "cache.policy",
     .type = RK_PARAM_CHOICE,
     .initial = "none",
     .choices = "none|lru|s3fifo",
     .help = "What the cache keeps"},
};

static RkSuite *
parse(const char *text, GError **error)
{
    const RkAxisTable tables[] = {{RK_PLACE_SERVE, SERVER, G_N_ELEMENTS(SERVER)},
                                  {RK_PLACE_LOAD, rk_load_params, rk_n_load_params}};
    return rk_suite_parse(text, "suites/s.json", tables, G_N_ELEMENTS(tables), error);
}

#define HEAD                                                                                       \
    "{\"rankine\": 1, \"data\": {\"synth\": \"ctr\", \"rows\": 1000},"                             \
    " \"models\": [{\"name\": \"a\", \"model\": \"deepfm\", \"set\": {\"dim\": 4}},"               \
    " {\"name\": \"b\", \"model\": \"dlrm\"}]"

static void
read_whole(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkSuite) suite =
        parse(HEAD ", \"sweep\": {\"batch.max\": [1, 16], \"cache.policy\": [\"none\", \"lru\"],"
                   " \"lr\": [0.1, 0.01]},"
                   " \"load\": {\"scenario\": \"server\", \"qps\": [200, 500, 1000]},"
                   " \"gates\": {\"p99_ms\": 20, \"auc_drop\": 0.002, \"ndcg@10\": 0.1},"
                   " \"repeats\": 2, \"report\": [\"csv\", \"junit\"]}",
              &error);
    g_assert_no_error(error);
    g_assert_cmpstr(suite->name, ==, "s");
    g_assert_cmpuint(rk_sweep_n_points(suite), ==, 2u * 2 * 2 * 2 * 3); // two models as well
    g_assert_cmpint(rk_suite_axis(suite, "batch.max")->place, ==, RK_PLACE_SERVE);
    g_assert_cmpint(rk_suite_axis(suite, "qps")->place, ==, RK_PLACE_LOAD);
    g_assert_cmpint(rk_suite_axis(suite, "lr")->place, ==, RK_PLACE_TRAIN);
    g_assert_cmpuint(suite->gates->len, ==, 3);
    g_assert_cmpint(rk_params_int(rk_suite_model(suite, "a")->settings->values, "dim"), ==, 4);
    g_autoptr(RkTrialSpec) first = rk_sweep_trial(suite, 0);
    g_assert_cmpuint(first->n_axes, ==, 5);
    g_assert_cmpstr(rk_settings_text(first->config, "model"), ==, "a");
    g_assert_cmpstr(rk_settings_text(first->config, "qps"), ==, "200");
    g_assert_cmpstr(rk_settings_text(first->config, "lr"), ==, "0.1");
    g_assert_cmpstr(rk_settings_text(first->config, "scenario"), ==, "server");
    g_autoptr(GArray) served = rk_trial_spec_settings(suite, first, RK_PLACE_SERVE);
    g_assert_cmpuint(served->len, ==, 2);
}

static const struct {
    const char *rest, *says;
} WRONG[] = {
    {", \"sweeep\": {}}", "sweeep is not known. Did you mean sweep?"},
    {", \"sweep\": {\"batch.mx\": [1]}}", "sweep.batch.mx is not known. Did you mean batch.max?"},
    {", \"sweep\": {\"batch.max\": [1, 0]}}", "sweep.batch.max[1] is wrong."},
    {", \"sweep\": {\"batch.max\": [1, 0]}}", "It is of the server's settings"},
    {", \"sweep\": {\"batch.max\": [1, \"1\"]}}", "sweep.batch.max[1] is the value 1 a second"},
    {", \"sweep\": {\"batch.max\": []}}", "sweep.batch.max is an empty list"},
    {", \"sweep\": {\"batch.max\": [[1]]}}", "sweep.batch.max[0] is not a number, a text"},
    {", \"sweep\": {\"zzzzzzzz\": [1]}}",
     "the server's settings, the load's settings, the model's"},
    {", \"sweep\": {\"bottom\": [\"8\"]}}", "sweep.bottom is no setting of the model a"},
    {", \"sweep\": {\"model\": [\"c\"]}}", "sweep.model names c"},
    {", \"sweep\": {\"qps\": 3}, \"load\": {\"qps\": 4}}", "load.qps is there twice"},
    {", \"load\": {\"batch.max\": 3}}", "load.batch.max is in none of these tables"},
    {", \"load\": {\"scenario\": \"servr\"}}", "load.scenario is wrong."},
    {", \"gates\": {\"p99_mss\": 3}}",
     "gates.p99_mss is not known. There is no gate p99_mss. Did you mean p99_ms?"},
    {", \"gates\": {\"auc_drop\": \"low\"}}", "gates.auc_drop is not a number"},
    {", \"report\": [\"html\", \"doc\"]}", "report[1] is \"doc\""},
    {", \"repeats\": 0}", "repeats is not a whole number from 1"},
    {", \"search\": {\"method\": \"guided\"}}", "search.method is not grid or random"},
    {", \"search\": {\"trials\": 3}}", "search.trials is for"},
    {", \"metric\": \"acu\"}", "metric is wrong."},
    {", \"seed\": -1}", "seed is not"},
    {"", "is not JSON"},
};

static void
refusals(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(WRONG); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = g_strconcat(HEAD, WRONG[i].rest, NULL);
        g_autoptr(RkSuite) suite = parse(text, &error);
        g_assert_null(suite);
        g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
        if (strstr(error->message, WRONG[i].says) == NULL)
            g_error("\"%s\" isn't in: %s", WRONG[i].says, error->message);
        g_assert_nonnull(strstr(error->message, "suites/s.json"));
    }
}

static const struct {
    const char *text, *says;
} WRONG_HEADS[] = {
    {"[]", "the document is not an object"},
    {"{\"rankine\": 2}", "rankine is not 1"},
    {"{\"rankine\": 1}", "data is not there"},
    {"{\"rankine\": 1, \"data\": {}}", "data has 0 of"},
    {"{\"rankine\": 1, \"data\": {\"synth\": \"ctr\", \"dataset\": \"x\"}}", "data has 2 of"},
    {"{\"rankine\": 1, \"data\": {\"synth\": \"crt\"}}", "There are ratings, ctr"},
    {"{\"rankine\": 1, \"data\": {\"synth\": \"ctr\", \"set\": {\"noize\": 1}}}", "mean noise?"},
    {"{\"rankine\": 1, \"data\": {\"import\": []}}", "data.import is empty"},
    {"{\"rankine\": 1, \"data\": {\"dataset\": \"x\"}}", "models is not there"},
    {"{\"rankine\": 1, \"data\": {\"dataset\": \"x\"}, \"models\": []}", "models is not a list"},
    {"{\"rankine\": 1, \"data\": {\"dataset\": \"x\"}, \"models\": [{\"model\": \"deepfmm\"}]}",
     "models[0].model is wrong."},
    {"{\"rankine\": 1, \"data\": {\"dataset\": \"x\"}, \"models\": [{\"model\": \"mf\", \"set\": "
     "{\"dm\": 3}}]}",
     "models[0].set.dm is wrong."},
    {"{\"rankine\": 1, \"data\": {\"dataset\": \"x\"}, \"models\": [{\"model\": \"mf\"}, "
     "{\"model\": \"mf\"}]}",
     "models[1].name \"mf\" is there twice"},
    {"{\"rankine\": 1, \"data\": {\"dataset\": \"x\"}, \"models\": [{\"stored\": \"a\", "
     "\"model\": \"mf\"}]}",
     "models[0].stored is there beside \"model\""},
    {"{\"rankine\": 1, \"data\": {\"dataset\": \"x\"}, \"models\": [{\"stored\": \"a\", "
     "\"set\": {\"dim\": 4}}]}",
     "models[0].stored has a \"set\" beside it"},
    {"{\"rankine\": 1, \"data\": {\"dataset\": \"x\"}, \"models\": [{\"stored\": \"a\"}], "
     "\"sweep\": {\"dim\": [4]}}",
     "sweep.dim is"},
};

static void
wrong_heads(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(WRONG_HEADS); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(parse(WRONG_HEADS[i].text, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
        if (strstr(error->message, WRONG_HEADS[i].says) == NULL)
            g_error("\"%s\" isn't in: %s", WRONG_HEADS[i].says, error->message);
    }
}

static void
identities(void)
{
    g_autoptr(RkSuite) one =
        parse(HEAD ", \"sweep\": {\"batch.max\": [1, 2, 3], \"qps\": 5}}", NULL);
    // The same trials in another order, in another place, under other gates and repeats.
    g_autoptr(RkSuite) two =
        parse(HEAD ", \"load\": {\"qps\": [5, 6]}, \"sweep\": {\"batch.max\": [3, 1]},"
                   " \"gates\": {\"p99_ms\": 1}, \"repeats\": 9}",
              NULL);
    g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (uint64_t p = 0; p < rk_sweep_n_points(one); p++) {
        g_autoptr(RkTrialSpec) spec = rk_sweep_trial(one, p);
        g_assert_true(g_hash_table_add(ids, g_strdup(spec->id)));
    }
    guint n_same = 0;
    for (uint64_t p = 0; p < rk_sweep_n_points(two); p++) {
        g_autoptr(RkTrialSpec) spec = rk_sweep_trial(two, p);
        n_same += g_hash_table_contains(ids, spec->id);
    }
    g_assert_cmpuint(n_same, ==, 4); // two models at batches 1 and 3 and rate 5
    g_autofree char *a = rk_suite_recipe(one);
    g_autofree char *b = rk_suite_recipe(two);
    g_assert_cmpstr(a, ==, b);
}

static void
paths(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *here = g_get_current_dir();
    g_autofree char *expected = g_build_filename(here, "data", "r.csv", NULL);
    g_autoptr(RkSuite) suite = parse("{\"rankine\": 1, \"data\": {\"import\": [\"../data/r.csv\","
                                     " \"/a/b\"]}, \"models\": [{\"model\": \"mf\"}]}",
                                     &error);
    g_assert_no_error(error);
    g_assert_cmpstr(suite->data.import[0], ==, expected);
    g_assert_cmpstr(suite->data.import[1], ==, "/a/b");
}

static void
searches(void)
{
    for (int random = 0; random < 2; random++) {
        g_autoptr(RkSuite) suite =
            parse(random ? HEAD ", \"search\": {\"method\": \"random\", \"trials\": 20},"
                                " \"sweep\": {\"batch.max\": [1,2,3,4,5,6], \"qps\": [1,2,3,4]}}"
                         : HEAD ", \"sweep\": {\"batch.max\": [1,2,3,4,5,6], \"qps\": [1,2,3,4]}}",
                  NULL);
        g_autoptr(RkSearch) search = rk_search_new(suite);
        g_autoptr(GHashTable) seen =
            g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
        uint64_t point = 0;
        while (rk_search_next(search, NULL, &point)) {
            g_assert_cmpuint(point, <, 48);
            g_assert_true(g_hash_table_add(seen, g_memdup2(&point, sizeof point)));
        }
        g_assert_cmpuint(g_hash_table_size(seen), ==, random ? 20 : 48);
        g_assert_false(rk_search_next(search, NULL, &point));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bench/suite/each part is read", read_whole);
    g_test_add_func("/bench/suite/what is wrong is named with its path", refusals);
    g_test_add_func("/bench/suite/wrong data and models are named", wrong_heads);
    g_test_add_func("/bench/sweep/trials are known by their configuration", identities);
    g_test_add_func("/bench/suite/paths are relative to the suite's folder", paths);
    g_test_add_func("/bench/sweep/searches give each point once", searches);
    return g_test_run();
}
