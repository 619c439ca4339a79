// SPDX-License-Identifier: GPL-3.0-or-later
#include "results_rig.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

static void
round_trip(void)
{
    for (uint32_t n = 0; n < 6; n += 5) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RkResults) made = results_rig_new(n);
        g_autofree char *text = rk_results_to_json(made);
        g_autoptr(RkResults) read = rk_results_from_json(text, "it", &error);
        g_assert_no_error(error);
        g_autofree char *again = rk_results_to_json(read);
        g_assert_cmpstr(text, ==, again);
        g_assert_cmpuint(read->trials->len, ==, n);
    }
}

static void
values(void)
{
    g_autoptr(RkResults) made = results_rig_new(2);
    g_autofree char *text = rk_results_to_json(made);
    g_autoptr(RkResults) read = rk_results_from_json(text, "it", NULL);
    const RkTrialResult *trial = rk_results_trial(read, "t0000001");
    g_assert_nonnull(trial);
    g_assert_cmpfloat(trial->latency_ms[RK_LATENCY_P99].value, ==, 12.5 / 2);
    g_assert_cmpfloat(trial->throughput_qps.low, ==, 391);
    g_assert_true(isnan(rk_nameds_find(trial->lateness_us, "p99")->estimate.value));
    g_assert_true(isnan(rk_nameds_find(trial->stages_us, "wait")->estimate.low));
    g_assert_cmpstr(rk_settings_text(trial->config, "cache.policy"), ==, "s3fifo <\"&'> | a,b\n\\");
    g_assert_cmpint(rk_settings_find(trial->config, "warm")->kind, ==, RK_SETTING_BOOL);
    g_assert_cmpstr(rk_settings_text(trial->config, "prune"), ==, "0.3");
    g_assert_cmpstr(rk_settings_text(trial->config, "batch.max"), ==, "2");
    g_assert_cmpuint(trial->windows->len, ==, 5);
    g_assert_cmpuint(trial->quantiles.n, ==, 20);
    const RkRepeat *second = g_ptr_array_index(trial->repeats, 1);
    g_assert_cmpstr(second->why_invalid[0], ==, "31 more queries needed.");
    const RkComparison *change = &g_array_index(read->comparisons, RkComparison, 0);
    g_assert_cmpint(change->verdict, ==, RK_VERDICT_WORSE);
    g_assert_cmpfloat(change->change.high, ==, 0.3);
    g_assert_cmpstr(read->plan, ==, "{\"replicas\":3}");
    g_autofree char *label = rk_trial_result_label(g_ptr_array_index(read->trials, 0));
    g_assert_cmpstr(label, ==, "batch.max=1, cache.policy=lru");
}

// Each member in turn is taken away, then has another type: refused with its name, never a crash.
static void
damaged(void)
{
    g_autoptr(RkResults) made = results_rig_new(1);
    g_autofree char *text = rk_results_to_json(made);
    g_autoptr(JsonNode) root = json_from_string(text, NULL);
    g_autoptr(GList) names = json_object_get_members(json_node_get_object(root));
    for (GList *name = names; name != NULL; name = name->next)
        for (int round = 0; round < 2; round++) {
            g_autoptr(JsonNode) copy = json_from_string(text, NULL);
            JsonObject *object = json_node_get_object(copy);
            if (round == 0) {
                json_object_remove_member(object, name->data);
            } else {
                JsonArray *array = json_array_new();
                json_array_add_int_element(array, 3);
                json_object_set_array_member(object, name->data, array);
            }
            g_autofree char *bad = rk_json_node_text(copy, FALSE);
            g_autoptr(GError) error = NULL;
            g_assert_null(rk_results_from_json(bad, "base/results.json", &error));
            g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
            g_assert_nonnull(strstr(error->message, name->data));
            g_assert_nonnull(strstr(error->message, "base/results.json"));
        }
}

static void
paths(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkResults) made = results_rig_new(2);
    g_autofree char *text = rk_results_to_json(made);
    g_autoptr(JsonNode) root = json_from_string(text, NULL);
    JsonArray *trials = json_object_get_array_member(json_node_get_object(root), "trials");
    JsonObject *trial = json_array_get_object_element(trials, 1);
    JsonArray *repeats = json_object_get_array_member(trial, "repeats");
    json_object_set_string_member(json_array_get_object_element(repeats, 1), "n", "many");
    g_autofree char *bad = rk_json_node_text(root, FALSE);
    g_assert_null(rk_results_from_json(bad, "it", &error));
    g_assert_nonnull(strstr(error->message, "trials[1].repeats[1].n is not a whole number"));
    g_clear_error(&error);
    g_assert_null(rk_results_from_json("{\"schema\": 99}", "it", &error));
    g_assert_nonnull(strstr(error->message, "Update Rankine"));
    g_clear_error(&error);
    g_assert_null(rk_results_from_json("[]", "it", &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
    g_clear_error(&error);
    g_assert_null(rk_results_read("/nonexistent/results.json", &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_NOT_FOUND);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/report/results/written and read again is the same", round_trip);
    g_test_add_func("/report/results/every kind of member keeps its value", values);
    g_test_add_func("/report/results/a member that lacks or is another thing is named", damaged);
    g_test_add_func("/report/results/errors say the path in the document", paths);
    return g_test_run();
}
