// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/suite_making.h"

#include "base/json.h"
#include "job/suite_passes.h"
#include "store/dataset.h"
#include "store/model.h"
#include "store/run.h"

#include <string.h>

typedef struct {
    RkStore *store; // or NULL
    const RkSuite *suite;
    GPtrArray *runs;     // of RkStoredRun, the newest first
    GPtrArray *datasets; // of RkDatasetInfo
    GHashTable *seen;    // names of models
    uint64_t n_events;   // of the suite's data; 0: not known
    RkSuiteMaking *making;
} Making;

static void
making_clear(Making *m)
{
    g_clear_pointer(&m->runs, g_ptr_array_unref);
    g_clear_pointer(&m->datasets, g_ptr_array_unref);
    g_clear_pointer(&m->seen, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Making, making_clear)

void
rk_suite_making_clear(RkSuiteMaking *making)
{
    g_clear_pointer(&making->untimed, g_ptr_array_unref);
}

void
rk_suite_making_names(const RkSuite *suite, const RkTrialSpec *spec, char **trained, char **stored)
{
    g_autoptr(GArray) train = rk_trial_spec_settings(suite, spec, RK_PLACE_TRAIN);
    g_autoptr(GArray) compress = rk_trial_spec_settings(suite, spec, RK_PLACE_COMPRESS);
    g_auto(GStrv) passes = rk_suite_passes(compress);
    g_autofree char *hash = rk_suite_model_hash(suite, spec->model, train);
    *trained = spec->model->stored != NULL
                   ? g_strdup(spec->model->stored)
                   : g_strdup_printf("%s-%s-%s", suite->name, spec->model->name, hash);
    if (*passes == NULL) {
        *stored = g_strdup(*trained);
        return;
    }
    g_autofree char *all = g_strjoinv(" ", passes);
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, all, -1);
    *stored = g_strdup_printf("%s-%.8s", *trained, digest);
}

// ---- how long training takes ---------------------------------------------------------------

static uint64_t
events_of(const Making *m, const char *dataset)
{
    for (guint i = 0; m->datasets != NULL && i < m->datasets->len; i++) {
        const RkDatasetInfo *info = g_ptr_array_index(m->datasets, i);
        if (strcmp(info->name, dataset) == 0)
            return info->n_rows;
    }
    return 0;
}

// Of a counted model, which has none, 1.
static double
epochs_of_run(const RkStoredRun *run)
{
    g_autoptr(JsonNode) root = rk_json_parse(run->config, "the settings of a run", NULL);
    int64_t epochs = 1;
    if (root != NULL && !rk_json_int(json_node_get_object(root), "epochs", &epochs, NULL))
        epochs = 1;
    return (double)epochs;
}

static gboolean
epochs_of_trial(const Making *m, const RkTrialSpec *spec, double *epochs, GError **error)
{
    g_autoptr(RkTrainSettings) settings = rk_train_settings_new(spec->model->model);
    g_autoptr(GArray) train = rk_trial_spec_settings(m->suite, spec, RK_PLACE_TRAIN);
    const GArray *const lists[] = {spec->model->set, train};
    gboolean has = FALSE;
    for (int l = 0; l < 2; l++)
        for (guint i = 0; i < lists[l]->len; i++) {
            const RkSetting *one = &g_array_index(lists[l], RkSetting, i);
            if (!rk_params_set(settings->values, one->name, one->text, error))
                return FALSE;
        }
    for (size_t i = 0; i < settings->n; i++)
        has |= strcmp(settings->table[i].name, "epochs") == 0;
    *epochs = has ? (double)rk_params_int(settings->values, "epochs") : 1;
    return TRUE;
}

// Seconds for an event and an epoch by the newest run that tells; 0 without one. A run's own times
// are whole seconds: one that took none counts as half of one.
static double
pace_of(const Making *m, const char *kind)
{
    for (guint i = 0; m->runs != NULL && i < m->runs->len; i++) {
        const RkStoredRun *run = g_ptr_array_index(m->runs, i);
        const double work = epochs_of_run(run) * (double)events_of(m, run->dataset);
        if (run->status == RK_RUN_DONE && strcmp(run->kind, kind) == 0 && work > 0)
            return MAX((double)(run->ended_s - run->created_s), 0.5) / work;
    }
    return 0;
}

static gboolean
add_training(Making *m, const RkTrialSpec *spec, GError **error)
{
    RkSuiteMaking *making = m->making;
    const char *kind = spec->model->model->name;
    const double pace = pace_of(m, kind);
    double epochs;
    if (!epochs_of_trial(m, spec, &epochs, error))
        return FALSE;
    making->n_train++;
    if (pace > 0 && m->n_events > 0) {
        making->n_timed++;
        making->seconds += pace * epochs * (double)m->n_events;
    } else if (!g_ptr_array_find_with_equal_func(making->untimed, kind, g_str_equal, NULL)) {
        g_ptr_array_add(making->untimed, g_strdup(kind));
    }
    return TRUE;
}

// ---- what is there -------------------------------------------------------------------------

static gboolean
is_missing(Making *m, const char *name)
{
    return g_hash_table_add(m->seen, g_strdup(name)) &&
           (m->store == NULL || !rk_model_exists(m->store, name));
}

static void
find_data(Making *m)
{
    const RkSuiteData *data = &m->suite->data;
    g_autofree char *hash = rk_suite_data_hash(m->suite);
    g_autofree char *own = g_strdup_printf("%s-data-%s", m->suite->name, hash);
    m->n_events = events_of(m, data->dataset != NULL ? data->dataset : own);
    m->making->data = data->dataset == NULL && m->n_events == 0;
    if (m->making->data && data->synth != NULL)
        m->n_events = data->rows;
}

gboolean
rk_suite_making(RkStore *store, const RkSuite *suite, const GPtrArray *specs, RkSuiteMaking *making,
                GError **error)
{
    *making = (RkSuiteMaking){.untimed = g_ptr_array_new_with_free_func(g_free)};
    g_auto(Making) m = {.store = store, .suite = suite, .making = making};
    m.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (store != NULL && ((m.runs = rk_run_list(store, error)) == NULL ||
                          (m.datasets = rk_dataset_list(store, error)) == NULL))
        return FALSE;
    find_data(&m);
    for (guint i = 0; i < specs->len; i++) {
        const RkTrialSpec *spec = g_ptr_array_index(specs, i);
        g_autofree char *trained = NULL, *stored = NULL;
        rk_suite_making_names(suite, spec, &trained, &stored);
        if (is_missing(&m, trained) && spec->model->stored == NULL &&
            !add_training(&m, spec, error))
            return FALSE;
        making->n_compress += strcmp(trained, stored) != 0 && is_missing(&m, stored);
    }
    return TRUE;
}
