// SPDX-License-Identifier: GPL-3.0-or-later
//
// Pruning against references in double precision: what a pruned model computes, what was chosen,
// and what is refused.
#include "rig.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static RkDevice *device;

static const char *const MODELS[] = {"mf",        "deepfm",    "dlrm",        "sasrec",
                                     "neumf",     "dcn",       "nfm",         "mlp",
                                     "two-tower", "wide-deep", "embed-concat"};

// ---- what a pruned model computes ----------------------------------------------------------

static void
assert_close(const double *a, const double *b, double tolerance)
{
    for (int i = 0; i < RIG_B; i++)
        g_assert_cmpfloat_with_epsilon(a[i], b[i], tolerance * (1 + fabs(b[i])));
}

// The device rounds fp32 sums of some hundred terms.
static void
assert_runs(const RkCompressed *model, const double *expected)
{
    g_autofree float *run = rig_run(model, device);
    for (int i = 0; i < RIG_B; i++)
        g_assert_cmpfloat_with_epsilon((double)run[i], expected[i], 5e-4 * (1 + fabs(expected[i])));
}

// Masks, 2:4 places and maps of rows say the same as the values that they stand for.
static void
formats_compute_what_their_values_say(void)
{
    static const char *const PASSES[] = {"prune:what=weights,ratio=0.6", "prune:what=2:4",
                                         "prune:what=rows,ratio=0.5",
                                         "prune:what=rows,ratio=0.7,by=l1,scope=global"};
    uint32_t n = 0;
    for (size_t m = 0; m < G_N_ELEMENTS(MODELS); m++)
        for (size_t p = 0; p < G_N_ELEMENTS(PASSES); p++) {
            g_autoptr(GError) error = NULL;
            g_autoptr(RkCompressed) model = rig_model(MODELS[m]);
            g_autofree double *before = rig_reference(model);
            if (!rig_apply(model, PASSES[p], NULL, &error)) {
                g_assert_error(error, RK_ERROR, RK_ERROR_USAGE); // no dense layer
                g_assert_nonnull(strstr(error->message, "has none"));
                continue;
            }
            g_autoptr(RkCompressed) plain = rig_plain(model);
            g_autofree double *got = rig_reference(model), *expected = rig_reference(plain);
            assert_close(got, expected, 1e-12); // the same sums in another order
            g_assert_true(memcmp(before, got, RIG_B * sizeof *got) != 0);
            n++;
        }
    g_assert_cmpuint(n, >, 35);
}

// Rows of a matrix that are in another, in order: kept[i] is where row i of `small` was.
static void
match_rows(const float *big, uint32_t n_big, uint32_t big_cols, const float *small,
           uint32_t n_small, uint32_t small_cols, uint32_t shared, uint8_t *kept)
{
    uint32_t at = 0;
    memset(kept, 0, n_big);
    for (uint32_t i = 0; i < n_big && at < n_small; i++)
        if (memcmp(big + (size_t)i * big_cols, small + (size_t)at * small_cols,
                   shared * sizeof *big) == 0) {
            kept[i] = 1;
            at++;
        }
    g_assert_cmpuint(at, ==, n_small);
}

// The values that a head looks at, as zeros: then it says nothing.
static void
silence_head(RkCompressed *model, const char *layer, uint32_t head, uint32_t heads)
{
    g_autofree char *weight = g_strconcat(layer, ".weight", NULL);
    g_autofree char *bias = g_strconcat(layer, ".bias", NULL);
    const RkWeight *const parts[] = {rk_weights_find(model->tensors, weight),
                                     rk_weights_find(model->tensors, bias)};
    for (int i = 0; i < 2; i++) {
        size_t each = rk_tensor_numel(&parts[i]->type) / heads;
        memset((float *)parts[i]->packed + head * each, 0, each * sizeof(float));
    }
}

// The head of a block whose numbers are the smallest, by their sums of squares.
static uint32_t
least_head(const RkCompressed *model, const char *block, uint32_t heads)
{
    static const char *const LAYERS[] = {"query", "key", "value"};
    g_autofree double *sum = g_new0(double, heads);
    uint32_t least = 0;
    for (int l = 0; l < 6; l++) {
        g_autofree char *name =
            g_strconcat(block, LAYERS[l / 2], l % 2 == 0 ? ".weight" : ".bias", NULL);
        const RkWeight *w = rk_weights_find(model->tensors, name);
        uint64_t n = rk_tensor_numel(&w->type);
        for (uint64_t i = 0; i < n; i++) {
            double v = (double)((const float *)w->packed)[i];
            sum[i / (n / heads)] += v * v;
        }
    }
    for (uint32_t head = 1; head < heads; head++)
        least = sum[head] < sum[least] ? head : least;
    return least;
}

// A model without a head scores as the whole one does with that head's values at 0, and its layers
// are smaller by the head's rows; the next cut takes another one.
static void
cut_heads_are_as_if_silent(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkCompressed) whole = rig_model_with("sasrec", "heads=4");
    g_autoptr(RkCompressed) cut = rk_compressed_copy(whole);
    uint32_t first[] = {least_head(whole, "blocks.0.", 4), least_head(whole, "blocks.1.", 4)};
    RkCompressedSize before, after;
    rk_compressed_size(cut, &before, &error);
    rig_apply(cut, "prune:what=heads,ratio=0.25", NULL, &error);
    g_assert_no_error(error);
    rk_compressed_size(cut, &after, &error);
    // Two rows of 8 and a bias for each of three layers in both blocks.
    g_assert_cmpuint(before.bytes - after.bytes, ==, 2 * 3 * (2 * 8 + 2) * 4);
    g_assert_cmpfloat(after.flops, <, before.flops);
    silence_head(whole, "blocks.0.value", first[0], 4);
    silence_head(whole, "blocks.1.value", first[1], 4);
    g_autofree double *expected = rig_reference(whole), *got = rig_reference(cut);
    assert_close(got, expected, 1e-12);
    assert_runs(cut, got);
    g_autofree char *text = g_strdup_printf("blocks.0.%u+blocks.1.%u", first[0], first[1]);
    g_assert_cmpstr(rk_params_text(cut->set, "heads.cut"), ==, text);
    rig_apply(cut, "prune:what=heads,ratio=0.9,only=blocks.1.query.weight", NULL, &error);
    g_assert_no_error(error);
    g_auto(GStrv) gone = g_strsplit(rk_params_text(cut->set, "heads.cut"), "+", -1);
    g_assert_cmpuint(g_strv_length(gone), ==, 4);
    for (uint32_t i = 2; i < 4; i++) {
        g_assert_true(g_str_has_prefix(gone[i], "blocks.1."));
        silence_head(whole, "blocks.1.value", (uint32_t)atoi(gone[i] + strlen("blocks.1.")), 4);
    }
    g_autofree double *fewer = rig_reference(cut), *silent = rig_reference(whole);
    assert_close(fewer, silent, 1e-12);
}

// A model whose neurons were cut scores as the whole one does with those neurons at 0: their
// biases and incoming weights are zeroed there, as relu(0) = 0.
static void
cut_neurons_are_as_if_zero(void)
{
    static const struct {
        const char *model, *layer;
    } LAYERS[] = {{"deepfm", "mlp.0"},
                  {"dlrm", "top.0"},
                  {"sasrec", "blocks.1.forward.0"},
                  {"two-tower", "item.tower.0"},
                  {"embed-concat", "user.dense"}};
    for (size_t l = 0; l < G_N_ELEMENTS(LAYERS); l++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RkCompressed) whole = rig_model(LAYERS[l].model);
        g_autoptr(RkCompressed) cut = rk_compressed_copy(whole);
        g_autofree char *weight = g_strconcat(LAYERS[l].layer, ".weight", NULL);
        g_autofree char *bias = g_strconcat(LAYERS[l].layer, ".bias", NULL);
        g_autofree char *pass = g_strconcat("prune:ratio=0.5,only=", weight, NULL);
        rig_apply(cut, pass, NULL, &error);
        g_assert_no_error(error);
        const RkWeight *w = rk_weights_find(whole->tensors, weight);
        const RkWeight *small = rk_weights_find(cut->tensors, weight);
        uint32_t n = w->type.dim[0], k = w->type.dim[1];
        g_assert_cmpuint(small->type.dim[0], ==, n - n / 2);
        g_assert_cmpuint(small->type.dim[1], ==, k);
        g_autofree uint8_t *kept = g_new(uint8_t, n);
        match_rows(w->packed, n, k, small->packed, n - n / 2, k, k, kept);
        float *offset = rk_weights_find(whole->tensors, bias)->packed;
        for (uint32_t i = 0; i < n; i++) {
            if (kept[i])
                continue;
            memset((float *)w->packed + (size_t)i * k, 0, k * sizeof(float));
            offset[i] = 0;
        }
        g_autofree double *expected = rig_reference(whole), *got = rig_reference(cut);
        assert_close(got, expected, 1e-12);
        assert_runs(cut, got);
    }
}

// Zeros columns of a table, or outputs of a layer (relu(0) = 0), that are not in kept[8].
static void
zero_dimensions(const RkWeight *w, gboolean outputs, const gboolean *kept)
{
    float *values = w->packed;
    uint32_t cols = w->type.rank > 1 ? w->type.dim[1] : 1;
    for (uint64_t v = 0; v < rk_tensor_numel(&w->type); v++)
        if (!kept[outputs ? v / cols : v % 8])
            values[v] = 0;
}

// Dot products, factorization machines and layers leave out a dimension as if it were 0 in every
// table, and in what else is as wide: the bottom of DLRM.
static void
cut_dimensions_are_as_if_zero(void)
{
    static const struct {
        const char *model, *table, *also; // of other tables, and of a layer
        const char *layer;
    } TABLES[] = {{"mf", "item.weight", "item.weight", NULL},
                  {"gmf", "user.weight", "user.weight", NULL},
                  {"fm", "embed.city", "embed.", NULL},
                  {"deepfm", "embed.city", "embed.", NULL},
                  {"dlrm", "embed.city", "embed.", "bottom.2"}};
    for (size_t t = 0; t < G_N_ELEMENTS(TABLES); t++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RkCompressed) whole = rig_model(TABLES[t].model);
        g_autoptr(RkCompressed) cut = rk_compressed_copy(whole);
        rig_apply(cut, "prune:what=dims,ratio=0.25", NULL, &error);
        g_assert_no_error(error);
        const RkWeight *w = rk_weights_find(whole->tensors, TABLES[t].table);
        const RkWeight *small = rk_weights_find(cut->tensors, TABLES[t].table);
        g_assert_cmpuint(small->type.dim[1], ==, 6);
        gboolean kept[8] = {FALSE};
        for (uint32_t d = 0, at = 0; d < 8 && at < 6; d++)
            if (((float *)w->packed)[d] == ((float *)small->packed)[at]) {
                kept[d] = TRUE;
                at++;
            }
        for (guint i = 0; i < whole->tensors->list->len; i++) {
            const RkWeight *one = g_ptr_array_index(whole->tensors->list, i);
            gboolean layer =
                TABLES[t].layer != NULL && g_str_has_prefix(one->name, TABLES[t].layer);
            if (layer || g_str_has_prefix(one->name, TABLES[t].also))
                zero_dimensions(one, layer, kept);
        }
        g_autofree double *expected = rig_reference(whole), *got = rig_reference(cut);
        assert_close(got, expected, 1e-12);
    }
}

// Every model of the zoo that has neurons or dimensions can lose some and still be built and run.
static void
structure_is_found_in_every_model(void)
{
    static const char *const PASSES[] = {"prune:ratio=0.4", "prune:what=dims,ratio=0.4"};
    uint32_t n = 0;
    const RkModel *row;
    for (size_t m = 0; (row = rk_model_at(m)) != NULL; m++)
        for (size_t p = 0; p < G_N_ELEMENTS(PASSES); p++) {
            g_autoptr(GError) error = NULL;
            RkCompressedSize before, after;
            if (row->fit != NULL)
                continue;
            g_autoptr(RkCompressed) model = rig_model(row->name);
            g_assert_true(rk_compressed_size(model, &before, &error));
            if (!rig_apply(model, PASSES[p], NULL, &error)) {
                g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
                g_test_message("%s: %s", row->name, error->message);
                continue;
            }
            g_assert_true(rk_compressed_size(model, &after, &error));
            g_assert_cmpuint(after.bytes, <, before.bytes);
            g_assert_cmpfloat(after.flops, <, before.flops);
            g_autofree double *reference = rig_reference(model);
            for (int i = 0; i < RIG_B; i++)
                g_assert_true(isfinite(reference[i]));
            n++;
        }
    g_assert_cmpuint(n, >, 18);
}

// ---- what is chosen ------------------------------------------------------------------------

static void
small_magnitudes_go_first(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkCompressed) before = rig_model("deepfm"), after = rk_compressed_copy(before);
    rig_apply(after, "prune:what=weights,ratio=0.7,by=l1", NULL, &error);
    g_assert_no_error(error);
    g_autoptr(GArray) params = rk_compressed_params(after, &error);
    for (guint i = 0; i < params->len; i++) {
        const RkCompressedParam *p = &g_array_index(params, RkCompressedParam, i);
        if (!p->dense)
            continue;
        g_autofree float *now = rk_compressed_values(after, p);
        const float *was = rk_weights_find(before->tensors, p->name)->packed;
        double most = 0, least = INFINITY;
        uint64_t zeros = 0, n = rk_tensor_numel(&p->type);
        for (uint64_t k = 0; k < n; k++) {
            g_assert_true(now[k] == 0 || now[k] == was[k]);
            zeros += now[k] == 0;
            if (now[k] == 0)
                most = MAX(most, fabs((double)was[k]));
            else
                least = MIN(least, fabs((double)was[k]));
        }
        g_assert_cmpuint(zeros, ==, (uint64_t)(0.7 * (double)n + 1e-9));
        g_assert_cmpfloat(most, <=, least);
    }
}

static void
two_of_four_stay(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkCompressed) before = rig_model("mlp"), after = rk_compressed_copy(before);
    rig_apply(after, "prune:what=2:4", NULL, &error);
    g_assert_no_error(error);
    g_autoptr(GArray) params = rk_compressed_params(after, &error);
    uint32_t n = 0;
    for (guint i = 0; i < params->len; i++) {
        const RkCompressedParam *p = &g_array_index(params, RkCompressedParam, i);
        if (p->format != RK_FORMAT_24)
            continue;
        g_autofree float *now = rk_compressed_values(after, p);
        const float *was = rk_weights_find(before->tensors, p->name)->packed;
        for (uint64_t at = 0; at < rk_tensor_numel(&p->type); at += 4) {
            double kept = INFINITY, gone = 0;
            int n_kept = 0;
            for (uint64_t c = at; c < at + 4; c++) {
                n_kept += now[c] != 0;
                if (now[c] != 0)
                    kept = MIN(kept, fabs((double)was[c]));
                else
                    gone = MAX(gone, fabs((double)was[c]));
            }
            g_assert_cmpint(n_kept, ==, 2);
            g_assert_cmpfloat(gone, <=, kept);
        }
        n++;
    }
    g_assert_cmpuint(n, >=, 2);
}

// Rows in order of their norms, summed in double precision.
static void
rows_of_least_norm_go(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkCompressed) before = rig_model("mf"), after = rk_compressed_copy(before);
    rig_apply(after, "prune:what=rows,ratio=0.5,only=item.weight", NULL, &error);
    g_assert_no_error(error);
    const RkWeight *was = rk_weights_find(before->tensors, "item.weight");
    const RkWeight *now = rk_weights_find(after->tensors, "item.weight");
    const uint32_t *map = rk_weights_find(after->tensors, "item.weight.map")->packed;
    uint32_t rows = was->type.dim[0], at = 0;
    double most = 0, least = INFINITY;
    g_assert_cmpuint(now->type.dim[0], ==, rows - rows / 2);
    for (uint32_t r = 0; r < rows; r++) {
        const float *row = (const float *)was->packed + r * 8;
        double norm = 0;
        for (int d = 0; d < 8; d++)
            norm += (double)row[d] * row[d];
        if (map[r] == UINT32_MAX) {
            most = MAX(most, norm);
            continue;
        }
        least = MIN(least, norm);
        g_assert_cmpuint(map[r], ==, at);
        g_assert_cmpmem((const float *)now->packed + (size_t)at++ * 8, 32, row, 32);
    }
    g_assert_cmpfloat(most, <=, least);
}

static uint64_t *
count_codes(RkPassContext *context, int feature, GError **error)
{
    uint64_t *counts = g_new(uint64_t, 16);
    for (uint32_t i = 0; i < 16; i++)
        counts[i] = i % 2 ? 100 - i : i; // even codes are rare
    return counts;
}

static void
rare_rows_go(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkCompressed) model = rig_model("mf");
    RkPassContext context = {.counts = count_codes};
    rig_apply(model, "prune:what=rows,ratio=0.5,by=frequency,only=user.weight", &context, &error);
    g_assert_no_error(error);
    const uint32_t *map = rk_weights_find(model->tensors, "user.weight.map")->packed;
    for (uint32_t code = 0; code < 10; code++)
        g_assert_cmpint(map[code] == UINT32_MAX, ==, code % 2 == 0);
}

// ---- schedules and budgets -----------------------------------------------------------------

typedef struct {
    RkPassContext context;
    uint32_t n;
    uint32_t widths[8];
} Trained;

static gboolean
note_width(RkPassContext *context, RkCompressed *model, double epochs, GError **error)
{
    Trained *t = (Trained *)context;
    g_assert_cmpfloat(epochs, ==, 2);
    t->widths[t->n++] = rk_weights_find(model->tensors, "mlp.0.weight")->type.dim[0];
    return TRUE;
}

// Zhu and Gupta: s (1 - (1 - t / n)^3) of 12 neurons are gone after step t of n.
static void
a_cubic_schedule_trains_between(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkCompressed) model = rig_model("deepfm");
    Trained trained = {.context = {.train = note_width}};
    rig_apply(model, "prune:ratio=0.75,steps=3,epochs=2", &trained.context, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(trained.n, ==, 3);
    for (uint32_t t = 1; t <= 3; t++) {
        double gone = 12 * 0.75 * (1 - pow(1 - t / 3.0, 3));
        // A step leaves out whole neurons of those that are left.
        g_assert_cmpfloat_with_epsilon(12.0 - trained.widths[t - 1], gone, 1.01);
    }
}

static void
budgets_are_met_as_closely_as_they_can_be(void)
{
    g_autoptr(GError) error = NULL, refused = NULL;
    g_autoptr(RkCompressed) model = rig_model("dlrm"), other = rig_model("dlrm");
    RkCompressedSize whole, size;
    g_assert_true(rk_compressed_size(model, &whole, &error));
    g_autofree char *pass = g_strdup_printf("prune:flops=%.0f", whole.flops / 2);
    rig_apply(model, pass, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(rk_compressed_size(model, &size, &error));
    g_assert_cmpfloat(size.flops, <=, whole.flops / 2);
    g_assert_cmpfloat(size.flops, >, whole.flops / 3);
    g_assert_false(rig_apply(other, "prune:bytes=100", NULL, &refused));
    g_assert_error(refused, RK_ERROR, RK_ERROR_USAGE);
    g_assert_nonnull(strstr(refused->message, "the closest is"));
}

static void
what_cannot_be_is_said(void)
{
    static const struct {
        const char *model, *pass, *says;
    } CASES[] = {{"deepfm", "prune:ratio=1.5", "ratio"},
                 {"deepfm", "prone", "did you mean \"prune\""},
                 {"mf", "prune", "none can be cut out whole. Prune what=rows or what=dims."},
                 {"deepfm", "prune:what=weights,bytes=1000", "no budget"},
                 {"mf", "prune:what=rows,only=item.wight", "mean \"item.weight\""},
                 {"mf", "prune:what=2:4", "has none"},
                 {"deepfm", "prune:what=heads", "no attention"},
                 {"sasrec", "prune:what=heads", "one alone"},
                 {"deepfm", "prune:by=frequency", "what=rows"},
                 {"deepfm", "prune:what=2:4,ratio=0.3", "two of each four"},
                 {"deepfm", "prune:ratio=0.5,bytes=1000", "not both"},
                 {"deepfm", "prune:steps=3", "epochs"},
                 {"deepfm", "prune:only=nonesuch", "no layer or table of that name"},
                 {"deepfm", "prune:what=rows,flops=10", "bytes"}};
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RkCompressed) model = rig_model(CASES[i].model);
        g_assert_false(rig_apply(model, CASES[i].pass, NULL, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, CASES[i].says));
    }
}

int
main(int argc, char **argv)
{
    device = rig_begin(&argc, &argv);
    g_test_add_func("/compress/prune/formats compute what their values say",
                    formats_compute_what_their_values_say);
    g_test_add_func("/compress/prune/cut neurons are as if zero", cut_neurons_are_as_if_zero);
    g_test_add_func("/compress/prune/cut heads are as if silent", cut_heads_are_as_if_silent);
    g_test_add_func("/compress/prune/cut dimensions are as if zero", cut_dimensions_are_as_if_zero);
    g_test_add_func("/compress/prune/structure is found in every model",
                    structure_is_found_in_every_model);
    g_test_add_func("/compress/prune/small magnitudes go first", small_magnitudes_go_first);
    g_test_add_func("/compress/prune/two of four stay", two_of_four_stay);
    g_test_add_func("/compress/prune/rows of least norm go", rows_of_least_norm_go);
    g_test_add_func("/compress/prune/rare rows go", rare_rows_go);
    g_test_add_func("/compress/prune/a cubic schedule trains between",
                    a_cubic_schedule_trains_between);
    g_test_add_func("/compress/prune/budgets are met as closely as they can be",
                    budgets_are_met_as_closely_as_they_can_be);
    g_test_add_func("/compress/prune/what cannot be is said", what_cannot_be_is_said);
    return rig_end(device);
}
