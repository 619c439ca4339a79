// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a model costs and reaches: its bytes and operations, the time of a batch, its figures on
// the test part, and how many scores tie.
#include "train/compress-private.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

#define N_TIMED 15u // runs of a batch; the median is kept

void
rk_compress_measured_clear(RkCompressMeasured *measured)
{
    g_clear_pointer(&measured->evaluation, rk_evaluation_free);
}

RkState *
rk_compressing_state(RkCompressing *c, const RkCompressed *model, RkModelBuild **build,
                     RkRef *score, GError **error)
{
    g_autoptr(RkModelBuild) b =
        rk_model_build_new(model->model, &model->data, model->set, FALSE, error);
    if (b == NULL)
        return NULL;
    *score = model->model->score(b, RK_NONE);
    g_autoptr(RkState) state = rk_state_new(c->options->device);
    if (!rk_graph_check(b->graph, error) || !rk_state_add_graph(state, b->graph, error))
        return NULL;
    for (guint i = 0; i < b->params->len; i++) {
        const char *name = g_array_index(b->params, RkModelParam, i).name;
        const RkWeight *w = rk_weights_find(model->tensors, name);
        g_assert(w != NULL); // rk_compressed_check() came first
        if (!rk_state_write(state, name, w->packed, rk_tensor_bytes(&w->type), error))
            return NULL;
    }
    *build = g_steal_pointer(&b);
    return g_steal_pointer(&state);
}

static int
compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

// With whatever the inputs hold: no kernel's time depends on it.
static gboolean
time_batch(RkCompressing *c, const RkModelBuild *build, RkRef score, RkState *state, double *ms,
           GError **error)
{
    const RkPlanOptions options = {.batch = RK_COMPRESS_BATCH, .n_outputs = 1, .outputs = &score};
    g_autoptr(RkPlan) plan = rk_plan_new(c->options->device, build->graph, state, &options, error);
    double took[N_TIMED];
    for (uint32_t i = 0; plan != NULL && i < N_TIMED; i++) {
        uint64_t begin = rk_clock_ns();
        if (!rk_plan_run(plan, error))
            return FALSE;
        took[i] = (double)(rk_clock_ns() - begin) / 1e6;
    }
    if (plan == NULL)
        return FALSE;
    qsort(took, N_TIMED, sizeof *took, compare_doubles);
    *ms = took[N_TIMED / 2];
    return TRUE;
}

static int
compare_floats(const void *left, const void *right)
{
    float a = *(const float *)left, b = *(const float *)right;
    return (a > b) - (a < b);
}

// The share of pairs of samples that have one score; of rankings, the mean share of the other
// items that a wanted one can't be told from.
static double
tied_share(const RkEvaluation *e, uint32_t n_items)
{
    if (e->ranked != NULL) {
        uint32_t n = e->ranked->n > 0 ? e->ranked->ends[e->ranked->n - 1] : 0;
        double sum = 0;
        for (uint32_t i = 0; i < n; i++)
            sum += e->ranked->ranks[i].equal;
        return n > 0 && n_items > 1 ? sum / n / (n_items - 1) : 0;
    }
    if (e->scores == NULL || e->scores->n < 2)
        return 0;
    uint64_t n = e->scores->n, run = 1;
    g_autofree float *score = g_new(float, n);
    double pairs = 0;
    for (uint64_t i = 0; i < n; i++)
        score[i] = e->scores->score[i * e->scores->width];
    qsort(score, n, sizeof *score, compare_floats);
    for (uint64_t i = 1; i <= n; i++, run++)
        if (i == n || score[i] != score[i - 1]) {
            pairs += (double)run * (double)(run - 1);
            run = 0;
        }
    return pairs / ((double)n * (double)(n - 1));
}

gboolean
rk_compressing_measure(RkCompressing *c, const RkCompressed *model, const char *only,
                       RkCompressMeasured *measured, GError **error)
{
    g_autoptr(RkModelBuild) build = NULL;
    RkTrainSettings settings = *c->settings;
    RkTrainFeatures features = *c->features; // the same data in this model's form
    RkRef score;
    *measured = (RkCompressMeasured){0};
    settings.values = model->set;
    features.data.form = model->form;
    if (c->options->progress != NULL)
        c->options->progress(c->options->data, "measure", 0, 0);
    g_autoptr(RkState) state = NULL;
    if (!rk_compressed_check(model, error) || !rk_compressed_size(model, &measured->size, error) ||
        (state = rk_compressing_state(c, model, &build, &score, error)) == NULL ||
        !time_batch(c, build, score, state, &measured->batch_ms, error))
        return FALSE;
    if (c->opened->split == NULL || rk_split_n(c->opened->split, RK_PART_TEST) == 0)
        return TRUE;
    const RkEvaluateOptions options = {.device = c->options->device,
                                       .model = model->model,
                                       .settings = &settings,
                                       .features = &features,
                                       .state = state,
                                       .part = RK_PART_TEST,
                                       .protocol = c->protocol,
                                       .k = 10,
                                       .only = only,
                                       .threshold = only == NULL,
                                       .seed = c->options->seed,
                                       .cancelled = c->options->cancelled};
    measured->evaluation = rk_evaluate(&options, error);
    if (measured->evaluation == NULL)
        return FALSE;
    if (c->protocol == NULL)
        c->protocol = g_strdup(measured->evaluation->protocol);
    int item = features.data.item;
    measured->tied =
        tied_share(measured->evaluation, item >= 0 ? features.data.features[item].rows : 0);
    return TRUE;
}
