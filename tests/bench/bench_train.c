// SPDX-License-Identifier: GPL-3.0-or-later
//
// Epochs of MF and NeuMF on the device beside the same models as plain C loops (one core, -O3) over
// the same batches. bench-train [ROWS [--profile]] (default 200,000 generated ratings); --profile
// shows where a step's time goes. Models: MF with 64 factors, squared loss and SGD; NeuMF with its
// defaults, logistic loss, four negatives and Adam.
#include "base/clock.h"
#include "base/rng.h"
#include "store/intake.h"
#include "store/parts.h"
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIM = 64, GMF = 16, TOWER = 32, L1 = 64, L2 = 32, L3 = 16, BATCH = 1024, EPOCHS = 3 };

static void
check(const GError *error)
{
    if (error == NULL)
        return;
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

static double
median(double *rate)
{
    for (int i = 1; i < EPOCHS; i++)
        for (int j = i; j > 0 && rate[j] < rate[j - 1]; j--) {
            double other = rate[j];
            rate[j] = rate[j - 1];
            rate[j - 1] = other;
        }
    return rate[EPOCHS / 2];
}

static void
generate(RkStore *store, uint64_t rows)
{
    GError *error = NULL;
    const RkParam *table;
    size_t n;
    rk_synth_kind("ratings", &table, &n, NULL, NULL, &error);
    g_autoptr(RkParams) params = rk_params_new(table, n);
    g_autoptr(RkParams) split_set = rk_params_new(rk_split_params, rk_n_split_params);
    rk_params_assign(split_set, "split=all", &error);
    g_autoptr(RkSynth) synth = rk_synth_new("ratings", params, 1, rows, &error);
    check(error);
    g_autoptr(RkSplit) split =
        rk_split_build(rk_synth_source(synth), split_set, 1,
                       rk_synth_vocabulary_size(synth, "user"), NULL, &error);
    check(error);
    g_autoptr(RkDatasetWriter) writer =
        rk_dataset_writer_new(store, "data", rk_synth_source(synth)->schema, NULL, &error);
    check(error);
    rk_intake_synth(writer, rk_dataset_writer_chunks(writer), synth, split, NULL, 2, NULL, &error);
    check(error);
    rk_dataset_writer_commit(writer, &error);
    check(error);
}

// ---- on the device -------------------------------------------------------------------------

static void
show_profile(RkTrainer *trainer)
{
    GError *error = NULL;
    g_autoptr(GArray) steps = rk_trainer_steps(trainer, &error);
    check(error);
    double all = 0;
    for (guint i = 0; i < steps->len; i++)
        all += g_array_index(steps, RkPlanStep, i).ns;
    for (guint i = 0; i < steps->len; i++) {
        const RkPlanStep *s = &g_array_index(steps, RkPlanStep, i);
        if (s->ns > 0.01 * all)
            printf("    %-28s %-20s %8.1f us  %5.2f GB/s  %6.2f GFLOP/s\n", s->label, s->variant,
                   s->ns / 1e3, s->cost.bytes / s->ns, s->cost.flops / s->ns);
    }
    printf("    all on the device %28.1f us\n", all / 1e3);
}

// Samples a second, the median of the epochs; *first receives the loss of the first epoch.
static double
on_device(RkDevice *device, RkDataset *dataset, const char *name, const char *const *assignments,
          gboolean profile, double *loss)
{
    GError *error = NULL;
    const RkModel *model = rk_model_find(name, &error);
    g_autoptr(RkTrainSettings) settings = rk_train_settings_new(model);
    for (int i = 0; assignments[i] != NULL; i++)
        rk_params_assign(settings->values, assignments[i], &error);
    check(error);
    const RkTrainOptions options = {.device = device,
                                    .dataset = dataset,
                                    .model = model,
                                    .settings = settings,
                                    .seed = 1,
                                    .profile = profile};
    g_autoptr(RkTrainer) trainer = rk_trainer_new(&options, &error);
    check(error);
    double rate[EPOCHS], was_s = 0;
    uint64_t was = 0;
    for (int e = 0; e < EPOCHS; e++) {
        RkTrainProgress progress;
        rk_trainer_epoch(trainer, &progress, &error);
        check(error);
        rate[e] = (double)(progress.samples - was) / (progress.seconds - was_s);
        was = progress.samples;
        was_s = progress.seconds;
        *loss = progress.loss;
    }
    if (profile)
        show_profile(trainer);
    return median(rate);
}

// ---- as plain loops ------------------------------------------------------------------------

// One epoch's samples in the order that a loader gives them.
typedef struct {
    uint64_t n;
    uint32_t *user, *item;
    float *label;
    uint32_t n_users, n_items;
} Samples;

static void
read_samples(Samples *s, RkDataset *dataset, gboolean pointwise)
{
    GError *error = NULL;
    const RkFrameOptions frame_options = {.source = rk_dataset_source(dataset),
                                          .vocabulary_size = rk_dataset_vocabulary_size_of,
                                          .vocabulary_data = dataset,
                                          .positive_from = -INFINITY};
    g_autoptr(RkFrame) frame = rk_frame_new(&frame_options, &error);
    check(error);
    const RkBatchColumn columns[] = {{.name = "user", .kind = RK_BATCH_CODE, .field = "user"},
                                     {.name = "item", .kind = RK_BATCH_CODE},
                                     {.name = "label", .kind = RK_BATCH_LABEL}};
    g_autoptr(RkParams) draws = rk_params_new(rk_negatives_params, rk_n_negatives_params);
    g_autoptr(RkParams) binary = rk_params_new(rk_batch_params, rk_n_batch_params);
    rk_params_set(draws, "negatives", "uniform", NULL);
    rk_params_set(binary, "label.binary", "true", NULL);
    const RkLoaderOptions options = {
        .batch = {.frame = frame,
                  .batch = pointwise ? binary : NULL,
                  .parts = 1u << RK_PART_TRAIN,
                  .samples = pointwise ? RK_SAMPLES_POINTWISE : RK_SAMPLES_ROWS,
                  .columns = columns,
                  .n_columns = G_N_ELEMENTS(columns),
                  .negatives = pointwise ? draws : NULL,
                  .seed = 1},
        .n_slots = 2,
        .n_epochs = 1};
    g_autoptr(RkLoader) loader = rk_loader_new(&options, &error);
    check(error);
    uint64_t most = rk_loader_n_batches(loader) * rk_loader_batch(loader);
    *s = (Samples){.user = g_new(uint32_t, most),
                   .item = g_new(uint32_t, most),
                   .label = g_new(float, most),
                   .n_users = rk_dataset_vocabulary_size(dataset, "user"),
                   .n_items = rk_dataset_vocabulary_size(dataset, "item")};
    for (RkBatch batch; rk_loader_next(loader, &batch, &error) == 1;) {
        memcpy(s->user + s->n, rk_loader_column(loader, batch.slot, 0), batch.n * 4);
        memcpy(s->item + s->n, rk_loader_column(loader, batch.slot, 1), batch.n * 4);
        memcpy(s->label + s->n, rk_loader_column(loader, batch.slot, 2), batch.n * 4);
        s->n += batch.n;
        rk_loader_release(loader, batch.slot);
    }
    check(error);
}

static void
clear_samples(Samples *s)
{
    g_free(s->user);
    g_free(s->item);
    g_free(s->label);
}

static float *
normal(uint64_t n, uint32_t stream, double deviation)
{
    float *x = g_new(float, n);
    for (uint64_t i = 0; i < n; i++)
        x[i] = (float)(deviation * rk_rng_normal(1, stream, i));
    return x;
}

// SGD sample by sample, as the textbooks have it: no batch to gather and to add up.
static double
plain_mf(const Samples *s, double *loss)
{
    g_autofree float *p = normal((uint64_t)s->n_users * DIM, 1, 0.1);
    g_autofree float *q = normal((uint64_t)s->n_items * DIM, 2, 0.1);
    g_autofree float *bu = g_new0(float, s->n_users), *bi = g_new0(float, s->n_items);
    double rate[EPOCHS], mean = 0;
    for (uint64_t i = 0; i < s->n; i++)
        mean += s->label[i];
    mean /= (double)s->n;
    for (int e = 0; e < EPOCHS; e++) {
        uint64_t start = rk_clock_ns();
        double sum = 0;
        for (uint64_t i = 0; i < s->n; i++) {
            float *restrict pu = p + (size_t)s->user[i] * DIM;
            float *restrict qi = q + (size_t)s->item[i] * DIM;
            float dot = (float)mean + bu[s->user[i]] + bi[s->item[i]];
            for (int d = 0; d < DIM; d++)
                dot += pu[d] * qi[d];
            float err = dot - s->label[i], step = 0.01f * err;
            sum += (double)err * err;
            bu[s->user[i]] -= step;
            bi[s->item[i]] -= step;
            for (int d = 0; d < DIM; d++) {
                float was = pu[d];
                pu[d] -= step * qi[d];
                qi[d] -= step * was;
            }
        }
        rate[e] = (double)s->n / ((double)(rk_clock_ns() - start) * 1e-9);
        *loss = sum / (double)s->n;
    }
    return median(rate);
}

// A matrix or a table with what Adam keeps of it.
typedef struct {
    float *w, *g, *m, *v;
    uint32_t rows, cols;
    uint32_t *seen; // step that a row was last in, of a table
} Weights;

static Weights
weights(uint32_t rows, uint32_t cols, uint32_t stream, double deviation)
{
    uint64_t n = (uint64_t)rows * cols;
    return (Weights){normal(n, stream, deviation),
                     g_new0(float, n),
                     g_new0(float, n),
                     g_new0(float, n),
                     rows,
                     cols,
                     g_new0(uint32_t, rows)};
}

static void
clear_weights(Weights *w)
{
    g_free(w->w);
    g_free(w->g);
    g_free(w->m);
    g_free(w->v);
    g_free(w->seen);
}

static void
adam_row(Weights *w, uint32_t row, float rate)
{
    size_t at = (size_t)row * w->cols;
    for (uint32_t c = 0; c < w->cols; c++) {
        float g = w->g[at + c];
        w->m[at + c] = 0.9f * w->m[at + c] + 0.1f * g;
        w->v[at + c] = 0.999f * w->v[at + c] + 0.001f * g * g;
        w->w[at + c] -= rate * w->m[at + c] / (sqrtf(w->v[at + c]) + 1e-8f);
        w->g[at + c] = 0;
    }
}

enum { GU, GI, MU, MI, W1, B1, W2, B2, W3, B3, WO, BO, N_WEIGHTS };

// y = relu(W x + b); W [n, k].
static void
forward(const Weights *w, const Weights *b, const float *restrict x, float *restrict y)
{
    for (uint32_t n = 0; n < w->rows; n++) {
        const float *restrict row = w->w + (size_t)n * w->cols;
        float sum = b->w[n];
        for (uint32_t k = 0; k < w->cols; k++)
            sum += row[k] * x[k];
        y[n] = sum > 0 ? sum : 0;
    }
}

static void
backward(Weights *w, Weights *b, const float *restrict x, const float *restrict y,
         const float *restrict dy, float *restrict dx)
{
    memset(dx, 0, w->cols * sizeof *dx);
    for (uint32_t n = 0; n < w->rows; n++) {
        float d = y[n] > 0 ? dy[n] : 0;
        float *restrict g = w->g + (size_t)n * w->cols;
        const float *restrict row = w->w + (size_t)n * w->cols;
        if (d == 0)
            continue;
        b->g[n] += d;
        for (uint32_t k = 0; k < w->cols; k++) {
            g[k] += d * x[k];
            dx[k] += d * row[k];
        }
    }
}

static float
neumf_sample(Weights *w, uint32_t user, uint32_t item, float label, float share)
{
    float x[2 * TOWER], h1[L1], h2[L2], both[GMF + L3], d_both[GMF + L3], d2[L2], d1[L1],
        dx[2 * TOWER];
    const float *gu = w[GU].w + (size_t)user * GMF, *gi = w[GI].w + (size_t)item * GMF;
    memcpy(x, w[MU].w + (size_t)user * TOWER, TOWER * sizeof *x);
    memcpy(x + TOWER, w[MI].w + (size_t)item * TOWER, TOWER * sizeof *x);
    forward(&w[W1], &w[B1], x, h1);
    forward(&w[W2], &w[B2], h1, h2);
    forward(&w[W3], &w[B3], h2, both + GMF);
    float z = w[BO].w[0];
    for (int d = 0; d < GMF; d++)
        both[d] = gu[d] * gi[d];
    for (int d = 0; d < GMF + L3; d++)
        z += w[WO].w[d] * both[d];
    float dz = (1 / (1 + expf(-z)) - label) * share;
    w[BO].g[0] += dz;
    for (int d = 0; d < GMF + L3; d++) {
        w[WO].g[d] += dz * both[d];
        d_both[d] = dz * w[WO].w[d];
    }
    backward(&w[W3], &w[B3], h2, both + GMF, d_both + GMF, d2);
    backward(&w[W2], &w[B2], h1, h2, d2, d1);
    backward(&w[W1], &w[B1], x, h1, d1, dx);
    for (int d = 0; d < GMF; d++) {
        w[GU].g[(size_t)user * GMF + (size_t)d] += d_both[d] * gi[d];
        w[GI].g[(size_t)item * GMF + (size_t)d] += d_both[d] * gu[d];
    }
    for (int d = 0; d < TOWER; d++) {
        w[MU].g[(size_t)user * TOWER + (size_t)d] += dx[d];
        w[MI].g[(size_t)item * TOWER + (size_t)d] += dx[TOWER + d];
    }
    return log1pf(expf(-fabsf(z))) + (z > 0 ? z : 0) - z * label;
}

static void
neumf_update(Weights *w, const Samples *s, uint64_t begin, uint64_t end, uint32_t step)
{
    float rate = (float)(0.001 * sqrt(1 - pow(0.999, step)) / (1 - pow(0.9, step)));
    for (uint64_t i = begin; i < end; i++)
        for (int t = GU; t <= MI; t++) {
            uint32_t row = t == GU || t == MU ? s->user[i] : s->item[i];
            if (w[t].seen[row] != step)
                adam_row(&w[t], row, rate);
            w[t].seen[row] = step;
        }
    for (int t = W1; t < N_WEIGHTS; t++)
        for (uint32_t row = 0; row < w[t].rows; row++)
            adam_row(&w[t], row, rate);
}

static double
plain_neumf(const Samples *s, double *loss)
{
    Weights w[N_WEIGHTS] = {[GU] = weights(s->n_users, GMF, 1, 0.01),
                            [GI] = weights(s->n_items, GMF, 2, 0.01),
                            [MU] = weights(s->n_users, TOWER, 3, 0.01),
                            [MI] = weights(s->n_items, TOWER, 4, 0.01),
                            [W1] = weights(L1, 2 * TOWER, 5, 0.18),
                            [B1] = weights(L1, 1, 6, 0),
                            [W2] = weights(L2, L1, 7, 0.18),
                            [B2] = weights(L2, 1, 8, 0),
                            [W3] = weights(L3, L2, 9, 0.25),
                            [B3] = weights(L3, 1, 10, 0),
                            [WO] = weights(1, GMF + L3, 11, 0.25),
                            [BO] = weights(1, 1, 12, 0)};
    double rate[EPOCHS];
    uint32_t step = 0;
    for (int e = 0; e < EPOCHS; e++) {
        uint64_t start = rk_clock_ns();
        double sum = 0;
        for (uint64_t begin = 0; begin < s->n; begin += BATCH) {
            uint64_t end = MIN(begin + BATCH, s->n);
            for (uint64_t i = begin; i < end; i++)
                sum += (double)neumf_sample(w, s->user[i], s->item[i], s->label[i],
                                            1.0f / (float)(end - begin));
            neumf_update(w, s, begin, end, ++step);
        }
        rate[e] = (double)s->n / ((double)(rk_clock_ns() - start) * 1e-9);
        *loss = sum / (double)s->n;
    }
    for (int t = 0; t < N_WEIGHTS; t++)
        clear_weights(&w[t]);
    return median(rate);
}

// ---- side by side --------------------------------------------------------------------------

static const struct {
    const char *title, *model;
    const char *assignments[12];
    gboolean pointwise;
    double (*plain)(const Samples *samples, double *loss);
} LINES[] = {
    {"MF",
     "mf",
     {"dim=64", "loss=mse", "optimizer=sgd", "lr=1", "batch=1024", "epochs=3", NULL},
     FALSE,
     plain_mf},
    {"NeuMF",
     "neumf",
     {"samples=pointwise", "negatives=uniform", "negatives.n=4", "loss=bce", "label.binary=true",
      "lr=0.001", "batch=1024", "epochs=3", NULL},
     TRUE,
     plain_neumf},
};

int
main(int argc, char **argv)
{
    GError *error = NULL;
    uint64_t rows = argc > 1 ? (uint64_t)atoll(argv[1]) : 200000;
    gboolean profile = argc > 2 && strcmp(argv[2], "--profile") == 0;
    RkDevice *device = rk_device_open(NULL, &error);
    check(error);
    g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, &error);
    check(error);
    generate(store, rows);
    g_autoptr(RkDataset) dataset = rk_dataset_open(store, "data", &error);
    check(error);
    printf("%s; medians of %d epochs\n", rk_device_info(device)->name, EPOCHS);
    for (size_t i = 0; i < G_N_ELEMENTS(LINES); i++) {
        Samples samples;
        double loss, plain_loss;
        read_samples(&samples, dataset, LINES[i].pointwise);
        double plain = LINES[i].plain(&samples, &plain_loss);
        double rate =
            on_device(device, dataset, LINES[i].model, LINES[i].assignments, profile, &loss);
        printf("%-6s device %8.0f samples/s (loss %.4f), plain C on one core %8.0f (%.4f): %.3f "
               "times as fast\n",
               LINES[i].title, rate, loss, plain, plain_loss, rate / plain);
        clear_samples(&samples);
    }
    rk_device_close(device);
    return 0;
}
