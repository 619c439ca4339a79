// SPDX-License-Identifier: GPL-3.0-or-later
//
// Every pass on models of four families, on the device: MF (vectors alone), DeepFM and DLRM (tables
// and layers), SASRec (attention). What the device computes is compared with the same graph in
// double precision, and that with the values that the formats stand for; Taylor scores with
// differences of the loss. A family that a pass has nothing to do for is told so.
#include "rig.h"

#include "base/rng.h"
#include "graph/grad.h"
#include "ops/ops.h"

#include <math.h>
#include <string.h>

enum { MF = 1, DEEPFM = 2, DLRM = 4, SASREC = 8, DEEP = DEEPFM | DLRM | SASREC, ALL = MF | DEEP };

static RkDevice *device;
static const char *const MODELS[] = {"mf", "deepfm", "dlrm", "sasrec"};

// ---- what passes ask for -------------------------------------------------------------------

static uint64_t *
some_counts(RkPassContext *context, int feature, GError **error)
{
    uint64_t *counts = g_new(uint64_t, 16);
    for (uint32_t i = 0; i < 16; i++)
        counts[i] = rk_rng_below(context->seed, (uint32_t)feature, i, 100);
    return counts;
}

// `far` in parts of the scores' own size.
static void
assert_runs(const RkCompressed *model, const double *expected, double far)
{
    g_autofree float *run = rig_run(model, device);
    for (int i = 0; i < RIG_B; i++)
        g_assert_cmpfloat_with_epsilon((double)run[i], expected[i], far * rig_size(expected));
}

// Sums of some hundred products in fp32; an activation at the middle between two integers may go
// either way on a device, which is one step of 127 in one input.
static double
precision(const char *pass)
{
    return strstr(pass, "activations") != NULL ? 0.02 : 1e-4;
}

// Rounded in training as it will be stored, on the device as in doubles.
static gboolean
train_rounded(RkPassContext *context, RkCompressed *model, double epochs, GError **error)
{
    g_autofree double *rounded = rig_reference(model);
    assert_runs(model, rounded, precision(context->data));
    return rk_compressed_check(model, error);
}

// ---- the passes ----------------------------------------------------------------------------

static const struct {
    const char *pass;
    unsigned on;      // families that it changes
    const char *says; // to the others
    double decoded;   // how far scores may be from those of the decoded values: activations in i8
} CASES[] = {
    {"prune:ratio=0.5", DEEP, "none can be cut out", 0},
    {"prune:ratio=0.5,by=random", DEEP, "none can be cut out", 0},
    {"prune:what=weights,ratio=0.6", DEEP, "has none", 0},
    {"prune:what=2:4", DEEP, "has none", 0},
    {"prune:what=rows,ratio=0.5", ALL, NULL, 0},
    {"prune:what=rows,by=frequency,ratio=0.3", ALL, NULL, 0},
    {"prune:what=dims,ratio=0.25", ALL, NULL, 0},
    {"prune:what=heads,ratio=0.5", SASREC, "no attention", 0},
    {"quantize:dense=f16,tables=f16", ALL, NULL, 0},
    {"quantize", ALL, NULL, 0},
    {"quantize:dense=i4,tables=i4", ALL, NULL, 0},
    {"quantize:per=tensor", ALL, NULL, 0},
    {"quantize:dense=i4,tables=i4,per=tensor,scheme=asymmetric", ALL, NULL, 0},
    {"quantize:activations=dynamic,tables=f32", DEEP, "no layer", 0.15},
    {"quantize:activations=static,tables=f32", DEEP, "no layer", 0.5}, // made-up ranges
    {"quantize:epochs=1", ALL, NULL, 0},
    {"quantize:dense=i4,tables=i4,epochs=1", ALL, NULL, 0},
    {"low-rank:rank=2", ALL, NULL, 0},
};

static void
check(const char *name, size_t row)
{
    const char *pass = CASES[row].pass;
    g_autoptr(GError) error = NULL;
    // Channels of several heads are tied to their places.
    g_autoptr(RkCompressed) c = rig_model_with(name, strstr(pass, "heads") ? "heads=2" : NULL);
    RkPassContext context = {.seed = 4,
                             .data = (gpointer)pass,
                             .activations = rig_activations,
                             .counts = some_counts,
                             .train = train_rounded};
    g_autofree double *whole = rig_reference(c);
    rig_apply(c, pass, &context, &error);
    g_assert_no_error(error);
    g_autoptr(RkCompressed) plain = rig_plain(c);
    g_autofree double *exact = rig_reference(c), *decoded = rig_reference(plain);
    double size = rig_size(exact), off = CASES[row].decoded > 0 ? CASES[row].decoded : 1e-6;
    g_assert_true(memcmp(whole, exact, RIG_B * sizeof *exact) != 0);
    for (int i = 0; i < RIG_B; i++) // scales are floats: their products round
        g_assert_cmpfloat_with_epsilon(exact[i], decoded[i], off * size);
    assert_runs(c, exact, precision(pass));
}

static void
the_device_computes_what_doubles_do(void)
{
    for (size_t m = 0; m < G_N_ELEMENTS(MODELS); m++)
        for (size_t row = 0; row < G_N_ELEMENTS(CASES); row++) {
            g_autoptr(GError) error = NULL;
            RkPassContext context = {.activations = rig_activations, .counts = some_counts};
            g_test_message("%s %s", MODELS[m], CASES[row].pass);
            if (CASES[row].on & 1u << m) {
                check(MODELS[m], row);
                continue;
            }
            g_autoptr(RkCompressed) c = rig_model(MODELS[m]);
            g_assert_false(rig_apply(c, CASES[row].pass, &context, &error));
            g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
            g_assert_nonnull(strstr(error->message, CASES[row].says));
        }
}

// ---- Taylor scores -------------------------------------------------------------------------

// The mean square of the scores.
static RkRef
loss_of(RkModelBuild *build, const RkModel *model)
{
    RkGraph *g = build->graph;
    RkRef score = rk_reshape(g, model->score(build, RK_NONE), rk_type(RK_F32, 1, RK_BATCH(1)));
    return rk_mean(g, rk_square(g, score), 0, FALSE);
}

static double
loss_at(const RkCompressed *c)
{
    g_autofree double *score = rig_reference(c);
    return rig_size(score) * rig_size(score);
}

// |d loss / d value * value| by the device's own gradient.
static float *
device_scores(const RkCompressed *c, const char *name)
{
    g_autoptr(GError) error = NULL;
    const RigSource source = rig_source(c);
    RkGradient gradient;
    g_autoptr(RkModelBuild) build = rk_model_build_new(c->model, &c->data, c->set, FALSE, &error);
    RkRef loss = loss_of(build, c->model), param = rk_graph_find(build->graph, name);
    g_assert_true(rk_grad(build->graph, &rk_grad_ops, loss, 1, &param, &gradient, &error));
    g_assert_true(rk_graph_check(build->graph, &error));
    const RkWeight *w = rk_weights_find(c->tensors, name);
    float *scores = rig_compute(device, build->graph, gradient.dense, &source);
    for (uint64_t i = 0; i < rk_tensor_numel(&w->type); i++)
        scores[i] = fabsf(scores[i] * ((const float *)w->packed)[i]);
    return scores;
}

// The same by central differences in doubles; so small a step meets hardly a kink of relu.
static double *
difference_scores(RkCompressed *c, const char *name)
{
    const RkWeight *w = rk_weights_find(c->tensors, name);
    uint64_t n = rk_tensor_numel(&w->type);
    double *scores = g_new(double, n);
    for (uint64_t i = 0; i < n; i++) {
        float *value = (float *)w->packed + i, was = *value;
        float up = was + 1e-5f, down = was - 1e-5f;
        *value = up;
        double above = loss_at(c);
        *value = down;
        double below = loss_at(c);
        *value = was;
        scores[i] = fabs((above - below) / ((double)up - (double)down) * (double)was);
    }
    return scores;
}

typedef struct {
    RkPassContext context;
    RkWeights *sums;
} Scored;

static RkWeights *
give_scores(RkPassContext *context, const RkCompressed *model, GError **error)
{
    return rk_weights_copy(((Scored *)context)->sums);
}

// Adds a parameter's scores to its neurons': rows of the layer, its biases, columns of the next.
static void
add_scores(const RkWeight *w, const double *score, gboolean columns, double *of_neuron)
{
    uint32_t cols = w->type.rank > 1 ? w->type.dim[1] : 1;
    for (uint64_t i = 0; i < rk_tensor_numel(&w->type); i++)
        of_neuron[columns ? i % cols : i / cols] += score[i];
}

// The device's gradients agree with differences, and by those the neurons that are left out are
// the ones that the loss depends on least.
static void
what_the_loss_depends_on_least_goes(void)
{
    static const struct {
        const char *model, *layer, *next, *ratio;
        uint32_t gone; // of 12, 64 and 8
    } LAYERS[] = {{"deepfm", "mlp.0", "mlp.1", "0.5", 6},
                  {"dlrm", "top.0", "top.1", "0.5", 32},
                  {"sasrec", "blocks.1.forward.0", "blocks.1.forward.1", "0.75", 6}};
    for (size_t l = 0; l < G_N_ELEMENTS(LAYERS); l++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RkCompressed) whole = rig_model(LAYERS[l].model);
        g_autoptr(RkCompressed) cut = rk_compressed_copy(whole);
        g_autoptr(RkWeights) sums = rk_weights_new();
        g_autofree char *weight = g_strconcat(LAYERS[l].layer, ".weight", NULL);
        g_autofree char *bias = g_strconcat(LAYERS[l].layer, ".bias", NULL);
        g_autofree char *next = g_strconcat(LAYERS[l].next, ".weight", NULL);
        const char *const names[] = {weight, bias, next};
        uint32_t n = rk_weights_find(whole->tensors, names[0])->type.dim[0];
        g_autofree double *of_neuron = g_new0(double, n);
        for (int i = 0; i < 3; i++) {
            const RkWeight *w = rk_weights_find(whole->tensors, names[i]);
            g_autofree double *expected = difference_scores(whole, names[i]);
            float *got = device_scores(whole, names[i]);
            for (uint64_t k = 0; k < rk_tensor_numel(&w->type); k++) // fp32, and kinks of relu
                g_assert_cmpfloat_with_epsilon((double)got[k], expected[k],
                                               2e-3 * (loss_at(whole) + expected[k]));
            add_scores(w, expected, i == 2, of_neuron);
            rk_weights_take(sums, names[i], &w->type, got);
        }
        Scored scored = {.context = {.taylor = give_scores}, .sums = sums};
        g_autofree char *pass =
            g_strdup_printf("prune:ratio=%s,by=taylor,only=%s", LAYERS[l].ratio, names[0]);
        rig_apply(cut, pass, &scored.context, &error);
        g_assert_no_error(error);
        const RkWeight *w = rk_weights_find(whole->tensors, names[0]);
        const RkWeight *small = rk_weights_find(cut->tensors, names[0]);
        size_t row = rk_tensor_cols(&w->type) * sizeof(float);
        double most = 0, least = INFINITY;
        for (uint32_t i = 0, at = 0; i < n; i++) {
            gboolean kept =
                at < small->type.dim[0] && memcmp((const char *)w->packed + i * row,
                                                  (const char *)small->packed + at * row, row) == 0;
            at += kept;
            if (kept)
                least = MIN(least, of_neuron[i]);
            else
                most = MAX(most, of_neuron[i]);
        }
        g_assert_cmpuint(small->type.dim[0], ==, n - LAYERS[l].gone);
        g_assert_cmpfloat(least, >, 0);
        g_test_message("%s: %g goes, %g stays", LAYERS[l].layer, most, least);
        g_assert_cmpfloat(most, <=, least * (1 + 1e-3)); // fp32 scores may tie
        g_autofree double *exact = rig_reference(cut);
        assert_runs(cut, exact, 1e-4);
    }
}

// ---- heads ---------------------------------------------------------------------------------

// The values that heads which are gone would look at, as zeros: they say nothing.
static void
silence_cut_heads(RkCompressed *whole, const RkCompressed *cut, uint32_t heads)
{
    g_auto(GStrv) gone = g_strsplit(rk_params_text(cut->set, "heads.cut"), "+", -1);
    for (char **one = gone; *one != NULL; one++) {
        const char *dot = strrchr(*one, '.');
        uint32_t head = (uint32_t)g_ascii_strtoull(dot + 1, NULL, 10);
        static const char *const PARTS[] = {"value.weight", "value.bias"};
        for (int i = 0; i < 2; i++) {
            g_autofree char *name =
                g_strdup_printf("%.*s%s", (int)(dot + 1 - *one), *one, PARTS[i]);
            const RkWeight *w = rk_weights_find(whole->tensors, name);
            size_t each = rk_tensor_numel(&w->type) / heads;
            memset((float *)w->packed + head * each, 0, each * sizeof(float));
        }
    }
}

// Of every model of the zoo: those with heads lose them, the others say that they have none.
static void
heads_go_wherever_there_are_some(void)
{
    static const char *const SETTINGS[] = {"heads=2", "heads=4", "heads=8"};
    static const char *const PASSES[] = {"prune:what=heads,ratio=0.5",
                                         "prune:what=heads,ratio=0.5,scope=global,by=l1",
                                         "prune:what=heads,ratio=0.5,by=random"};
    const RkModel *model;
    uint32_t n = 0;
    for (size_t m = 0; (model = rk_model_at(m)) != NULL; m++) {
        gboolean has = FALSE;
        for (size_t i = 0; i < model->n_params; i++)
            has |= strcmp(model->params[i].name, "heads") == 0;
        if (!has && model->fit == NULL) {
            g_autoptr(GError) error = NULL;
            g_autoptr(RkCompressed) c = rig_model(model->name);
            g_assert_false(rig_apply(c, PASSES[0], NULL, &error));
            g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
            g_assert_nonnull(strstr(error->message, "no attention"));
        }
        for (size_t s = 0; has && s < G_N_ELEMENTS(SETTINGS); s++) {
            g_autoptr(GError) error = NULL;
            g_autoptr(RkCompressed) whole = rig_model_with(model->name, SETTINGS[s]);
            g_autoptr(RkCompressed) cut = rk_compressed_copy(whole);
            uint32_t heads = (uint32_t)rk_params_int(whole->set, "heads");
            rig_apply(cut, PASSES[s], NULL, &error);
            g_assert_no_error(error);
            g_assert_cmpuint(strlen(rk_params_text(cut->set, "heads.cut")), >, 0);
            silence_cut_heads(whole, cut, heads);
            g_autofree double *expected = rig_reference(whole), *exact = rig_reference(cut);
            for (int i = 0; i < RIG_B; i++) // the same sums in another order
                g_assert_cmpfloat_with_epsilon(exact[i], expected[i], 1e-12 * (1 + fabs(exact[i])));
            assert_runs(cut, expected, 1e-4);
            n++;
        }
    }
    g_assert_cmpuint(n, >=, G_N_ELEMENTS(SETTINGS));
}

int
main(int argc, char **argv)
{
    device = rig_begin(&argc, &argv);
    g_test_add_func("/compress/families/the device computes what doubles do",
                    the_device_computes_what_doubles_do);
    g_test_add_func("/compress/families/what the loss depends on least goes",
                    what_the_loss_depends_on_least_goes);
    g_test_add_func("/compress/families/heads go wherever there are some",
                    heads_go_wherever_there_are_some);
    return rig_end(device);
}
