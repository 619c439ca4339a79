// SPDX-License-Identifier: GPL-3.0-or-later
//
// Whole runs of training: kept, resumed, reloaded, measured. Ranks are checked against a plain
// count over scores that the model gives one by one.
#include "train/compare.h"
#include "train/fit.h"

#include "store/intake.h"
#include "store/parts.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

static RkDevice *device;

// ---- a store with small datasets -----------------------------------------------------------

// A generated dataset in a store, split by the given assignment.
static void
generate(RkStore *store, const char *kind, const char *name, uint64_t rows, uint64_t seed,
         const char *split_text, const char *setting)
{
    g_autoptr(GError) error = NULL;
    const RkParam *table;
    size_t n;
    g_assert_true(rk_synth_kind(kind, &table, &n, NULL, NULL, &error));
    g_autoptr(RkParams) params = rk_params_new(table, n);
    g_autoptr(RkParams) split_set = rk_params_new(rk_split_params, rk_n_split_params);
    if (setting != NULL)
        g_assert_true(rk_params_assign(params, setting, &error));
    g_assert_true(rk_params_assign(split_set, split_text, &error));
    g_autoptr(RkSynth) synth = rk_synth_new(kind, params, seed, rows, &error);
    g_assert_no_error(error);
    g_autoptr(RkSplit) split =
        rk_split_build(rk_synth_source(synth), split_set, seed,
                       rk_synth_vocabulary_size(synth, "user"), NULL, &error);
    g_assert_no_error(error);
    g_autoptr(RkDatasetWriter) writer =
        rk_dataset_writer_new(store, name, rk_synth_source(synth)->schema, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(rk_intake_synth(writer, rk_dataset_writer_chunks(writer), synth, split, NULL, 1,
                                  NULL, &error));
    g_assert_true(rk_dataset_writer_commit(writer, &error));
}

static RkStore *
new_store(void)
{
    g_autoptr(GError) error = NULL;
    RkStore *store = rk_store_open(":memory:", RK_STORE_DEFAULT, &error);
    g_assert_no_error(error);
    return store;
}

// ---- a run ---------------------------------------------------------------------------------

typedef struct {
    RkTrainSettings *settings;
    RkDataset *dataset;
    RkFitOptions options;
    gint cancelled;
    uint64_t stop_at; // the step after which it is interrupted; 0 never
} Run;

static void
count_step(void *data, const RkTrainProgress *progress)
{
    Run *run = data;
    if (progress->total_step == run->stop_at)
        g_atomic_int_set(&run->cancelled, 1);
}

static void
set_up(Run *run, RkStore *store, const char *model, const char *data, const char *name,
       const char *const *assignments)
{
    g_autoptr(GError) error = NULL;
    *run = (Run){0};
    const RkModel *row = rk_model_find(model, &error);
    g_assert_no_error(error);
    run->settings = rk_train_settings_new(row);
    for (int i = 0; assignments[i] != NULL; i++) {
        rk_params_assign(run->settings->values, assignments[i], &error);
        g_assert_no_error(error);
    }
    run->dataset = rk_dataset_open(store, data, &error);
    g_assert_no_error(error);
    run->options = (RkFitOptions){.store = store,
                                  .device = device,
                                  .dataset = run->dataset,
                                  .model = row,
                                  .settings = run->settings,
                                  .name = name,
                                  .seed = 7,
                                  .progress = count_step,
                                  .data = run,
                                  .cancelled = &run->cancelled};
}

static void
tear_down(Run *run)
{
    rk_train_settings_free(run->settings);
    rk_dataset_unref(run->dataset);
}

static void
fit(Run *run)
{
    g_autoptr(GError) error = NULL;
    g_auto(RkFitResult) result = {0};
    rk_fit(&run->options, &result, &error);
    g_assert_no_error(error);
}

static RkWeights *
stored_weights(RkStore *store, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkTrained) trained = rk_trained_open(store, name, 0, &error);
    g_assert_no_error(error);
    RkWeights *weights = rk_trained_weights(trained, &error);
    g_assert_no_error(error);
    return weights;
}

static void
assert_same(const RkWeights *a, const RkWeights *b)
{
    g_assert_cmpuint(a->list->len, ==, b->list->len);
    g_assert_cmpuint(a->list->len, >, 0);
    for (guint i = 0; i < a->list->len; i++) {
        const RkWeight *x = g_ptr_array_index(a->list, i);
        const RkWeight *y = rk_weights_find(b, x->name);
        g_assert_nonnull(y);
        size_t n = rk_tensor_bytes(&x->type);
        g_assert_cmpmem(x->packed, n, y->packed, rk_tensor_bytes(&y->type));
    }
}

// Dropout, momenta, negatives and a decaying rate: all that a place in a run consists of.
static const char *const EVERYTHING[] = {"loss=bce",
                                         "samples=pointwise",
                                         "negatives=popularity",
                                         "negatives.n=2",
                                         "epochs=2",
                                         "batch=256",
                                         "dropout=0.2",
                                         "layers=16-8",
                                         "dim=8",
                                         "mlp.dim=8",
                                         "optimizer=adam",
                                         "lr=0.01",
                                         "schedule=cosine",
                                         "patience=3",
                                         "metric=ndcg@10",
                                         "log.every=1",
                                         NULL};

// The same in steps of three batches, the last of an epoch of fewer.
static const char *const ACCUMULATED[] = {"loss=bce",          "samples=pointwise",
                                          "negatives=uniform", "negatives.n=2",
                                          "epochs=2",          "batch=50",
                                          "accumulate=3",      "dropout=0.2",
                                          "layers=16-8",       "dim=8",
                                          "mlp.dim=8",         "lr=0.01",
                                          "log.every=1",       NULL};

static void
a_resumed_run_ends_with_the_same_bits(gconstpointer data)
{
    const char *const *set = data;
    g_autoptr(RkStore) store = new_store();
    generate(store, "sequence", "data", 3000, 3, "split=leave-last-two", NULL);
    Run whole;
    set_up(&whole, store, "neumf", "data", "whole", set);
    fit(&whole);
    Run parts;
    set_up(&parts, store, "neumf", "data", "parts", set);
    // Once in the middle of the first epoch, once in the second, then to the end.
    for (uint64_t stop = 11; stop != 0; stop = stop == 11 ? 40 : 0) {
        g_autoptr(GError) error = NULL;
        g_auto(RkFitResult) result = {0};
        parts.stop_at = stop;
        parts.cancelled = 0;
        g_assert_false(rk_fit(&parts.options, &result, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_CANCELLED);
        parts.options.resume = TRUE;
        g_autoptr(RkStoredRun) run = rk_run_open(store, "parts", NULL);
        g_assert_cmpint(run->status, ==, RK_RUN_INTERRUPTED);
    }
    parts.stop_at = 0;
    parts.cancelled = 0;
    fit(&parts);
    g_autoptr(RkWeights) a = stored_weights(store, "whole"), b = stored_weights(store, "parts");
    assert_same(a, b);
    // Every step's loss is there once, the same in both.
    g_autoptr(RkStoredRun) x = rk_run_open(store, "whole", NULL);
    g_autoptr(RkStoredRun) y = rk_run_open(store, "parts", NULL);
    g_autoptr(GArray) p = rk_run_measurements(store, x->id, "loss", NULL);
    g_autoptr(GArray) q = rk_run_measurements(store, y->id, "loss", NULL);
    g_assert_cmpuint(p->len, ==, q->len);
    g_assert_cmpuint(p->len, >, 40);
    for (guint i = 0; i < p->len; i++)
        g_assert_cmpfloat(g_array_index(p, RkMeasurement, i).value, ==,
                          g_array_index(q, RkMeasurement, i).value);
    tear_down(&whole);
    tear_down(&parts);
}

static void
another_setting_cannot_resume(void)
{
    static const char *const set[] = {"epochs=2", "loss=mse", NULL};
    static const char *const other[] = {"epochs=2", "loss=mse", "lr=0.5", NULL};
    g_autoptr(RkStore) store = new_store();
    generate(store, "ratings", "data", 2000, 3, "split=random", NULL);
    Run run, changed;
    set_up(&run, store, "mf", "data", "a", set);
    run.stop_at = 1;
    g_auto(RkFitResult) result = {0}, second = {0};
    g_autoptr(GError) error = NULL, refused = NULL;
    g_assert_false(rk_fit(&run.options, &result, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_CANCELLED);
    set_up(&changed, store, "mf", "data", "a", other);
    changed.options.resume = TRUE;
    g_assert_false(rk_fit(&changed.options, &second, &refused));
    g_assert_error(refused, RK_ERROR, RK_ERROR_USAGE);
    g_assert_nonnull(strstr(refused->message, "settings"));
    tear_down(&run);
    tear_down(&changed);
}

// A rate that is far too high, with a checkpoint at each step.
static const char *const EXPLODING[] = {"loss=mse",  "optimizer=sgd",  "lr=90",        "batch=256",
                                        "epochs=40", "checkpoint.s=0", "eval.every=0", NULL};
static void
checkpoints_hold_good_numbers_alone(void)
{
    g_autoptr(GError) error = NULL;
    g_auto(RkFitResult) result = {0};
    g_autoptr(RkStore) store = new_store();
    generate(store, "ratings", "data", 500, 3, "split=random", NULL);
    Run run;
    set_up(&run, store, "mf", "data", "m", EXPLODING);
    g_assert_false(rk_fit(&run.options, &result, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, "Stopped training"));
    g_assert_nonnull(strstr(error->message, "--resume"));
    // The op, not the weights that the failing step made of it.
    g_assert_nonnull(strstr(error->message, "of node %"));
    g_autoptr(RkStoredRun) stored = rk_run_open(store, "m", NULL);
    g_assert_cmpint(stored->status, ==, RK_RUN_FAILED);
    g_autoptr(RkCheckpoint) last = rk_run_last_checkpoint(store, stored->id, UINT64_MAX, NULL);
    g_assert_nonnull(last);
    for (uint32_t i = 0; i < rk_tensor_list_n(last->tensors); i++) {
        g_autofree float *values = rk_tensor_list_load(last->tensors, i, NULL);
        uint64_t n = rk_tensor_list_at(last->tensors, i)->n_bytes / sizeof *values;
        for (uint64_t e = 0; e < n; e++)
            g_assert_true(isfinite(values[e]));
    }
    tear_down(&run);
}

static void
a_failed_run_goes_on_more_gently(void)
{
    static const char *const fast[] = {"loss=mse", "lr=0.1", "epochs=2", NULL};
    static const char *const slow[] = {"loss=mse", "lr=0.01", "clip=1", "epochs=2", NULL};
    static const char *const other[] = {"loss=mse", "lr=0.01", "dim=8", "epochs=2", NULL};
    g_autoptr(GError) error = NULL, refused = NULL;
    g_auto(RkFitResult) result = {0}, second = {0};
    g_autoptr(RkStore) store = new_store();
    generate(store, "ratings", "data", 3000, 3, "split=random", NULL);
    Run run, changed;
    set_up(&run, store, "mf", "data", "m", fast);
    run.stop_at = 1;
    g_assert_false(rk_fit(&run.options, &result, &error));
    tear_down(&run);
    g_autoptr(RkStoredRun) stored = rk_run_open(store, "m", NULL);
    g_assert_true(rk_run_set_status(store, stored->id, RK_RUN_FAILED, "a loss of NaN", NULL));
    set_up(&changed, store, "mf", "data", "m", other);
    changed.options.resume = TRUE;
    g_assert_false(rk_fit(&changed.options, &second, &refused));
    g_assert_error(refused, RK_ERROR, RK_ERROR_USAGE);
    tear_down(&changed);
    set_up(&changed, store, "mf", "data", "m", slow);
    changed.options.resume = TRUE;
    fit(&changed);
    g_autoptr(RkStoredRun) again = rk_run_open(store, "m", NULL);
    g_assert_nonnull(strstr(again->config, "\"lr\":0.01"));
    tear_down(&changed);
}

// ---- a stored model on a dataset -----------------------------------------------------------

typedef struct {
    RkTrained *trained;
    RkDataset *dataset;
    RkSplit *split;
    RkTrainFeatures *features;
    RkModelBuild *build;
    RkState *state;
    GArray *unseen;
} Opened;

static void
open_model(Opened *o, RkStore *store, const char *name, const char *data)
{
    g_autoptr(GError) error = NULL;
    o->trained = rk_trained_open(store, name, 0, &error);
    g_assert_no_error(error);
    o->dataset = rk_dataset_open(store, data, &error);
    g_assert_no_error(error);
    o->split = rk_dataset_split(o->dataset, &error);
    const RkModel *model = o->trained->model;
    const RkTrainFeaturesOptions options = {.dataset = o->dataset,
                                            .split = o->split,
                                            .model = model,
                                            .like = model->candidates ? NULL : o->trained,
                                            .history = TRUE,
                                            .set = o->trained->settings->values,
                                            .positive_from = -1e30};
    o->features = rk_train_features_new(&options, &error);
    g_assert_no_error(error);
    o->build =
        rk_model_build_new(model, &o->features->data, o->trained->settings->values, FALSE, &error);
    model->score(o->build, RK_NONE);
    o->state = rk_state_new(device);
    g_assert_true(rk_state_add_graph(o->state, o->build->graph, &error));
    g_assert_true(rk_trained_load(o->trained, o->build, o->features, o->state, &o->unseen, &error));
    g_assert_no_error(error);
}

static void
close_model(Opened *o)
{
    rk_state_free(o->state);
    rk_model_build_free(o->build);
    rk_train_features_free(o->features);
    rk_split_free(o->split);
    rk_dataset_unref(o->dataset);
    rk_trained_free(o->trained);
    g_array_unref(o->unseen);
}

static RkEvaluation *
evaluate(Opened *o, const char *protocol)
{
    g_autoptr(GError) error = NULL;
    const RkEvaluateOptions options = {.device = device,
                                       .model = o->trained->model,
                                       .settings = o->trained->settings,
                                       .features = o->features,
                                       .state = o->state,
                                       .part = RK_PART_TEST,
                                       .protocol = protocol,
                                       .k = 10,
                                       .threshold = TRUE,
                                       .seed = 7};
    RkEvaluation *evaluation = rk_evaluate(&options, &error);
    g_assert_no_error(error);
    return evaluation;
}

static const char *const QUICK_PAIRS[] = {"loss=bpr", "negatives=uniform", "epochs=1", "batch=256",
                                          "dim=8",    "lr=0.05",           NULL};

// A model of users and items, fitted on sequences and opened again.
static void
fit_pairs(Run *run, Opened *o, RkStore *store)
{
    generate(store, "sequence", "data", 3000, 3, "split=leave-last-two", NULL);
    set_up(run, store, "mf", "data", "m", QUICK_PAIRS);
    fit(run);
    open_model(o, store, "m", "data");
}

static void
a_reloaded_model_measures_the_same(gconstpointer model)
{
    static const char *const clicks[] = {"epochs=1", "batch=512", "dim=4",
                                         "layers=8", "lr=0.01",   NULL};
    g_autoptr(GError) error = NULL;
    gboolean pairs = rk_model_find(model, NULL)->candidates;
    g_autoptr(RkStore) store = new_store();
    generate(store, pairs ? "sequence" : "ctr", "data", 3000, 3,
             pairs ? "split=leave-last-two" : "split=random", pairs ? NULL : "categories=50");
    Run run;
    set_up(&run, store, model, "data", "m", pairs ? QUICK_PAIRS : clicks);
    g_auto(RkFitResult) result = {0};
    rk_fit(&run.options, &result, &error);
    g_assert_no_error(error);
    Opened o = {0};
    open_model(&o, store, "m", "data");
    g_assert_cmpuint(o.unseen->len, ==, 0);
    g_autoptr(RkEvaluation) again = evaluate(&o, NULL);
    g_assert_cmpstr(again->protocol, ==, pairs ? "full" : "predict");
    g_assert_cmpuint(again->figures->len, ==, result.test->figures->len);
    for (guint i = 0; i < again->figures->len; i++) {
        const RkFigure *f = &g_array_index(again->figures, RkFigure, i);
        const RkFigure *was = rk_evaluation_find(result.test, f->name);
        g_assert_nonnull(was);
        g_assert_true(f->value == was->value || (isnan(f->value) && isnan(was->value)));
    }
    close_model(&o);
    tear_down(&run);
}

// ---- ranking -------------------------------------------------------------------------------

// The score of one user and item in double precision, from the stored weights.
static double
plain_score(const RkWeights *w, uint32_t user, uint32_t item)
{
    const RkWeight *users = rk_weights_find(w, "user.weight");
    const RkWeight *items = rk_weights_find(w, "item.weight");
    uint32_t dim = users->type.dim[1];
    const float *p = (const float *)users->packed + (size_t)user * dim;
    const float *q = (const float *)items->packed + (size_t)item * dim;
    double sum = (double)((const float *)rk_weights_find(w, "mean")->packed)[0] +
                 (double)((const float *)rk_weights_find(w, "user.bias")->packed)[user] +
                 (double)((const float *)rk_weights_find(w, "item.bias")->packed)[item];
    for (uint32_t d = 0; d < dim; d++)
        sum += (double)p[d] * (double)q[d];
    return sum;
}

static void
ranks_count_every_item_not_had(void)
{
    g_autoptr(RkStore) store = new_store();
    // Random parts: users with several wanted items, more than a row takes among them.
    generate(store, "ratings", "data", 6000, 5, "split=random", NULL);
    Run run;
    set_up(&run, store, "mf", "data", "m", QUICK_PAIRS);
    fit(&run);
    Opened o = {0};
    open_model(&o, store, "m", "data");
    g_autoptr(RkEvaluation) e = evaluate(&o, "full");
    g_autoptr(RkWeights) w = stored_weights(store, "m");
    g_autoptr(GError) error = NULL;
    const RkHistory *h = rk_frame_history(o.features->frame, &error);
    uint32_t n_items = o.features->data.features[o.features->data.item].rows;
    g_autofree gboolean *had = g_new(gboolean, n_items);
    uint32_t n_checked = 0;
    for (uint32_t q = 0; q < e->ranked->n; q += 7) {
        uint32_t user = e->ranked->user[q];
        uint32_t begin = q > 0 ? e->ranked->ends[q - 1] : 0;
        memset(had, 0, n_items * sizeof *had);
        for (uint64_t i = h->offset[user]; i < h->offset[user + 1]; i++)
            if (h->part[i] == RK_PART_TRAIN || h->part[i] == RK_PART_VALID)
                had[h->item[i]] = TRUE;
        for (uint32_t t = begin; t < e->ranked->ends[q]; t++)
            had[e->ranked->wanted[t]] = FALSE; // wanted again
        for (uint32_t t = begin; t < e->ranked->ends[q]; t++, n_checked++) {
            double own = plain_score(w, user, e->ranked->wanted[t]);
            uint32_t above = 0, near = 0;
            for (uint32_t i = 0; i < n_items; i++) {
                double other = had[i] ? -INFINITY : plain_score(w, user, i);
                above += other > own + 1e-5; // beyond what 8 products round to in fp32
                near += fabs(other - own) <= 1e-5;
            }
            g_assert_cmpuint(e->ranked->ranks[t].greater, >=, above);
            g_assert_cmpuint(e->ranked->ranks[t].greater, <=, above + near - 1);
        }
        // The list's best is the best.
        double best = plain_score(w, user, e->ranked->items[(size_t)q * e->ranked->k]);
        for (uint32_t i = 0; i < n_items; i++)
            g_assert_true(had[i] || plain_score(w, user, i) <= best + 1e-5);
    }
    g_assert_cmpuint(n_checked, >, 50);
    close_model(&o);
    tear_down(&run);
}

static void
sampled_candidates_were_never_had(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = new_store();
    Run run;
    Opened o = {0};
    fit_pairs(&run, &o, store);
    g_autoptr(RkEvaluation) a = evaluate(&o, "sampled:20"), b = evaluate(&o, "sampled:20");
    g_assert_cmpuint(a->n, ==, rk_split_n(o.split, RK_PART_TEST));
    g_assert_cmpuint(a->scores->width, ==, 21);
    for (guint i = 0; i < a->figures->len; i++) // a seed draws the same candidates
        g_assert_cmpfloat(g_array_index(a->figures, RkFigure, i).value, ==,
                          g_array_index(b->figures, RkFigure, i).value);
    // Hand-count of the hit rate at 10: with 21 candidates the rank is in the scores themselves.
    double hits = 0;
    for (uint64_t i = 0; i < a->n; i++) {
        const float *score = a->scores->score + i * 21;
        uint32_t above = 0, equal = 0;
        for (uint32_t c = 1; c < 21; c++) {
            above += score[c] > score[0];
            equal += score[c] == score[0];
        }
        g_assert_cmpuint(equal, ==, 0);
        hits += above < 10;
    }
    g_assert_cmpfloat_with_epsilon(rk_evaluation_find(a, "hr@10")->value, hits / (double)a->n,
                                   1e-12);
    g_assert_null(rk_evaluation_find(a, "coverage@10")); // nothing was listed
    close_model(&o);
    tear_down(&run);
}

static void
a_popular_item_is_no_surprise(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = new_store();
    Run run;
    Opened o = {0};
    fit_pairs(&run, &o, store);
    g_autoptr(RkEvaluation) full = evaluate(&o, "full"), sampled = evaluate(&o, "sampled:20");
    g_autoptr(GPtrArray) names = NULL, more = NULL;
    g_autofree uint32_t *slice = rk_slice_evaluation(sampled, o.features, "item", &names, &error);
    g_assert_no_error(error);
    uint64_t n = 0;
    for (uint64_t i = 0; i < sampled->n; i++)
        n += slice[i] < names->len;
    g_assert_cmpuint(n, ==, sampled->n);
    g_assert_null(rk_slice_evaluation(full, o.features, "item", &more, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
    // A model beside itself differs by nothing, for sure.
    g_autoptr(GError) none = NULL;
    RkInterval interval;
    const RkFigure *f = rk_evaluation_find(full, "ndcg@10");
    g_assert_true(rk_compare_evaluations(full, full, f, 1, &interval, &none));
    g_assert_cmpfloat(interval.low, ==, 0);
    g_assert_cmpfloat(interval.high, ==, 0);
    g_assert_false(rk_compare_evaluations(full, sampled, f, 1, &interval, &none));
    g_assert_error(none, RK_ERROR, RK_ERROR_USAGE);
    close_model(&o);
    tear_down(&run);
}

// ---- other data ----------------------------------------------------------------------------

static void
rows_follow_their_ids(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = new_store();
    generate(store, "sequence", "old", 2000, 3, "split=leave-last-two", NULL);
    generate(store, "sequence", "new", 6000, 4, "split=leave-last-two", NULL);
    Run run;
    set_up(&run, store, "mf", "old", "m", QUICK_PAIRS);
    fit(&run);
    Opened o = {0};
    open_model(&o, store, "m", "new");
    g_autoptr(RkWeights) w = stored_weights(store, "m");
    const RkWeight *was = rk_weights_find(w, "user.bias");
    const RkTensor *is = rk_state_tensor(o.state, "user.bias");
    g_autofree float *now = g_malloc(rk_tensor_bytes(is));
    g_assert_true(rk_state_read(o.state, "user.bias", now, rk_tensor_bytes(is), &error));
    const RkVocabulary *from = g_hash_table_lookup(o.trained->vocabularies, "user");
    const RkVocabulary *to = rk_dataset_vocabulary(o.dataset, "user", &error);
    g_assert_no_error(error);
    uint32_t n_unknown = 0;
    for (uint32_t code = 0; code < rk_vocabulary_size(to); code++) {
        char scratch[RK_VOCABULARY_SCRATCH];
        uint32_t length;
        const char *text = rk_vocabulary_text(to, code, scratch, &length);
        uint32_t at = rk_vocabulary_find(from, text, length);
        n_unknown += at == RK_CODE_MISSING;
        g_assert_cmpfloat(now[code], ==,
                          at == RK_CODE_MISSING ? 0 : ((const float *)was->packed)[at]);
    }
    g_assert_cmpuint(n_unknown, >, 0);
    g_assert_cmpuint(o.unseen->len, ==, 1); // the items are the same 2000
    g_assert_cmpuint(g_array_index(o.unseen, RkUnseen, 0).n_unknown, ==, n_unknown);
    // Trained on with the new data: the next version, which knows them all.
    Run update;
    set_up(&update, store, "mf", "new", "m", QUICK_PAIRS);
    update.options.from = o.trained;
    update.options.update = TRUE;
    fit(&update);
    Opened second = {0};
    open_model(&second, store, "m", "new");
    g_assert_cmpuint(second.trained->stored->version, ==, 2);
    g_assert_cmpuint(second.trained->stored->parent_version, ==, 1);
    g_assert_cmpuint(second.unseen->len, ==, 0);
    close_model(&second);
    close_model(&o);
    tear_down(&run);
    tear_down(&update);
}

// ---- files of weights ----------------------------------------------------------------------

static void
weights_come_back_from_files(gconstpointer suffix)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("rankine-XXXXXX", &error);
    g_autofree char *name = g_strconcat("w", suffix, NULL);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(RkWeights) weights = rk_weights_new();
    const RkTensor matrix = {.dtype = RK_F32, .rank = 2, .dim = {3, 5}};
    const RkTensor scalar = {.dtype = RK_F32, .rank = 1, .dim = {1}};
    float *values = g_new(float, 15);
    for (int i = 0; i < 15; i++)
        values[i] = (float)(1 / (3.0 + i)) * (i % 2 ? -1e-9f : 1e9f);
    rk_weights_take(weights, "layer.0.weight", &matrix, values);
    rk_weights_take(weights, "mean", &scalar, g_memdup2(&(float){3.5f}, sizeof(float)));
    g_assert_true(rk_weights_write(weights, path, &error));
    g_autoptr(RkWeights) again = rk_weights_read(path, &error);
    g_assert_no_error(error);
    assert_same(weights, again);
    g_assert_cmpuint(rk_weights_find(again, "layer.0.weight")->type.dim[1], ==, 5);
    g_remove(path);
    g_rmdir(folder);
}

static void
bad_files_are_refused(void)
{
    static const struct {
        const char *name, *text, *says;
    } bad[] = {
        {"a.json", "{\"w\": [[1, 2], [3]]}", "differ in length"},
        {"b.json", "{\"w\": {\"shape\": [2], \"data\": [1]}}", "shape"},
        {"c.json", "{\"w\": [1, \"x\"]}", "numbers"},
        {"d.json", "[1]", "object"},
        {"e.npz", "PK nothing of the kind", "e.npz"},
        {"f.txt", "1", ".npz or .json"},
    };
    g_autoptr(GError) folder_error = NULL;
    g_autofree char *folder = g_dir_make_tmp("rankine-XXXXXX", &folder_error);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *path = g_build_filename(folder, bad[i].name, NULL);
        g_assert_true(g_file_set_contents(path, bad[i].text, -1, &error));
        g_assert_null(rk_weights_read(path, &error));
        g_assert_nonnull(error);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, bad[i].says));
        g_remove(path);
    }
    g_rmdir(folder);
}

static void
training_starts_from_given_weights(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("rankine-XXXXXX", &error);
    g_autofree char *path = g_build_filename(folder, "w.npz", NULL);
    g_autofree char *init = g_strconcat("init=", path, NULL);
    const char *const first[] = {"loss=mse", "epochs=1", "batch=512", "dim=4", NULL};
    // No step moves anything at a rate of 0: what was given comes out.
    const char *const second[] = {"loss=mse", "epochs=1",      "batch=512", "dim=4",
                                  "lr=0",     "optimizer=sgd", init,        NULL};
    const char *const wider[] = {"loss=mse", "epochs=1", "dim=5", init, NULL};
    g_autoptr(RkStore) store = new_store();
    generate(store, "ratings", "data", 2000, 3, "split=random", NULL);
    Run a, b, c;
    set_up(&a, store, "mf", "data", "a", first);
    fit(&a);
    g_autoptr(RkWeights) given = stored_weights(store, "a");
    g_assert_true(rk_weights_write(given, path, &error));
    set_up(&b, store, "mf", "data", "b", second);
    fit(&b);
    g_autoptr(RkWeights) same = stored_weights(store, "b");
    assert_same(given, same);
    set_up(&c, store, "mf", "data", "c", wider);
    g_auto(RkFitResult) result = {0};
    g_assert_false(rk_fit(&c.options, &result, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_SHAPE);
    g_assert_null(rk_run_open(store, "c", NULL)); // what was refused leaves no trace
    tear_down(&a);
    tear_down(&b);
    tear_down(&c);
    g_remove(path);
    g_rmdir(folder);
}

static void
a_good_rate_is_found(void)
{
    static const char *const set[] = {"batch=64", "dim=8", "layers=16-1", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = new_store();
    generate(store, "ctr", "data", 10000, 3, "split=random", "categories=50");
    Run run;
    set_up(&run, store, "mlp", "data", "a", set);
    g_autoptr(GArray) points = NULL;
    double suggested = NAN;
    g_assert_true(rk_find_lr(&run.options, 1e-5, 100, 120, &points, &suggested, &error));
    g_assert_cmpuint(points->len, <, 120); // it blew up on the way
    // Adam on such a small net likes 0.001 to 0.05.
    g_assert_cmpfloat(suggested, >, 5e-4);
    g_assert_cmpfloat(suggested, <, 0.1);
    g_assert_false(rk_model_exists(store, "a"));
    tear_down(&run);
}

static void
early_stopping_keeps_the_best(void)
{
    static const char *const set[] = {"loss=mse", "epochs=40",  "batch=128", "dim=32",
                                      "lr=0.02",  "patience=2", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = new_store();
    generate(store, "ratings", "data", 4000, 3, "split=random", NULL);
    Run run;
    set_up(&run, store, "mf", "data", "a", set);
    g_auto(RkFitResult) result = {0};
    rk_fit(&run.options, &result, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(result.epochs, <, 40);
    g_assert_cmpuint(result.epochs, ==, result.best_epoch + 2);
    g_assert_cmpstr(result.metric, ==, "rmse");
    // The weights that were kept are those of the best epoch.
    Opened o = {0};
    open_model(&o, store, "a", "data");
    const RkEvaluateOptions options = {.device = device,
                                       .model = o.trained->model,
                                       .settings = o.trained->settings,
                                       .features = o.features,
                                       .state = o.state,
                                       .part = RK_PART_VALID,
                                       .k = 10};
    g_autoptr(RkEvaluation) e = rk_evaluate(&options, &error);
    g_assert_no_error(error);
    g_assert_cmpfloat(rk_evaluation_find(e, "rmse")->value, ==, result.best);
    close_model(&o);
    tear_down(&run);
}

// ---- models that are counted ---------------------------------------------------------------

// Whether a user has an item in the training part.
static gboolean
had(const RkHistory *h, uint32_t user, uint32_t item)
{
    for (uint64_t e = h->offset[user]; e < h->offset[user + 1]; e++)
        if (h->part[e] == RK_PART_TRAIN && h->item[e] == item)
            return TRUE;
    return FALSE;
}

static const float *
values_of(const RkWeights *weights, const char *name, uint32_t *rows, uint32_t *cols)
{
    const RkWeight *weight = rk_weights_find(weights, name);
    g_assert_nonnull(weight);
    *rows = weight->type.dim[0];
    *cols = weight->type.dim[1];
    return weight->packed;
}

static void
popularity_is_the_number_of_events(void)
{
    static const char *const none[] = {NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = new_store();
    generate(store, "sequence", "data", 3000, 3, "split=leave-last-two", NULL);
    Run run;
    Opened o = {0};
    set_up(&run, store, "popularity", "data", "m", none);
    fit(&run);
    open_model(&o, store, "m", "data");
    g_autoptr(RkWeights) w = stored_weights(store, "m");
    uint32_t rows, cols;
    const float *popularity = values_of(w, "item.popularity", &rows, &cols);
    const RkHistory *h = rk_frame_history(o.features->frame, &error);
    g_assert_no_error(error);
    g_autofree float *counted = g_new0(float, rows);
    for (uint64_t e = 0; e < h->offset[h->n_users]; e++)
        counted[h->item[e]] += h->part[e] == RK_PART_TRAIN;
    g_assert_cmpmem(popularity, rows * sizeof(float), counted, rows * sizeof(float));
    g_autoptr(RkEvaluation) e = evaluate(&o, NULL);
    g_assert_cmpstr(e->protocol, ==, "full");
    // Everyone is shown the same best item unless they had it.
    uint32_t best = 0;
    for (uint32_t i = 1; i < rows; i++)
        best = popularity[i] > popularity[best] ? i : best;
    for (uint32_t u = 0; u < e->ranked->n; u++)
        if (popularity[e->ranked->items[(size_t)u * e->ranked->k]] < popularity[best])
            g_assert_cmpuint(h->offset[e->ranked->user[u] + 1], >, h->offset[e->ranked->user[u]]);
    close_model(&o);
    tear_down(&run);
}

static void
neighbours_are_the_most_similar(void)
{
    static const char *const set[] = {"neighbours=4", "shrink=2", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = new_store();
    generate(store, "sequence", "data", 2000, 3, "split=leave-last-two", "items=300");
    Run run;
    Opened o = {0};
    set_up(&run, store, "item-knn", "data", "m", set);
    fit(&run);
    open_model(&o, store, "m", "data");
    const RkHistory *h = rk_frame_history(o.features->frame, &error);
    g_assert_no_error(error);
    g_autoptr(RkWeights) w = stored_weights(store, "m");
    uint32_t rows, cols;
    const float *similarity = values_of(w, "item.similarities", &rows, &cols);
    const uint32_t *near = rk_weights_find(w, "item.neighbours")->packed;
    g_assert_cmpuint(cols, ==, 4);
    for (uint32_t i = 0; i < rows; i++) {
        g_autofree double *all = g_new0(double, rows);
        for (uint32_t j = 0; j < rows; j++) {
            double both = 0, of_i = 0, of_j = 0;
            for (uint32_t u = 0; u < h->n_users; u++) {
                of_i += had(h, u, i);
                of_j += had(h, u, j);
                both += had(h, u, i) && had(h, u, j);
            }
            all[j] = i == j ? 0 : both / (sqrt(of_i * of_j) + 2);
        }
        for (uint32_t n = 0; n < cols; n++) {
            uint32_t n_above = 0; // more similar than the n-th that was kept
            double kept = similarity[i * cols + n];
            if (kept > 0)
                g_assert_cmpfloat_with_epsilon(all[near[i * cols + n]], kept, 1e-6);
            for (uint32_t j = 0; j < rows; j++)
                n_above += all[j] > kept + 1e-6;
            g_assert_cmpuint(n_above, <=, n);
        }
    }
    close_model(&o);
    tear_down(&run);
}

static void
counted_codes_follow_their_ids(void)
{
    static const char *const set[] = {"neighbours=3", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = new_store();
    generate(store, "sequence", "old", 2000, 3, "split=leave-last-two", "items=400");
    generate(store, "sequence", "new", 2000, 4, "split=leave-last-two", "items=300");
    Run run;
    Opened o = {0};
    set_up(&run, store, "item-knn", "old", "m", set);
    fit(&run);
    open_model(&o, store, "m", "new");
    g_autoptr(RkWeights) w = stored_weights(store, "m");
    const RkTensor *type = rk_state_tensor(o.state, "item.neighbours");
    g_autofree uint32_t *now = g_malloc(rk_tensor_bytes(type));
    g_assert_true(rk_state_read(o.state, "item.neighbours", now, rk_tensor_bytes(type), &error));
    const uint32_t *was = rk_weights_find(w, "item.neighbours")->packed;
    uint32_t n_lost = 0;
    g_assert_cmpuint(type->dim[0], ==, 300);
    // Generated ids are the same numbers in both; those above are not in the smaller one.
    for (uint32_t i = 0; i < 3 * type->dim[0]; i++) {
        g_assert_cmpuint(now[i], ==, was[i] < 300 ? was[i] : UINT32_MAX);
        n_lost += was[i] >= 300;
    }
    g_assert_cmpuint(n_lost, >, 0);
    close_model(&o);
    tear_down(&run);
}

static void
counting_starts_from_nothing(void)
{
    static const char *const set[] = {NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = new_store();
    generate(store, "sequence", "data", 2000, 3, "split=leave-last-two", NULL);
    Run run, next;
    set_up(&run, store, "popularity", "data", "m", set);
    fit(&run);
    set_up(&next, store, "popularity", "data", "m", set);
    g_autoptr(RkTrained) trained = rk_trained_open(store, "m", 0, &error);
    next.options.from = trained;
    next.options.update = TRUE;
    g_auto(RkFitResult) result = {0};
    g_assert_false(rk_fit(&next.options, &result, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "counted"));
    tear_down(&run);
    tear_down(&next);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GError) error = NULL;
    device = rk_device_open(NULL, &error);
    g_assert_no_error(error);
    g_test_add_data_func("/train/fit/a resumed run ends with the same bits", EVERYTHING,
                         a_resumed_run_ends_with_the_same_bits);
    g_test_add_data_func("/train/fit/a resumed run of several batches a step does too", ACCUMULATED,
                         a_resumed_run_ends_with_the_same_bits);
    g_test_add_func("/train/fit/another setting cannot resume", another_setting_cannot_resume);
    static const char *const models[] = {"mf", "gmf", "two-tower", "deepfm", "dcn"};
    for (size_t i = 0; i < G_N_ELEMENTS(models); i++) {
        g_autofree char *path =
            g_strdup_printf("/train/fit/a reloaded %s measures the same", models[i]);
        g_test_add_data_func(path, models[i], a_reloaded_model_measures_the_same);
    }
    g_test_add_func("/train/fit/checkpoints hold good numbers alone",
                    checkpoints_hold_good_numbers_alone);
    g_test_add_func("/train/fit/a failed run goes on more gently",
                    a_failed_run_goes_on_more_gently);
    g_test_add_func("/train/fit/ranks count every item not had", ranks_count_every_item_not_had);
    g_test_add_func("/train/fit/sampled candidates were never had",
                    sampled_candidates_were_never_had);
    g_test_add_func("/train/fit/slices and differences", a_popular_item_is_no_surprise);
    g_test_add_func("/train/fit/rows follow their ids", rows_follow_their_ids);
    g_test_add_data_func("/train/fit/weights come back from npz", ".npz",
                         weights_come_back_from_files);
    g_test_add_data_func("/train/fit/weights come back from json", ".json",
                         weights_come_back_from_files);
    g_test_add_func("/train/fit/bad files are refused", bad_files_are_refused);
    g_test_add_func("/train/fit/training starts from given weights",
                    training_starts_from_given_weights);
    g_test_add_func("/train/fit/a good rate is found", a_good_rate_is_found);
    g_test_add_func("/train/fit/early stopping keeps the best", early_stopping_keeps_the_best);
    g_test_add_func("/train/fit/popularity is the number of events",
                    popularity_is_the_number_of_events);
    g_test_add_func("/train/fit/neighbours are the most similar", neighbours_are_the_most_similar);
    g_test_add_func("/train/fit/counted codes follow their ids", counted_codes_follow_their_ids);
    g_test_add_func("/train/fit/counting starts from nothing", counting_starts_from_nothing);
    int failed = g_test_run();
    rk_device_close(device);
    return failed;
}
