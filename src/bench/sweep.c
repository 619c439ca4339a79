// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/sweep.h"

#include "base/rng.h"

#include <string.h>

uint64_t
rk_sweep_n_points(const RkSuite *suite)
{
    uint64_t n = 1; // a million at most, as the suite was checked
    for (guint i = 0; i < suite->axes->len; i++)
        n *= ((RkAxis *)g_ptr_array_index(suite->axes, i))->values->len;
    return n;
}

// ---- trials --------------------------------------------------------------------------------

static gint
compare_lines(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// The same whatever order the suite has its axes in, and whatever the model is called there.
static char *
hash_config(const RkSuite *suite, const RkTrialSpec *spec)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < spec->config->len; i++) {
        const RkSetting *one = &g_array_index(spec->config, RkSetting, i);
        if (strcmp(one->name, "model") != 0)
            g_ptr_array_add(lines, g_strdup_printf("%s=%s", one->name, one->text));
    }
    g_ptr_array_sort(lines, compare_lines);
    g_ptr_array_add(lines, rk_suite_model_hash(suite, spec->model, NULL));
    g_ptr_array_add(lines, NULL);
    g_autofree char *text = g_strjoinv("\n", (char **)lines->pdata);
    g_autofree char *all = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    return g_strndup(all, 12);
}

RkTrialSpec *
rk_sweep_trial(const RkSuite *suite, uint64_t point)
{
    RkTrialSpec *spec = g_new0(RkTrialSpec, 1);
    g_autofree guint *value = g_new(guint, MAX(suite->axes->len, 1));
    spec->point = point;
    spec->config = rk_settings_new();
    for (guint i = suite->axes->len; i-- > 0;) {
        const RkAxis *axis = g_ptr_array_index(suite->axes, i);
        value[i] = (guint)(point % axis->values->len);
        point /= axis->values->len;
    }
    for (int swept = 1; swept >= 0; swept--)
        for (guint i = 0; i < suite->axes->len; i++) {
            const RkAxis *axis = g_ptr_array_index(suite->axes, i);
            if ((axis->values->len > 1) != swept)
                continue;
            const RkSetting *one = &g_array_index(axis->values, RkSetting, value[i]);
            if (axis->place == RK_PLACE_MODEL) // a name, even if it looks like a number
                rk_settings_add_text(spec->config, axis->name, one->text);
            else
                rk_settings_add(spec->config, axis->name, one->text);
            spec->n_axes += (uint32_t)swept;
        }
    spec->model = rk_suite_model(suite, rk_settings_text(spec->config, "model"));
    spec->id = hash_config(suite, spec);
    return spec;
}

void
rk_trial_spec_free(RkTrialSpec *spec)
{
    if (spec == NULL)
        return;
    g_free(spec->id);
    g_array_unref(spec->config);
    g_free(spec);
}

GArray *
rk_trial_spec_settings(const RkSuite *suite, const RkTrialSpec *spec, RkPlace place)
{
    GArray *settings = rk_settings_new();
    for (guint i = 0; i < spec->config->len; i++) {
        const RkSetting *one = &g_array_index(spec->config, RkSetting, i);
        if (rk_suite_axis(suite, one->name)->place == place)
            rk_settings_add(settings, one->name, one->text);
    }
    return settings;
}

// ---- searches ------------------------------------------------------------------------------

static RkSearch *
new_plain(const RkSuite *suite)
{
    RkSearch *search = g_new0(RkSearch, 1);
    search->suite = suite;
    search->n_points = search->n_trials = rk_sweep_n_points(suite);
    if (suite->n_trials > 0)
        search->n_trials = MIN(search->n_trials, suite->n_trials);
    return search;
}

static gboolean
next_of_grid(RkSearch *search, const GPtrArray *results, uint64_t *point)
{
    *point = search->n_given;
    return search->n_given++ < search->n_points;
}

// Without replacement.
static gboolean
next_at_random(RkSearch *search, const GPtrArray *results, uint64_t *point)
{
    if (search->n_given >= search->n_trials)
        return FALSE;
    *point = rk_rng_permute(search->suite->seed, 0, search->n_points, search->n_given++);
    return TRUE;
}

const RkSearchClass rk_searches[] = {
    {"grid", new_plain, next_of_grid},
    {"random", new_plain, next_at_random},
};
const size_t rk_n_searches = G_N_ELEMENTS(rk_searches);

RkSearch *
rk_search_new(const RkSuite *suite)
{
    for (size_t i = 0; i < rk_n_searches; i++)
        if (strcmp(rk_searches[i].name, suite->search) == 0) {
            RkSearch *search = rk_searches[i].new(suite);
            search->class = &rk_searches[i];
            return search;
        }
    g_assert_not_reached();
}

void
rk_search_free(RkSearch *search)
{
    g_free(search);
}
