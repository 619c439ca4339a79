// SPDX-License-Identifier: GPL-3.0-or-later
//
// Quantized and factorized models of four families in double precision, against the values that
// were stored, and byte by byte. test_families.c has them on a device.
#include "rig.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

static const char *const MODELS[] = {"mf", "deepfm", "dlrm", "sasrec"};

// `loose` is how far activations in i8 may be from f32 ones, in parts of the scores' own size (0:
// not at all).
static void
check(const char *model, const char *pass, double loose)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkCompressed) c = rig_model(model);
    RkPassContext context = {.seed = 4, .activations = rig_activations};
    RkCompressedSize before, after;
    g_assert_true(rk_compressed_size(c, &before, &error));
    rig_apply(c, pass, &context, &error);
    if (g_error_matches(error, RK_ERROR, RK_ERROR_USAGE)) { // mf has no dense layer
        g_assert_cmpstr(model, ==, "mf");
        return;
    }
    g_assert_no_error(error);
    g_assert_true(rk_compressed_size(c, &after, &error));
    g_assert_cmpuint(after.bytes, <, before.bytes);
    g_autoptr(RkCompressed) plain = rig_plain(c);
    g_autofree double *exact = rig_reference(c), *decoded = rig_reference(plain);
    double size = rig_size(exact);
    for (int i = 0; i < RIG_B; i++)
        g_assert_cmpfloat_with_epsilon(exact[i], decoded[i], size * (loose > 0 ? loose : 1e-4));
}

static void
test_weights(void)
{
    static const char *const PASSES[] = {
        "quantize:dense=f16,tables=f16",
        "quantize",
        "quantize:dense=i4,tables=i4",
        "quantize:dense=i4,tables=i4,group=0,range=mse",
        "quantize:dense=i8,tables=i8,per=tensor,range=percentile",
        "quantize:dense=i8,tables=f32,scheme=asymmetric",
        "quantize:tables=i4,scheme=symmetric,range=kl",
    };
    for (size_t m = 0; m < G_N_ELEMENTS(MODELS); m++)
        for (size_t p = 0; p < G_N_ELEMENTS(PASSES); p++)
            check(MODELS[m], PASSES[p], 0);
}

static void
test_activations(void)
{
    for (size_t m = 1; m < G_N_ELEMENTS(MODELS); m++) {
        check(MODELS[m], "quantize:activations=dynamic,tables=f32", 0.15);
        // Made-up ranges clip some and are coarse for others.
        check(MODELS[m], "quantize:activations=static,tables=f32", 0.5);
    }
}

static void
test_low_rank(void)
{
    for (size_t m = 0; m < G_N_ELEMENTS(MODELS); m++) {
        check(MODELS[m], "low-rank:rank=2", 0);
        check(MODELS[m], "low-rank:what=tables,size=0.6", 0);
    }
}

// A full rank is the matrix itself, so an energy of nearly all must change nearly nothing.
static void
test_energy(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkCompressed) c = rig_model("mf");
    const RkWeight *w = rk_weights_find(c->tensors, "item.weight");
    uint32_t rows = w->type.dim[0], cols = w->type.dim[1];
    float *low = g_new(float, rows *cols);
    for (uint32_t r = 0; r < rows; r++) // of rank 2
        for (uint32_t k = 0; k < cols; k++)
            low[r * cols + k] = (float)(sin(r) * cos(k) + cos(2 * r) * sin(3 * k + 1));
    RkTensor type = w->type;
    rk_weights_put(c->tensors, "item.weight", &type, low);
    g_autofree double *before = rig_reference(c);
    rig_apply(c, "low-rank:only=item.weight,energy=0.99999", NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(rk_model_form_find(c->form, "item.weight")->low_rank, ==, 2);
    g_autofree double *after = rig_reference(c);
    for (int i = 0; i < RIG_B; i++)
        g_assert_cmpfloat_with_epsilon(before[i], after[i], 1e-4); // single precision
}

// A quarter, an eighth, and the scales, of each row or of the tensor; rows are padded to words.
static void
test_bytes(void)
{
    static const struct {
        const char *pass;
        uint32_t bits, layer, table; // bytes of scales and offsets
        gboolean of_tensor;          // else of each row
    } CASES[] = {{"quantize:dense=f16,tables=f16", 16, 0, 0, FALSE},
                 {"quantize", 8, 4, 8, FALSE},
                 {"quantize:scheme=asymmetric", 8, 8, 8, FALSE},
                 {"quantize:dense=i4,tables=i4,group=0", 4, 4, 8, FALSE},
                 {"quantize:per=tensor", 8, 4, 8, TRUE},
                 {"quantize:dense=i4,tables=i4,per=tensor,scheme=asymmetric", 4, 8, 8, TRUE}};
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RkCompressed) c = rig_model("dlrm");
        g_autoptr(GArray) params = rk_compressed_params(c, &error);
        uint64_t expected = 0;
        for (guint p = 0; p < params->len; p++) {
            const RkCompressedParam *one = &g_array_index(params, RkCompressedParam, p);
            uint64_t rows = one->type.dim[0], cols = rk_tensor_cols(&one->type);
            uint64_t scale = one->dense ? CASES[i].layer : CASES[i].table;
            uint64_t packed = rows * ((cols * CASES[i].bits + 31) / 32 * 4);
            packed += scale * (CASES[i].of_tensor ? 1 : rows);
            gboolean plain = !one->dense && one->feature < 0;
            if (plain || (packed >= 4 * rows * cols && scale > 0))
                expected += rk_tensor_bytes(&one->type);
            else
                expected += packed;
        }
        rig_apply(c, CASES[i].pass, NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(rk_weights_bytes(c->tensors), ==, expected);
    }
}

// What rounded weights give in training is what the packed ones give afterwards.
static gboolean
compare_training(RkPassContext *context, RkCompressed *model, double epochs, GError **error)
{
    double **rounded = context->data;
    *rounded = rig_reference(model);
    (void)epochs;
    return rk_compressed_check(model, error);
}

static void
test_training(void)
{
    static const char *const PASSES[] = {"quantize:epochs=1",
                                         "quantize:dense=i4,tables=i4,epochs=1",
                                         "quantize:scheme=asymmetric,epochs=1"};
    for (size_t m = 0; m < G_N_ELEMENTS(MODELS); m++)
        for (size_t p = 0; p < G_N_ELEMENTS(PASSES); p++) {
            g_autoptr(GError) error = NULL;
            g_autoptr(RkCompressed) c = rig_model(MODELS[m]);
            g_autofree double *rounded = NULL;
            RkPassContext context = {.data = &rounded, .train = compare_training};
            rig_apply(c, PASSES[p], &context, &error);
            g_assert_no_error(error);
            g_autofree double *packed = rig_reference(c);
            double size = rig_size(packed), far = 0;
            for (int i = 0; i < RIG_B; i++)
                far = MAX(far, fabs(packed[i] - rounded[i]));
            // Ragged bags are not rounded in training: models of them may be off by a step.
            gboolean bags = strcmp(MODELS[m], "mf") != 0 && strcmp(MODELS[m], "sasrec") != 0;
            g_assert_cmpfloat(far, <, size * (bags ? 0.3 : 1e-3));
            for (guint i = 0; i < c->form->params->len; i++)
                g_assert_cmpint(g_array_index(c->form->params, RkParamForm, i).rounded, ==,
                                RK_FORMAT_F32);
        }
}

static void
test_refused(void)
{
    static const struct {
        const char *model, *pass, *says;
    } CASES[] = {
        {"mf", "quantize:dense=f32,tables=f32", "leave everything as it is"},
        {"mf", "quantize:dense=i4,group=20", "multiple of 32"},
        {"mf", "quantize:dense=i4,activations=dynamic", "need dense=i8"},
        {"mf", "quantize:activations=dynamic", "no dense layer"},
        {"mf", "quantize:only=nothing", "no layer or table named nothing"},
        {"mf", "quantize:epochs=1,range=mse", "min-max"},
        {"mf", "low-rank:what=dense", "no layer or table"},
        {"mf", "low-rank:size=0.01", "closest|Rank 1 takes"},
        {"mf", "low-rank:rank=2,energy=0.5", "not both"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RkCompressed) c = rig_model(CASES[i].model);
        g_auto(GStrv) words = g_strsplit(CASES[i].says, "|", -1);
        g_assert_false(rig_apply(c, CASES[i].pass, NULL, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, words[g_strv_length(words) - 1]));
    }
}

static void
test_not_finite(void)
{
    static const char *const PASSES[] = {"quantize", "low-rank:rank=2"};
    for (size_t i = 0; i < G_N_ELEMENTS(PASSES); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RkCompressed) c = rig_model("mf");
        ((float *)rk_weights_find(c->tensors, "item.weight")->packed)[5] = NAN;
        g_assert_false(rig_apply(c, PASSES[i], NULL, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
        g_assert_nonnull(strstr(error->message, "item.weight"));
    }
}

// What is in integers is neither rounded again nor made floats again without a word.
static void
test_order(void)
{
    static const struct {
        const char *then, *says;
    } CASES[] = {{"quantize:dense=f16", "Quantize the parent once"},
                 {"quantize:tables=i4,dense=f32", "is stored as i8 already"},
                 {"prune", "Prune first, then quantize"},
                 {"prune:what=weights", "Prune first, then quantize"},
                 {"prune:what=2:4", "Prune first, then quantize"},
                 {"prune:what=rows", "Prune first, then quantize"},
                 {"low-rank", "Factorize first, then quantize"}};
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RkCompressed) c = rig_model("deepfm");
        g_assert_true(rig_apply(c, "quantize", NULL, &error));
        g_assert_false(rig_apply(c, CASES[i].then, NULL, &error));
        g_test_message("%s", error->message);
        g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
        g_assert_nonnull(strstr(error->message, CASES[i].says));
    }
    // Layers and tables may be quantized one after the other.
    g_autoptr(GError) error = NULL;
    g_autoptr(RkCompressed) c = rig_model("deepfm");
    rig_apply(c, "quantize:dense=f32", NULL, &error);
    g_assert_no_error(error);
    rig_apply(c, "quantize:dense=i4,tables=f32", NULL, &error);
    g_assert_no_error(error);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compress/quantize/weights as in double precision", test_weights);
    g_test_add_func("/compress/quantize/activations in i8", test_activations);
    g_test_add_func("/compress/quantize/bytes are what the arithmetic says", test_bytes);
    g_test_add_func("/compress/quantize/training sees what is packed later", test_training);
    g_test_add_func("/compress/quantize/what can't be is refused", test_refused);
    g_test_add_func("/compress/quantize/after quantizing", test_order);
    g_test_add_func("/compress/quantize/what is not finite is refused", test_not_finite);
    g_test_add_func("/compress/low-rank/as in double precision", test_low_rank);
    g_test_add_func("/compress/low-rank/energy finds the rank", test_energy);
    return g_test_run();
}
