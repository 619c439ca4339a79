// SPDX-License-Identifier: GPL-3.0-or-later
//
// What passes ask of the training data and the device: scores of what the loss depends on, counts
// of codes, and training between steps.
#include "train/compress-private.h"

#include <math.h>
#include <string.h>

#define TAYLOR_BATCHES 16u // of the training data; more change little (Molchanov et al., 2019)

static RkCompressing *
of(RkPassContext *context)
{
    return (RkCompressing *)context;
}

// The model's settings with others in place of some; free values and leave the table.
static gboolean
settings_with(const RkCompressing *c, const RkCompressed *model, const char *const *assignments,
              RkTrainSettings *settings, GError **error)
{
    *settings = *c->settings;
    settings->values = rk_params_copy(model->set);
    for (; *assignments != NULL; assignments++)
        if (!rk_params_assign(settings->values, *assignments, error)) {
            g_clear_pointer(&settings->values, rk_params_free);
            return FALSE;
        }
    return TRUE;
}

static RkTrainer *
new_trainer(const RkCompressing *c, const RkCompressed *model, const RkTrainSettings *settings,
            GError **error)
{
    const RkTrainOptions options = {.device = c->options->device,
                                    .dataset = c->opened->dataset,
                                    .split = c->opened->split,
                                    .model = model->model,
                                    .settings = settings,
                                    .seed = c->options->seed,
                                    .like = model->model->candidates ? NULL : c->opened->trained,
                                    .form = model->form,
                                    .initial = model->tensors,
                                    .history = model->model->candidates,
                                    .cancelled = c->options->cancelled};
    return rk_trainer_new(&options, error);
}

gboolean
rk_compressing_read_back(RkTrainer *trainer, RkWeights *tensors, GError **error)
{
    const RkModelBuild *build = rk_trainer_build(trainer);
    for (guint i = 0; i < build->params->len; i++) {
        const char *name = g_array_index(build->params, RkModelParam, i).name;
        const RkTensor *type = rk_state_tensor(rk_trainer_state(trainer), name);
        size_t bytes = rk_tensor_bytes(type);
        g_autofree void *packed = g_malloc(MAX(bytes, 4));
        if (!rk_state_read(rk_trainer_state(trainer), name, packed, bytes, error))
            return FALSE;
        rk_weights_put(tensors, name, type, g_steal_pointer(&packed));
    }
    return TRUE;
}

static gboolean
train(RkPassContext *context, RkCompressed *model, double epochs, GError **error)
{
    RkCompressing *c = of(context);
    RkTrainSettings settings;
    RkTrainProgress progress;
    uint32_t n = (uint32_t)ceil(epochs);
    g_autofree char *count = g_strdup_printf("epochs=%u", n);
    const char *const own[] = {count, "init=", NULL};
    if (!settings_with(c, model, own, &settings, error))
        return FALSE;
    RkTrainer *trainer = new_trainer(c, model, &settings, error);
    gboolean fine = trainer != NULL;
    for (uint32_t epoch = 0; fine && epoch < n; epoch++) {
        if (c->options->progress != NULL)
            c->options->progress(c->options->data, "train", epoch, n);
        fine = rk_trainer_epoch(trainer, &progress, error);
    }
    fine = fine && rk_compressing_read_back(trainer, model->tensors, error);
    rk_trainer_free(trainer);
    rk_params_free(settings.values);
    return fine;
}

// ---- Taylor scores -------------------------------------------------------------------------

// A step of plain descent at rate 1 moves every value by its gradient: |gradient * value| is what
// the loss would change, to first order, without the value.
static gboolean
add_step(RkTrainer *trainer, const RkWeights *tensors, RkWeights *sums, GError **error)
{
    RkState *state = rk_trainer_state(trainer);
    for (guint i = 0; i < sums->list->len; i++) {
        RkWeight *sum = g_ptr_array_index(sums->list, i);
        const RkWeight *was = rk_weights_find(tensors, sum->name);
        size_t bytes = rk_tensor_bytes(&sum->type);
        g_autofree float *now = g_malloc(MAX(bytes, 4));
        const float *before = was->packed;
        if (!rk_state_read(state, sum->name, now, bytes, error) ||
            !rk_state_write(state, sum->name, before, bytes, error))
            return FALSE;
        for (uint64_t v = 0; v < rk_tensor_numel(&sum->type); v++)
            ((float *)sum->packed)[v] += fabsf((before[v] - now[v]) * before[v]);
    }
    return TRUE;
}

static RkWeights *
zero_sums(const RkWeights *tensors)
{
    RkWeights *sums = rk_weights_new();
    for (guint i = 0; i < tensors->list->len; i++) {
        const RkWeight *w = g_ptr_array_index(tensors->list, i);
        if (w->type.dtype == RK_F32)
            rk_weights_take(sums, w->name, &w->type, g_malloc0(MAX(rk_tensor_bytes(&w->type), 4)));
    }
    return sums;
}

static RkWeights *
taylor(RkPassContext *context, const RkCompressed *model, GError **error)
{
    static const char *const own[] = {
        "optimizer=sgd", "lr=1",     "momentum=0",  "nesterov=false",
        "l2=0",          "clip=0",   "tables=rows", "schedule=constant",
        "warmup=0",      "epochs=1", "init=",       NULL};
    RkCompressing *c = of(context);
    RkTrainSettings settings;
    RkTrainProgress progress;
    if (!settings_with(c, model, own, &settings, error))
        return NULL;
    RkTrainer *trainer = new_trainer(c, model, &settings, error);
    g_autoptr(RkWeights) sums = zero_sums(model->tensors);
    int more = trainer != NULL ? 1 : -1;
    for (uint32_t b = 0; more == 1 && b < TAYLOR_BATCHES; b++) {
        more = rk_trainer_step(trainer, &progress, error);
        if (more == 1 && !add_step(trainer, model->tensors, sums, error))
            more = -1;
    }
    rk_trainer_free(trainer);
    rk_params_free(settings.values);
    return more >= 0 ? g_steal_pointer(&sums) : NULL;
}

// ---- counts --------------------------------------------------------------------------------

static void
count_batch(const RkLoader *loader, const RkBatch *batch, const RkModelFeature *f, uint64_t *counts)
{
    const uint32_t *code = rk_loader_column(loader, batch->slot, 0);
    uint64_t n = batch->n;
    if (f->kind == RK_FEATURE_BAG && f->width > 0)
        n *= f->width;
    else if (f->kind == RK_FEATURE_BAG && n > 0)
        n = ((const uint32_t *)rk_loader_column(loader, batch->slot, 1))[n - 1];
    for (uint64_t i = 0; i < n; i++)
        if (code[i] < f->rows)
            counts[code[i]]++;
}

static uint64_t *
counts(RkPassContext *context, int feature, GError **error)
{
    RkCompressing *c = of(context);
    const RkModelFeature *f = &c->features->data.features[feature];
    gboolean bag = f->kind == RK_FEATURE_BAG, ragged = bag && f->width == 0;
    const RkBatchColumn columns[] = {{.name = "code",
                                      .kind = bag ? RK_BATCH_BAG : RK_BATCH_CODE,
                                      .field = f->name,
                                      .width = f->width,
                                      .capacity = f->capacity},
                                     {.name = "ends", .kind = RK_BATCH_ENDS, .n_of = 1, .of = {0}}};
    g_autoptr(RkParams) set = rk_params_new(rk_batch_params, rk_n_batch_params);
    const RkLoaderOptions options = {.batch = {.frame = c->features->frame,
                                               .parts = 1u << RK_PART_TRAIN,
                                               .columns = columns,
                                               .n_columns = ragged ? 2 : 1,
                                               .batch = set},
                                     .n_slots = 2,
                                     .n_epochs = 1};
    if (!rk_params_set(set, "shuffle", "none", error))
        return NULL;
    g_autoptr(RkLoader) loader = rk_loader_new(&options, error);
    g_autofree uint64_t *n = g_new0(uint64_t, MAX(f->rows, 1));
    RkBatch batch;
    int more = -1;
    while (loader != NULL && (more = rk_loader_next(loader, &batch, error)) == 1) {
        count_batch(loader, &batch, f, n);
        rk_loader_release(loader, batch.slot);
    }
    return more == 0 ? g_steal_pointer(&n) : NULL;
}

void
rk_compressing_offer_data(RkCompressing *c)
{
    c->context.seed = c->options->seed;
    c->context.taylor = taylor;
    c->context.counts = counts;
    c->context.train = train;
    rk_compressing_offer_activations(c);
    rk_compressing_offer_distilling(c);
}
