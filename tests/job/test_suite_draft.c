// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/suite_draft.h"
#include "job/suite_run.h"
#include "job/suite_served.h"

#include <string.h>

static RkSuiteDraft *
draft_new(void)
{
    RkSuiteDraft *draft = rk_suite_draft_new();
    draft->dataset = g_strdup("clicks");
    rk_suite_draft_add_model(draft, "deepfm", FALSE);
    return draft;
}

static RkSuite *
check(const RkSuiteDraft *draft, RkDraftMistake *mistake)
{
    g_autoptr(RkSuiteTables) all = rk_suite_tables_new();
    return rk_suite_draft_check(draft, all->tables, all->n, mistake);
}

static void
becomes_suite(void)
{
    g_autoptr(RkSuiteDraft) draft = draft_new();
    RkDraftMistake mistake;
    rk_suite_draft_add_model(draft, "my model", TRUE);
    g_free(((RkDraftModel *)g_ptr_array_index(draft->models, 0))->set);
    ((RkDraftModel *)g_ptr_array_index(draft->models, 0))->set = g_strdup("dim=4, epochs=1");
    rk_suite_draft_add(draft, RK_DRAFT_SWEEP, "precision", "fp32, int8");
    rk_suite_draft_add(draft, RK_DRAFT_SERVE, "batch.max", "1,16 , 64");
    rk_suite_draft_add(draft, RK_DRAFT_LOAD, "qps", "250.5");
    rk_suite_draft_add(draft, RK_DRAFT_LOAD, "audit", "false");
    rk_suite_draft_add(draft, RK_DRAFT_GATES, "p99_ms", "20");
    g_autoptr(RkSuite) suite = check(draft, &mistake);
    g_assert_cmpstr(mistake.text, ==, NULL);
    g_assert_cmpuint(rk_sweep_n_points(suite), ==, 2u * 2 * 3);
    g_assert_cmpstr(suite->data.dataset, ==, "clicks");
    g_assert_cmpstr(rk_suite_model(suite, "my model")->stored, ==, "my model");
    g_assert_cmpint(rk_params_int(rk_suite_model(suite, "deepfm")->settings->values, "dim"), ==, 4);
    const RkAxis *qps = rk_suite_axis(suite, "qps");
    g_assert_cmpfloat(g_array_index(qps->values, RkSetting, 0).number, ==, 250.5);
    const RkAxis *audit = rk_suite_axis(suite, "audit");
    g_assert_cmpint(g_array_index(audit->values, RkSetting, 0).kind, ==, RK_SETTING_BOOL);
    g_assert_cmpfloat(g_array_index(suite->gates, RkSuiteGate, 0).limit, ==, 20);
    const RkSuiteEstimate estimate = rk_suite_estimate(suite);
    g_assert_cmpuint(estimate.n_trials, ==, 12);
    g_assert_cmpuint(estimate.n_measurements, ==, 36);
    g_autoptr(GPtrArray) specs = rk_suite_trials(suite);
    g_assert_cmpfloat(estimate.seconds, ==, 36 * rk_suite_trial_seconds(specs->pdata[0]));
}

// Written and read again it is the same, with all that no form shows.
static void
round_trip(void)
{
    static const char TEXT[] =
        "{\"rankine\": 1, \"name\": \"n\", \"data\": {\"import\": \"a.csv\", \"split\": "
        "\"temporal\"}, \"models\": [{\"name\": \"x\", \"model\": \"mf\", \"set\": {\"dim\": 4}}],"
        " \"sweep\": {\"prune\": [0, 0.5]}, \"serve\": {\"batch.max\": 8}, \"search\": {\"method\":"
        " \"random\", \"trials\": 1}, \"seed\": 7, \"metric\": \"ndcg@10\", \"report\": [\"csv\"]}";
    g_autoptr(GError) error = NULL;
    g_autoptr(RkSuiteDraft) draft = rk_suite_draft_parse(TEXT, "/some/folder/s.json", &error);
    RkDraftMistake mistake;
    g_assert_no_error(error);
    g_autofree char *text = rk_suite_draft_text(draft);
    g_autoptr(RkSuiteDraft) again = rk_suite_draft_parse(text, "/elsewhere/t.json", &error);
    g_autofree char *same = rk_suite_draft_text(again);
    g_assert_cmpstr(text, ==, same);
    g_autoptr(RkSuite) suite = check(again, &mistake);
    g_assert_cmpstr(mistake.text, ==, NULL);
    g_assert_cmpstr(suite->name, ==, "n");
    g_assert_cmpstr(suite->data.import[0], ==, "/some/folder/a.csv");
    g_assert_cmpstr(suite->search, ==, "random");
    g_assert_cmpuint(suite->seed, ==, 7);
    g_assert_cmpstr(suite->metric, ==, "ndcg@10");
    g_assert_cmpuint(g_strv_length(suite->report), ==, 1);
    g_assert_null(rk_suite_draft_parse("[]", "s.json", &error));
    g_assert_nonnull(error);
}

static void
mistakes(void)
{
    static const struct {
        RkDraftPart part;
        const char *name, *values, *says;
    } WRONG[] = {
        {RK_DRAFT_SWEEP, "batch.max", "1, -4", "sweep.batch.max[1] is wrong."},
        {RK_DRAFT_SWEEP, "precision", "", "is an empty list"},
        {RK_DRAFT_SWEEP, "cache.policy", "lru, lru", "a second time"},
        {RK_DRAFT_LOAD, "qps", "fast", "load.qps is wrong."},
        {RK_DRAFT_GATES, "p99_ms", "soon", "gates.p99_ms is not a number"},
        {RK_DRAFT_GATES, "p98_ms", "1", "gates.p98_ms is not known"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(WRONG); i++) {
        g_autoptr(RkSuiteDraft) draft = draft_new();
        RkDraftMistake mistake;
        rk_suite_draft_add(draft, WRONG[i].part, WRONG[i].name, WRONG[i].values);
        g_assert_null(check(draft, &mistake));
        g_test_message("%s", mistake.text);
        g_assert_cmpint(mistake.place, ==, RK_DRAFT_AT_ROW);
        g_assert_cmpint(mistake.part, ==, WRONG[i].part);
        g_assert_nonnull(strstr(mistake.text, WRONG[i].says));
        g_free(mistake.text);
    }
}

static void
other_mistakes(void)
{
    g_autoptr(RkSuiteDraft) draft = rk_suite_draft_new();
    RkDraftMistake mistake;
    g_assert_null(check(draft, &mistake));
    g_assert_cmpint(mistake.place, ==, RK_DRAFT_AT_DATA);
    g_free(mistake.text);
    draft->dataset = g_strdup("clicks");
    g_assert_null(check(draft, &mistake));
    g_assert_nonnull(strstr(mistake.text, "models is not a list with at least one model"));
    g_free(mistake.text);
    rk_suite_draft_add_model(draft, "mf", FALSE)->set[0] = '\0';
    RkDraftModel *second = rk_suite_draft_add_model(draft, "mf", FALSE);
    g_assert_cmpstr(second->name, ==, "mf-2");
    g_free(second->set);
    second->set = g_strdup("dim=many");
    g_assert_null(check(draft, &mistake));
    g_assert_cmpint(mistake.place, ==, RK_DRAFT_AT_MODEL);
    g_assert_cmpuint(mistake.i, ==, 1);
    g_free(mistake.text);
    g_free(draft->repeats);
    draft->repeats = g_strdup("0");
    g_free(second->set);
    second->set = g_strdup("");
    g_assert_null(check(draft, &mistake));
    g_assert_cmpint(mistake.place, ==, RK_DRAFT_AT_REPEATS);
    g_free(mistake.text);
}

static gboolean
can_sweep(GArray *all, const char *name)
{
    for (guint i = 0; i < all->len; i++)
        if (strcmp(g_array_index(all, RkSweepable, i).param.name, name) == 0)
            return TRUE;
    return FALSE;
}

static void
sweepables(void)
{
    g_autoptr(RkSuiteDraft) draft = draft_new();
    g_autoptr(RkSuiteTables) tables = rk_suite_tables_new();
    g_autoptr(GArray) all = rk_suite_sweepables(draft, tables->tables, tables->n);
    static const char *const NAMES[] = {"precision",    "prune.what", "batch.max", "batch.delay_us",
                                        "inflight",     "device",     "qps",       "candidates",
                                        "cache.policy", "dim",        "epochs"};
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++)
        g_assert_true(can_sweep(all, NAMES[i]));
    rk_suite_draft_add_model(draft, "my model", TRUE);
    g_autoptr(GArray) fewer = rk_suite_sweepables(draft, tables->tables, tables->n);
    g_assert_true(can_sweep(fewer, "precision"));
    g_assert_false(can_sweep(fewer, "dim"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/job/draft/what is typed becomes a suite", becomes_suite);
    g_test_add_func("/job/draft/a file is read and written whole", round_trip);
    g_test_add_func("/job/draft/mistakes are found in their row", mistakes);
    g_test_add_func("/job/draft/mistakes elsewhere are told, too", other_mistakes);
    g_test_add_func("/job/draft/axes come from every table that fits", sweepables);
    return g_test_run();
}
