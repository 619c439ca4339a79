// SPDX-License-Identifier: GPL-3.0-or-later
//
// Compressed models in the store: the same bits after a load, their lineage, training on in the
// form that they have, ties that are told, and what is refused. Datasets and parents are made by
// the command line.
#include "lab.h"
#include "rig.h"

#include "base/json.h"
#include "train/compress.h"
#include "train/fit.h"

#include <string.h>

static RkDevice *device;

static RkCompressOptions
options_of(RkStore *store, const char *model, const char *as, const char *const *passes)
{
    return (RkCompressOptions){.store = store,
                               .device = device,
                               .model = model,
                               .as = as,
                               .passes = passes,
                               .n_passes = g_strv_length((char **)passes),
                               .seed = 3};
}

// What a stored model answers on its dataset.
static RkEvaluation *
evaluate(RkStore *store, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkOpened) o = rk_opened_new(store, device, name, 0, NULL, NULL, &error);
    g_assert_no_error(error);
    const RkEvaluateOptions options = {.device = device,
                                       .model = o->trained->model,
                                       .settings = o->trained->settings,
                                       .features = o->features,
                                       .state = o->state,
                                       .part = RK_PART_TEST,
                                       .k = 10,
                                       .threshold = TRUE,
                                       .seed = 3};
    RkEvaluation *e = rk_evaluate(&options, &error);
    g_assert_no_error(error);
    return e;
}

static void
assert_same_answers(const RkEvaluation *a, const RkEvaluation *b)
{
    g_assert_cmpuint(a->n, ==, b->n);
    for (guint i = 0; i < a->figures->len; i++)
        g_assert_cmpfloat(g_array_index(a->figures, RkFigure, i).value, ==,
                          g_array_index(b->figures, RkFigure, i).value);
    if (a->scores != NULL)
        g_assert_cmpmem(a->scores->score, a->scores->n * sizeof(float), b->scores->score,
                        b->scores->n * sizeof(float));
    if (a->ranked != NULL)
        g_assert_cmpmem(a->ranked->items, a->ranked->n * a->ranked->k * sizeof(uint32_t),
                        b->ranked->items, b->ranked->n * b->ranked->k * sizeof(uint32_t));
}

// What the store has of a model's weights.
static size_t
stored_bytes(const RkTrained *trained)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < rk_tensor_list_n(trained->stored->tensors); i++) {
        const RkTensorInfo *info = rk_tensor_list_at(trained->stored->tensors, i);
        if (strcmp(info->dtype, "text") != 0 && strcmp(info->dtype, "bytes") != 0)
            bytes += info->n_bytes;
    }
    return bytes;
}

// Drivers that compile for seconds a kernel set the number of cases: every format is stored once,
// and what trains does so in the smallest family.
static void
a_loaded_model_gives_the_same_bits(void)
{
    static const struct {
        const char *model, *passes[3];
    } CASES[] = {
        {"mf", {"prune:what=dims,ratio=0.25", "prune:what=rows,by=frequency,ratio=0.3", NULL}},
        {"mf", {"low-rank:size=0.9,what=tables", "quantize:tables=i4", NULL}},
        {"mf", {"quantize:epochs=1", NULL}},
        {"mf", {"quantize:tables=i4,per=tensor", NULL}},
        {"mf", {"distill:dim=4,epochs=1,loss=kl", "quantize:tables=f16", NULL}},
        {"dlrm", {"prune:ratio=0.5,by=taylor", "prune:what=2:4", NULL}},
        {"dlrm", {"prune:what=weights,ratio=0.5", "quantize:activations=static,calibration=kl"}},
        {"dlrm", {"prune:what=rows,ratio=0.3", "quantize:dense=i4,tables=i8", NULL}},
        {"dlrm", {"quantize:per=tensor,activations=dynamic", NULL}},
        {"sasrec", {"prune:what=heads", "quantize:tables=i8,dense=f16", NULL}},
    };
    g_autoptr(RkStore) store = lab_store();
    for (size_t m = 0; m < G_N_ELEMENTS(CASES); m++) {
        g_autoptr(GError) error = NULL;
        g_auto(RkCompressResult) result = {0};
        const char *const *passes = CASES[m].passes;
        g_autofree char *name = g_strdup_printf("%s-small-%zu", CASES[m].model, m);
        RkCompressOptions options = options_of(store, CASES[m].model, name, passes);
        rk_compress(&options, &result, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(result.after.size.bytes, <, result.before.size.bytes);
        g_autoptr(RkEvaluation) again = evaluate(store, name);
        assert_same_answers(result.after.evaluation, again);
        g_autoptr(RkEvaluation) parent = evaluate(store, CASES[m].model);
        assert_same_answers(result.before.evaluation, parent);
        // The store holds what the result says, and where it comes from.
        g_autoptr(RkTrained) trained = rk_trained_open(store, name, 0, &error);
        g_assert_cmpstr(trained->stored->parent, ==, CASES[m].model);
        g_autoptr(RkWeights) weights = rk_trained_weights(trained, &error);
        g_assert_cmpuint(rk_weights_bytes(weights), ==, result.after.size.bytes);
        g_assert_cmpuint(rk_trained_bytes(trained), ==, result.after.size.bytes);
        g_assert_cmpuint(stored_bytes(trained), ==, result.after.size.stored);
        JsonArray *steps = NULL;
        g_assert_true(
            rk_json_array(json_node_get_object(trained->facts), "compress", &steps, &error));
        g_autofree char *text = rk_json_node_text(json_array_get_element(steps, 0), FALSE);
        g_assert_nonnull(strstr(text, passes[0]));
    }
}

// An epoch more, in this process, whose kernels are compiled already.
static void
train_on(RkStore *store, const RkTrained *from, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_auto(RkFitResult) result = {0};
    g_autoptr(RkDataset) data = rk_dataset_open(store, from->stored->dataset, &error);
    g_assert_no_error(error);
    rk_params_set(from->settings->values, "epochs", "1", &error);
    const RkFitOptions options = {.store = store,
                                  .device = device,
                                  .dataset = data,
                                  .model = from->model,
                                  .settings = from->settings,
                                  .name = name,
                                  .seed = 3,
                                  .from = from};
    rk_fit(&options, &result, &error);
    g_assert_no_error(error);
}

// A model knows what was done to its ancestors and to itself, the last of it last.
static void
assert_steps(const RkTrained *trained, guint n, const char *last)
{
    g_autoptr(GError) error = NULL;
    JsonArray *steps = NULL;
    rk_json_array(json_node_get_object(trained->facts), "compress", &steps, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(json_array_get_length(steps), ==, n);
    g_autofree char *text = rk_json_node_text(json_array_get_element(steps, n - 1), FALSE);
    g_assert_nonnull(strstr(text, last));
}

// Training on moves what is left and nothing else; compressing again keeps both steps' lineage.
static void
training_on_keeps_the_mask(void)
{
    static const char *const MASK[] = {"prune:what=weights,ratio=0.8", NULL};
    static const char *const CUT[] = {"prune:ratio=0.5", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = lab_store();
    g_auto(RkCompressResult) masked = {0}, again = {0};
    RkCompressOptions options = options_of(store, "dlrm", "masked", MASK);
    rk_compress(&options, &masked, &error);
    g_assert_no_error(error);
    g_autoptr(RkTrained) a = rk_trained_open(store, "masked", 0, &error);
    train_on(store, a, "tuned");
    g_autoptr(RkTrained) b = rk_trained_open(store, "tuned", 0, &error);
    g_autoptr(RkWeights) x = rk_trained_weights(a, &error);
    g_autoptr(RkWeights) y = rk_trained_weights(b, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(x->list->len, ==, y->list->len);
    uint32_t n_masks = 0;
    gboolean moved = FALSE;
    for (guint i = 0; i < x->list->len; i++) {
        const RkWeight *one = g_ptr_array_index(x->list, i);
        const RkWeight *two = rk_weights_find(y, one->name);
        gboolean same = memcmp(one->packed, two->packed, rk_tensor_bytes(&one->type)) == 0;
        moved |= !same;
        if (one->type.dtype != RK_U32)
            continue;
        g_assert_true(same);
        n_masks++;
    }
    g_assert_cmpuint(n_masks, >, 0);
    g_assert_true(moved);
    options = options_of(store, "tuned", "cut", CUT);
    rk_compress(&options, &again, &error);
    g_assert_no_error(error);
    g_autoptr(RkTrained) d = rk_trained_open(store, "cut", 0, &error);
    assert_steps(a, 1, MASK[0]);
    assert_steps(b, 2, "train:epochs=1");
    assert_steps(d, 3, CUT[0]);
    g_autoptr(RkEvaluation) loaded = evaluate(store, "cut");
    assert_same_answers(again.after.evaluation, loaded);
}

typedef struct {
    const RkTrained *of;
    RkWeights *weights;
} Whole;

static gboolean
read_whole(gpointer data, uint32_t tensor, uint64_t at, void *bytes, size_t n, GError **error)
{
    const Whole *whole = data;
    const char *name = rk_tensor_list_at(whole->of->stored->tensors, tensor)->name;
    const RkWeight *w = rk_weights_find(whole->weights, name);
    g_autofree uint8_t *other =
        w == NULL ? rk_tensor_list_load(whole->of->stored->tensors, tensor, error) : NULL;
    memcpy(bytes, (w != NULL ? (const uint8_t *)w->packed : other) + at, n);
    return w != NULL || other != NULL;
}

// Saves a model as versions before did, masked weights whole; or damaged, a kept weight short.
static void
save_otherwise(RkStore *store, const RkTrained *of, const char *name, gboolean damaged)
{
    g_autoptr(GError) error = NULL;
    RkStoredModel model = *of->stored;
    g_autoptr(GArray) infos = g_array_new(FALSE, FALSE, sizeof(RkTensorInfo));
    Whole whole = {of, rk_trained_weights(of, &error)};
    g_assert_no_error(error);
    for (uint32_t i = 0; i < rk_tensor_list_n(of->stored->tensors); i++) {
        RkTensorInfo info = *rk_tensor_list_at(of->stored->tensors, i);
        const RkWeight *w = rk_weights_find(whole.weights, info.name);
        if (damaged && info.rank == 1 && w != NULL && w->type.rank == 2) {
            info.dim[0]--;
            info.n_bytes -= sizeof(float);
        } else if (w != NULL) {
            info.rank = w->type.rank;
            memcpy(info.dim, w->type.dim, sizeof info.dim);
            info.n_bytes = rk_tensor_bytes(&w->type);
        }
        g_array_append_val(infos, info);
    }
    const RkTensorSource source = {.n_tensors = infos->len,
                                   .tensors = (const RkTensorInfo *)(void *)infos->data,
                                   .read = read_whole,
                                   .data = &whole};
    model.name = (char *)name;
    model.parent = NULL;
    rk_model_save(store, &model, &source, FALSE, &error);
    g_assert_no_error(error);
    rk_weights_free(whole.weights);
}

// The store has a bit for each weight and 4 bytes for each that is kept; memory has all of them. A
// model saved whole, as earlier versions did, is the same one.
static void
masked_weights_are_stored_as_what_is_kept(void)
{
    static const char *const MASK[] = {"prune:what=weights,ratio=0.9", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = lab_store();
    g_auto(RkCompressResult) result = {0};
    RkCompressOptions options = options_of(store, "dlrm", "nine-tenths", MASK);
    rk_compress(&options, &result, &error);
    g_assert_no_error(error);
    g_autoptr(RkTrained) trained = rk_trained_open(store, "nine-tenths", 0, &error);
    g_autoptr(RkTrained) parent = rk_trained_open(store, "dlrm", 0, &error);
    g_autoptr(RkWeights) before = rk_trained_weights(parent, &error);
    g_assert_no_error(error);
    size_t memory = rk_weights_bytes(before), kept = memory;
    for (guint i = 0; i < trained->form->params->len; i++) {
        const RkParamForm *form = &g_array_index(trained->form->params, RkParamForm, i);
        g_assert_cmpint(form->format, ==, RK_FORMAT_MASKED);
        size_t n = (size_t)form->dim[0] * form->dim[1], gone = (size_t)(0.9 * (double)n + 1e-9);
        size_t mask = form->dim[0] * ((form->dim[1] + 31) / 32) * sizeof(uint32_t);
        memory += mask;
        kept += mask - gone * sizeof(float);
    }
    g_assert_cmpuint(result.after.size.bytes, ==, memory);
    g_assert_cmpuint(rk_trained_bytes(trained), ==, memory);
    g_assert_cmpuint(result.after.size.stored, ==, kept);
    g_assert_cmpuint(stored_bytes(trained), ==, kept);
    save_otherwise(store, trained, "nine-tenths-whole", FALSE);
    g_autoptr(RkTrained) whole = rk_trained_open(store, "nine-tenths-whole", 0, &error);
    g_assert_cmpuint(stored_bytes(whole), ==, memory);
    g_autoptr(RkEvaluation) a = evaluate(store, "nine-tenths");
    g_autoptr(RkEvaluation) b = evaluate(store, "nine-tenths-whole");
    assert_same_answers(result.after.evaluation, a);
    assert_same_answers(result.after.evaluation, b);
    save_otherwise(store, trained, "nine-tenths-damaged", TRUE);
    g_autoptr(RkTrained) damaged = rk_trained_open(store, "nine-tenths-damaged", 0, &error);
    g_assert_no_error(error);
    g_assert_null(rk_trained_weights(damaged, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, "mask keeps another number"));
}

// A student of the labels alone is what training makes of its settings, bit by bit; one that has a
// teacher isn't, and the store knows the student's kind and where it comes from.
static void
a_student_is_trained_as_any_model(void)
{
    static const char *const ALONE[] = {"distill:dim=4,labels=1", NULL};
    static const char *const TAUGHT[] = {"distill:student=gmf,dim=4", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = lab_store();
    g_auto(RkCompressResult) alone = {0}, taught = {0};
    RkCompressOptions options = options_of(store, "mf", "alone", ALONE);
    rk_compress(&options, &alone, &error);
    g_assert_no_error(error);
    lab_run("train mf --data sequence --as own --seed 3 --set epochs=1 --set dim=4 --set loss=bpr "
            "--set negatives=uniform");
    g_autoptr(RkTrained) a = rk_trained_open(store, "alone", 0, &error);
    g_autoptr(RkTrained) b = rk_trained_open(store, "own", 0, &error);
    g_autoptr(RkWeights) x = rk_trained_weights(a, &error);
    g_autoptr(RkWeights) y = rk_trained_weights(b, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(x->list->len, ==, y->list->len);
    for (guint i = 0; i < x->list->len; i++) {
        const RkWeight *one = g_ptr_array_index(x->list, i);
        const RkWeight *two = rk_weights_find(y, one->name);
        g_assert_cmpmem(one->packed, rk_tensor_bytes(&one->type), two->packed,
                        rk_tensor_bytes(&two->type));
    }
    options = options_of(store, "mf", "taught", TAUGHT);
    rk_compress(&options, &taught, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(taught.after.evaluation->protocol, ==, taught.before.evaluation->protocol);
    g_autoptr(RkTrained) student = rk_trained_open(store, "taught", 0, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(student->model->name, ==, "gmf");
    g_assert_cmpstr(student->stored->parent, ==, "mf");
    g_assert_cmpint(rk_params_int(student->settings->values, "dim"), ==, 4);
    g_assert_cmpstr(rk_params_text(student->settings->values, "loss"), ==, "bpr");
}

// Without biases, rows that are gone all score 0: that must not read as "no loss".
static void
a_collapse_is_told(void)
{
    static const char *const MOST[] = {"prune:what=rows,ratio=0.97", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = lab_store();
    g_auto(RkCompressResult) result = {0};
    RkCompressOptions options = options_of(store, "plain-mf", NULL, MOST);
    rk_compress(&options, &result, &error);
    g_assert_no_error(error);
    g_assert_null(result.name);
    g_assert_true(rk_compress_collapsed(&result));
    g_assert_cmpfloat(result.after.tied, >, 0.5);
    const RkFigure *f = rk_evaluation_find(result.after.evaluation, "recall@10");
    g_assert_cmpfloat(f->optimistic - f->pessimistic, >, 0.1); // luck decides
}

static void
sensitivity_is_measured_once(void)
{
    static const char *const PASSES[] = {"prune", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = lab_store();
    RkCompressOptions options = options_of(store, "dlrm", NULL, PASSES);
    g_autoptr(GArray) first = rk_sensitivity(&options, &error);
    g_assert_no_error(error);
    g_autoptr(GArray) second = rk_sensitivity(&options, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(first->len, >=, 3);
    g_assert_cmpuint(first->len, ==, second->len);
    for (guint i = 0; i < first->len; i++) {
        const RkSensitivity *a = &g_array_index(first, RkSensitivity, i);
        const RkSensitivity *b = &g_array_index(second, RkSensitivity, i);
        g_assert_false(a->cached);
        g_assert_true(b->cached);
        g_assert_cmpstr(a->param, ==, b->param);
        g_assert_cmpstr(a->metric, ==, "auc");
        g_assert_cmpfloat(a->difference, ==, b->difference);
        g_assert_cmpfloat(a->batch_ms, ==, b->batch_ms);
        g_assert_cmpuint(a->bytes, ==, b->bytes);
    }
}

static void
what_cannot_be_is_refused(void)
{
    static const struct {
        const char *model, *as, *data, *pass, *says;
        int code;
    } CASES[] = {
        {"dlrm", "mf", NULL, "prune", "there is a model of that name", RK_ERROR_USAGE},
        {"dlrm", "new", "sequence", "prune:by=taylor", "fields that aren't there", RK_ERROR_USAGE},
        {"dlrm", "new", "sequence", "quantize:activations=static", "same fields", RK_ERROR_USAGE},
        {"popular", "new", NULL, "prune:what=rows", "counted, not trained", RK_ERROR_USAGE},
        {"popular", "new", NULL, "distill:student=popularity", "counted", RK_ERROR_USAGE},
        {"mf", "new", NULL, "distill:student=dlrm", "ranks nothing", RK_ERROR_USAGE},
        {"dlrm", "new", NULL, "distill:student=mf", "Can't distill into Matrix", RK_ERROR_USAGE},
        {"dlrm", "new", NULL, "distill:set=loss=mse", "ratings", RK_ERROR_USAGE},
        {"dlrm", "new", NULL, "prune:flops=1", "the closest is", RK_ERROR_USAGE},
        {"mf", "new", NULL, "prune:ratio=2", "ratio", RK_ERROR_USAGE}};
    g_autoptr(RkStore) store = lab_store();
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(RkCompressResult) result = {0};
        const char *const passes[] = {CASES[i].pass, NULL};
        RkCompressOptions options = options_of(store, CASES[i].model, CASES[i].as, passes);
        g_autoptr(RkDataset) data =
            CASES[i].data != NULL ? rk_dataset_open(store, CASES[i].data, &error) : NULL;
        options.dataset = data;
        g_assert_false(rk_compress(&options, &result, &error));
        g_test_message("%s", error->message);
        g_assert_error(error, RK_ERROR, CASES[i].code);
        g_assert_nonnull(strstr(error->message, CASES[i].says));
        g_assert_false(rk_model_exists(store, "new"));
    }
}

int
main(int argc, char **argv)
{
    device = rig_begin(&argc, &argv);
    static const char *const LINES[] = {
        "synth ctr --as ctr --rows 800",
        "synth sequence --as sequence --rows 800",
        "train mf --data sequence --as mf --set epochs=1 --set dim=8 --set loss=bpr "
        "--set negatives=uniform",
        "train mf --data sequence --as plain-mf --set epochs=0 --set dim=8 --set loss=bpr "
        "--set negatives=uniform --set biases=false",
        "train popularity --data sequence --as popular",
        // Weights as they begin do for what isn't about accuracy.
        "train dlrm --data ctr --as dlrm --set epochs=0 --set dim=4 --set top=16-8 --set bottom=8",
        "train sasrec --data sequence --as sasrec --set epochs=0 --set dim=8 --set history=8 "
        "--set heads=2 --set blocks=1",
    };
    lab_begin(LINES, G_N_ELEMENTS(LINES));
    g_test_add_func("/compress/stored/a loaded model gives the same bits",
                    a_loaded_model_gives_the_same_bits);
    g_test_add_func("/compress/stored/training on keeps the mask", training_on_keeps_the_mask);
    g_test_add_func("/compress/stored/masked weights are stored as what is kept",
                    masked_weights_are_stored_as_what_is_kept);
    g_test_add_func("/compress/stored/a student is trained as any model",
                    a_student_is_trained_as_any_model);
    g_test_add_func("/compress/stored/a collapse is told", a_collapse_is_told);
    g_test_add_func("/compress/stored/sensitivity is measured once", sensitivity_is_measured_once);
    g_test_add_func("/compress/stored/what cannot be is refused", what_cannot_be_is_refused);
    const int status = rig_end(device);
    lab_end();
    return status;
}
