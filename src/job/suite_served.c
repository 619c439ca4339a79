// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/suite_served.h"

#include "base/json.h"
#include "bench/bench.h"
#include "bench/settings.h"
#include "job/suite_data.h"
#include "job/suite_making.h"
#include "job/suite_passes.h"
#include "serve/session.h"
#include "store/run.h"
#include "train/compress.h"
#include "train/fit.h"

#include <math.h>
#include <string.h>

// A model that trials serve: trained, and made of it.
typedef struct {
    const RkSuiteModel *model;
    GArray *train; // of RkSetting, beside the model's own
    GStrv passes;
    char *trained; // name in the store
    char *stored;  // the same unless it is compressed
    char *label;   // "ncf, precision=int8"
} Served;

typedef struct {
    RkSuiteSystem system;
    RkStore *store;
    const RkSuite *suite;
    const char *default_device;
    GHashTable *served; // trial id -> Served, shared by trials
    GPtrArray *models;  // of Served, each once
    RkDataset *dataset;
    RkTraffic *traffic;
    RkDevice *device;
    char *device_name; // as it was asked for; NULL for the best
} System;

static void
served_free(gpointer data)
{
    Served *served = data;
    g_array_unref(served->train);
    g_strfreev(served->passes);
    g_free(served->trained);
    g_free(served->stored);
    g_free(served->label);
    g_free(served);
}

// ---- which models --------------------------------------------------------------------------

static char *
label_of(const Served *served, const GArray *compress)
{
    GString *label = g_string_new(served->model->name);
    for (int l = 0; l < 2; l++) {
        const GArray *list = l == 0 ? served->train : compress;
        for (guint i = 0; i < list->len && (l == 0 || *served->passes != NULL); i++)
            g_string_append_printf(label, ", %s=%s", g_array_index(list, RkSetting, i).name,
                                   g_array_index(list, RkSetting, i).text);
    }
    return g_string_free(label, FALSE);
}

static Served *
served_new(const RkSuite *suite, const RkTrialSpec *spec)
{
    Served *served = g_new0(Served, 1);
    g_autoptr(GArray) compress = rk_trial_spec_settings(suite, spec, RK_PLACE_COMPRESS);
    served->model = spec->model;
    served->train = rk_trial_spec_settings(suite, spec, RK_PLACE_TRAIN);
    served->passes = rk_suite_passes(compress);
    served->label = label_of(served, compress);
    rk_suite_making_names(suite, spec, &served->trained, &served->stored);
    return served;
}

static Served *
find_served(System *s, const RkTrialSpec *spec)
{
    Served *served = g_hash_table_lookup(s->served, spec->id);
    if (served != NULL)
        return served;
    served = served_new(s->suite, spec);
    for (guint i = 0; i < s->models->len; i++) {
        Served *other = g_ptr_array_index(s->models, i);
        if (strcmp(other->stored, served->stored) == 0) {
            served_free(served);
            g_hash_table_insert(s->served, g_strdup(spec->id), other);
            return other;
        }
    }
    g_ptr_array_add(s->models, served);
    g_hash_table_insert(s->served, g_strdup(spec->id), served);
    return served;
}

// ---- training and compressing --------------------------------------------------------------

static gboolean
use_device(System *s, const char *name, GError **error)
{
    if (s->device != NULL && g_strcmp0(name, s->device_name) == 0)
        return TRUE;
    g_clear_pointer(&s->device, rk_device_close);
    g_free(s->device_name);
    s->device_name = g_strdup(name);
    s->device = rk_device_open(name, error);
    return s->device != NULL;
}

static void
show_step(void *data, const RkTrainProgress *p)
{
    const RkSuiteWatch *watch = data;
    if (watch->progress != NULL)
        watch->progress(watch->data, "train", p->total_step, p->epoch_steps * p->n_epochs, "steps");
}

static void
show_compress(void *data, const char *what, uint64_t done, uint64_t total)
{
    const RkSuiteWatch *watch = data;
    if (watch->progress != NULL)
        watch->progress(watch->data, what, done, total, "steps");
}

static gboolean
train(System *s, const Served *served, const RkSuiteWatch *watch, GError **error)
{
    g_autoptr(RkTrainSettings) settings = rk_train_settings_new(served->model->model);
    gboolean own_split = FALSE;
    const GArray *const lists[] = {served->model->set, served->train};
    for (int l = 0; l < 2; l++)
        for (guint i = 0; i < lists[l]->len; i++) {
            const RkSetting *one = &g_array_index(lists[l], RkSetting, i);
            if (!rk_params_set(settings->values, one->name, one->text, error))
                return FALSE;
            own_split |= strcmp(one->name, "split") == 0 || g_str_has_prefix(one->name, "split.");
        }
    const RkFitOptions fit = {.store = s->store,
                              .device = s->device,
                              .dataset = s->dataset,
                              .model = served->model->model,
                              .settings = settings,
                              .name = served->trained,
                              .seed = s->suite->seed,
                              .resume = TRUE,
                              .own_split = own_split,
                              .progress = show_step,
                              .data = (void *)watch,
                              .cancelled = watch->cancelled};
    g_auto(RkFitResult) result = {0};
    return rk_fit(&fit, &result, error);
}

static gboolean
compress(System *s, const Served *served, const RkSuiteWatch *watch, GError **error)
{
    const RkCompressOptions options = {.store = s->store,
                                       .device = s->device,
                                       .model = served->trained,
                                       .as = served->stored,
                                       .passes = (const char *const *)served->passes,
                                       .n_passes = g_strv_length(served->passes),
                                       .dataset = s->dataset,
                                       .seed = s->suite->seed,
                                       .progress = show_compress,
                                       .data = (void *)watch,
                                       .cancelled = watch->cancelled};
    g_auto(RkCompressResult) result = {0};
    return rk_compress(&options, &result, error);
}

static gboolean
make_model(System *s, const Served *served, const RkSuiteWatch *watch, GError **error)
{
    gboolean made = rk_model_exists(s->store, served->trained);
    if (!made && served->model->stored != NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_NOT_FOUND,
                    "Can't serve the model %s: there is none of that name. See rankine models.",
                    served->model->stored);
        return FALSE;
    }
    made = made || (use_device(s, s->default_device, error) && train(s, served, watch, error));
    if (made && !rk_model_exists(s->store, served->stored))
        made = use_device(s, s->default_device, error) && compress(s, served, watch, error);
    if (!made)
        g_prefix_error(error, "Can't make the model %s: ", served->label);
    return made;
}

static gboolean
prepare(RkSuiteSystem *system, const RkSuite *suite, const GPtrArray *specs,
        const RkSuiteWatch *watch, GError **error)
{
    System *s = (System *)system;
    if (s->dataset == NULL)
        s->dataset = rk_suite_data_make(s->store, suite, watch, error);
    if (s->dataset == NULL)
        return FALSE;
    for (guint i = 0; i < specs->len; i++)
        find_served(s, g_ptr_array_index(specs, i));
    for (guint i = 0; i < s->models->len; i++)
        if (!make_model(s, g_ptr_array_index(s->models, i), watch, error))
            return FALSE;
    return TRUE;
}

// ---- measuring -----------------------------------------------------------------------------

// Who can ask for what; the first model's split says which events test.
static gboolean
open_traffic(System *s, const char *model, GError **error)
{
    if (s->traffic != NULL)
        return TRUE;
    g_autoptr(GError) failure = NULL;
    g_autoptr(RkTrained) trained = rk_trained_open(s->store, model, 0, error);
    if (trained == NULL)
        return FALSE;
    const RkParams *set = trained->settings->values;
    g_autoptr(RkSplit) split = rk_fit_split(s->dataset, set, rk_trained_has_own_split(trained),
                                            rk_trained_seed(trained), &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    s->traffic = rk_traffic_new(rk_dataset_source(s->dataset), split,
                                rk_dataset_vocabulary_size(s->dataset, "user"),
                                rk_dataset_vocabulary_size(s->dataset, "item"),
                                rk_params_real(set, "positive.from"), error);
    return s->traffic != NULL;
}

// The values of a table that the trial gives: a name that load and server share goes to both.
static RkParams *
params_of(const RkSuite *suite, const RkTrialSpec *spec, const RkParam *table, size_t n,
          GError **error)
{
    g_autoptr(RkParams) params = rk_params_new(table, n);
    for (guint i = 0; i < spec->config->len; i++) {
        const RkSetting *one = &g_array_index(spec->config, RkSetting, i);
        const RkPlace place = rk_suite_axis(suite, one->name)->place;
        if (place != RK_PLACE_LOAD && place != RK_PLACE_SERVE)
            continue;
        for (size_t row = 0; row < n; row++)
            if (strcmp(table[row].name, one->name) == 0 &&
                !rk_params_set(params, one->name, one->text, error))
                return NULL;
    }
    return g_steal_pointer(&params);
}

static double
model_bytes(RkStore *store, const char *name)
{
    g_autoptr(RkTrained) model = rk_trained_open(store, name, 0, NULL);
    return model != NULL ? (double)rk_trained_bytes(model) : (double)NAN;
}

static void
show_queries(void *data, const char *what, uint64_t done, uint64_t total)
{
    const RkSuiteWatch *watch = data;
    if (watch->progress != NULL)
        watch->progress(watch->data, what, done, total, "queries");
}

static gboolean
run_trial(System *s, const RkTrialSpec *spec, RkSession *session, uint64_t seed,
          const RkSuiteWatch *watch, RkBenchResult *result, GError **error)
{
    g_autoptr(RkParams) load = params_of(s->suite, spec, rk_load_params, rk_n_load_params, error);
    const RkBenchOptions options = {.system = rk_session_system(session),
                                    .traffic = s->traffic,
                                    .load = load,
                                    .seed = seed,
                                    .cancelled = watch->cancelled,
                                    .progress = show_queries,
                                    .progress_data = (void *)watch,
                                    .live = watch->live,
                                    .live_quality = watch->live_quality,
                                    .live_data = watch->data};
    return load != NULL && rk_bench_run(&options, result, error);
}

static gboolean
measure(RkSuiteSystem *system, const RkTrialSpec *spec, uint64_t seed, const RkSuiteWatch *watch,
        RkBenchResult *result, RkServed *served, GError **error)
{
    System *s = (System *)system;
    const Served *model = find_served(s, spec);
    const char *device = rk_settings_text(spec->config, "device");
    g_autoptr(RkParams) set =
        params_of(s->suite, spec, rk_session_params, rk_n_session_params, error);
    if (set == NULL || !use_device(s, device != NULL ? device : s->default_device, error) ||
        !open_traffic(s, model->trained, error))
        return FALSE;
    const RkSessionOptions options = {.store = s->store,
                                      .device = s->device,
                                      .dataset = s->dataset,
                                      .model = model->stored,
                                      .set = set,
                                      .cancelled = watch->cancelled};
    g_autoptr(RkSession) session = rk_session_new(&options, error);
    served->model = model->label;
    served->bytes = model_bytes(s->store, model->stored);
    return session != NULL && run_trial(s, spec, session, seed, watch, result, error);
}

// ---- describing ----------------------------------------------------------------------------

static RkCurve *
curve_of(RkStore *store, int64_t run, const char *name)
{
    g_autoptr(GArray) all = rk_run_measurements(store, run, name, NULL);
    if (all == NULL || all->len == 0)
        return NULL;
    RkCurve *curve = rk_curve_new(name, all->len);
    for (guint i = 0; i < all->len; i++) {
        curve->x[i] = g_array_index(all, RkMeasurement, i).epoch;
        curve->y[i] = g_array_index(all, RkMeasurement, i).value;
    }
    return curve;
}

static void
add_metrics(GArray *to, const char *facts)
{
    g_autoptr(JsonNode) root = rk_json_parse(facts, "a model's facts", NULL);
    JsonObject *metrics = NULL;
    if (root == NULL || !rk_json_object(json_node_get_object(root), "metrics", &metrics, NULL))
        return;
    JsonObjectIter iter;
    const char *name;
    JsonNode *node;
    json_object_iter_init_ordered(&iter, metrics);
    while (json_object_iter_next_ordered(&iter, &name, &node)) {
        double value = NAN;
        if (rk_json_real(metrics, name, &value, NULL))
            rk_nameds_add(to, name, rk_estimate(value));
    }
}

static void
describe_model(System *s, const Served *served, RkResults *results)
{
    g_autoptr(RkStoredModel) stored = rk_model_open(s->store, served->stored, 0, NULL);
    if (stored == NULL)
        return;
    RkModelResult *model = rk_model_result_new();
    model->name = g_strdup(served->label);
    model->kind = g_strdup(stored->kind);
    model->bytes = (double)stored->n_bytes;
    if (*served->passes != NULL) {
        model->parent = g_strdup(served->model->name);
        model->how = g_strjoinv(" ", served->passes);
    }
    add_metrics(model->metrics, stored->facts);
    g_autoptr(RkStoredRun) run = rk_run_open(s->store, served->stored, NULL);
    RkCurve *loss = run != NULL ? curve_of(s->store, run->id, "loss") : NULL;
    if (loss != NULL)
        g_ptr_array_add(model->curves, loss);
    g_ptr_array_add(results->models, model);
}

static void
describe(RkSuiteSystem *system, RkResults *results)
{
    System *s = (System *)system;
    if (s->device != NULL || use_device(s, s->default_device, NULL)) {
        const RkDeviceInfo *info = rk_device_info(s->device);
        rk_settings_add_text(results->environment, "device", info->name);
        rk_settings_add_text(results->environment, "device_type", rk_device_type_name(info->type));
        rk_settings_add_text(results->environment, "driver", info->driver);
    }
    g_autoptr(GPtrArray) specs = rk_suite_trials(s->suite);
    for (guint i = 0; i < specs->len; i++)
        find_served(s, g_ptr_array_index(specs, i));
    for (guint i = 0; i < s->models->len; i++)
        describe_model(s, g_ptr_array_index(s->models, i), results);
}

RkSuiteSystem *
rk_suite_served_new(RkStore *store, const RkSuite *suite, const char *device)
{
    System *s = g_new0(System, 1);
    s->system = (RkSuiteSystem){prepare, measure, describe};
    s->store = store;
    s->suite = suite;
    s->default_device = device;
    s->served = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    s->models = g_ptr_array_new_with_free_func(served_free);
    return &s->system;
}

void
rk_suite_served_free(RkSuiteSystem *system)
{
    System *s = (System *)system;
    if (s == NULL)
        return;
    g_hash_table_unref(s->served);
    g_ptr_array_unref(s->models);
    rk_traffic_free(s->traffic);
    g_clear_pointer(&s->dataset, rk_dataset_unref);
    g_clear_pointer(&s->device, rk_device_close);
    g_free(s->device_name);
    g_free(s);
}
