// SPDX-License-Identifier: GPL-3.0-or-later
//
// The pass `quantize`: dense layers and tables in f16, i8 or i4. Dense layers are symmetric with a
// scale for each output, or for each group of inputs; i8 ones may take their activations in i8
// too and then multiply integers. Tables have a scale and an offset for each row. Either may have
// one for the whole tensor. With epochs the
// model is first trained with its weights rounded as they will be, gradients passing straight
// through (Jacob et al., CVPR 2018, https://arxiv.org/abs/1712.05877).
#include "compress/compress.h"
#include "compress/quantize_values.h"

#include <math.h>
#include <string.h>

static const RkParam PARAMS[] = {
    {"dense", RK_PARAM_CHOICE, 0, 0, "i8", NULL, "f32|f16|i8|i4",
     "Format of dense layers' weights"},
    {"tables", RK_PARAM_CHOICE, 0, 0, "i8", NULL, "f32|f16|i8|i4", "Format of embedding tables"},
    {"per", RK_PARAM_CHOICE, 0, 0, "row", NULL, "row|tensor",
     "A scale for each row (of a table, or output of a layer), or one for all"},
    {"group", RK_PARAM_INT, 0, 65536, "32", "columns", NULL,
     "i4 layers: columns that share a scale, a multiple of 32; 0 the whole row"},
    {"scheme", RK_PARAM_CHOICE, 0, 0, "auto", NULL, "auto|symmetric|asymmetric",
     "Around zero, or from the least to the largest value; auto: layers symmetric, tables not"},
    {"range", RK_PARAM_CHOICE, 0, 0, "min-max", NULL, "min-max|percentile|kl|mse",
     "How the range of weights is chosen"},
    {"activations", RK_PARAM_CHOICE, 0, 0, "f32", NULL, "f32|dynamic|static",
     "i8 layers: activations as they are, or in i8 by each row's range or by a calibrated one"},
    {"calibration", RK_PARAM_CHOICE, 0, 0, "min-max", NULL, "min-max|average|percentile|kl|mse",
     "How the range of static activations is chosen from the training data"},
    {"percentile", RK_PARAM_REAL, 0.5, 1, "0.999", NULL, NULL,
     "Share of the values that range=percentile keeps"},
    {"momentum", RK_PARAM_REAL, 0, 0.9999, "0.9", NULL, NULL,
     "Weight of earlier batches in calibration=average"},
    {"only", RK_PARAM_TEXT, 0, 0, "", NULL, NULL, "Only the layer or table of this name"},
    {"epochs", RK_PARAM_REAL, 0, 1000, "0", "epochs", NULL,
     "Quantization-aware training first; 0: none"},
};

static const struct {
    const char *name;
    RkFormat format;
    RkDtype dtype;
} FORMATS[] = {{"f32", RK_FORMAT_F32, RK_F32},
               {"f16", RK_FORMAT_F16, RK_F16},
               {"i8", RK_FORMAT_I8, RK_I8},
               {"i4", RK_FORMAT_I4, RK_I4}};

static gboolean
is(const RkParams *set, const char *name, const char *value)
{
    return strcmp(rk_params_text(set, name), value) == 0;
}

// Which of FORMATS a parameter is to have; 0 leaves it.
static int
format_of(const RkParams *set, const RkCompressedParam *p)
{
    const char *only = rk_params_text(set, "only");
    if ((!p->dense && p->feature < 0) || (*only != '\0' && strcmp(only, p->name) != 0))
        return 0;
    int at = 0;
    while (strcmp(FORMATS[at].name, rk_params_text(set, p->dense ? "dense" : "tables")) != 0)
        at++;
    return at;
}

static RkRangeOptions
range_options(const RkParams *set, const char *method, gboolean dense)
{
    return (RkRangeOptions){.method = rk_range_method_find(rk_params_text(set, method)),
                            .bits = 8,
                            .symmetric =
                                is(set, "scheme", "auto") ? dense : is(set, "scheme", "symmetric"),
                            .percentile = rk_params_real(set, "percentile"),
                            .momentum = rk_params_real(set, "momentum")};
}

// ---- encoding ------------------------------------------------------------------------------

static void
put_floats(RkCompressed *model, const char *name, const char *suffix, RkTensor type,
           const float *values)
{
    g_autofree char *full = g_strconcat(name, suffix, NULL);
    rk_weights_put(model->tensors, full, &type, g_memdup2(values, MAX(rk_tensor_bytes(&type), 4)));
}

// The scale and offset of each row (or of all) side by side, as lookups take them.
static void
put_table_scales(RkCompressed *model, const char *name, const RkQuantized *q)
{
    uint32_t rows = q->n_scales;
    g_autofree float *both = g_new(float, MAX(2 * (size_t)rows, 1));
    for (uint32_t r = 0; r < rows; r++) {
        both[2 * (size_t)r] = q->scale[r];
        both[2 * (size_t)r + 1] = q->offset[r];
    }
    put_floats(model, name, ".scale", (RkTensor){RK_F32, 2, {rows, 2}}, both);
}

static void
put_layer_scales(RkCompressed *model, const char *name, const RkQuantized *q, uint32_t group,
                 gboolean offset)
{
    uint32_t rows = q->n_scales;
    RkTensor row = {RK_F32, 1, {rows}}, groups = {RK_F32, 2, {rows, q->n_groups}};
    put_floats(model, name, ".scale", group > 0 ? groups : row, q->scale);
    if (offset)
        put_floats(model, name, ".offset", row, q->offset);
}

static gboolean
check_values(const RkCompressedParam *p, const float *values, GError **error)
{
    uint64_t n = rk_tensor_numel(&p->type);
    for (uint64_t i = 0; i < n; i++)
        if (!isfinite(values[i])) {
            g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                        "Can't quantize %s: its element %" G_GUINT64_FORMAT
                        " is %g. Train the model again.",
                        p->name, i, (double)values[i]);
            return FALSE;
        }
    return TRUE;
}

// Whether scales and the padding of rows would take what the integers save: rows of one number.
static gboolean
gets_smaller(const RkParams *set, const RkCompressedParam *p, int format)
{
    RkTensor packed = {FORMATS[format].dtype, 2, {rk_tensor_rows(&p->type), 0}};
    packed.dim[1] = rk_tensor_cols(&p->type);
    gboolean offset = !p->dense || !range_options(set, "range", TRUE).symmetric;
    size_t scales = (offset ? 8 : 4) * (is(set, "per", "tensor") ? 1 : (size_t)packed.dim[0]);
    return rk_tensor_bytes(&packed) + scales < rk_tensor_bytes(&p->type) ||
           FORMATS[format].format == RK_FORMAT_F16;
}

// The rows of a table that pruning left, [form->rows, D].
static float *
stored_rows(const RkCompressed *model, const RkCompressedParam *p, uint32_t *rows)
{
    const RkParamForm *form = rk_model_form_find(model->form, p->name);
    *rows = p->type.dim[0];
    if (form == NULL || form->rows == 0)
        return NULL;
    *rows = form->rows;
    return rk_weight_floats(rk_weights_find(model->tensors, p->name));
}

static gboolean
encode(const RkParams *set, RkCompressed *model, const RkCompressedParam *p, int format,
       GError **error)
{
    uint32_t rows, cols = rk_tensor_cols(&p->type);
    if (p->format == RK_FORMAT_I8 || p->format == RK_FORMAT_I4) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't quantize %s: it is stored as %s already, and rounding twice loses "
                    "twice. Quantize the parent once, or leave it out (dense=f32, tables=f32, "
                    "only=).",
                    p->name, rk_format_name(p->format));
        return FALSE;
    }
    g_autofree float *values = rk_compressed_values(model, p);
    if (!check_values(p, values, error))
        return FALSE;
    g_autofree float *left = stored_rows(model, p, &rows);
    if (left == NULL && FORMATS[format].format == RK_FORMAT_F16) {
        rk_compressed_store(model, p->name, &p->type, RK_FORMAT_F16, values);
        return TRUE;
    }
    if (left != NULL && p->format != RK_FORMAT_F32) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't quantize %s: rows were left out of it, and it is %s already. Quantize "
                    "the parent instead.",
                    p->name, rk_format_name(p->format));
        return FALSE;
    }
    if (left != NULL && FORMATS[format].format == RK_FORMAT_F16) {
        RkTensor half = {RK_F16, 2, {rows, cols}};
        uint64_t n = rk_tensor_numel(&half);
        g_autofree double *wide = g_new(double, MAX(n, 1));
        void *packed = g_malloc0(MAX(rk_tensor_bytes(&half), 4));
        for (uint64_t i = 0; i < n; i++)
            wide[i] = (double)left[i];
        rk_tensor_pack(&half, wide, packed);
        rk_weights_put(model->tensors, p->name, &half, packed);
        rk_model_form_need(model->form, p->name)->format = RK_FORMAT_F16;
        return TRUE;
    }
    gboolean i4 = FORMATS[format].format == RK_FORMAT_I4;
    RkQuantizeOptions options = {.dtype = FORMATS[format].dtype,
                                 .range = range_options(set, "range", p->dense),
                                 .per_tensor = is(set, "per", "tensor")};
    gboolean offset = p->dense && !options.range.symmetric;
    if (p->dense && i4 && !options.per_tensor && !offset)
        options.group = (uint32_t)rk_params_int(set, "group");
    g_auto(RkQuantized) q;
    rk_quantize_values(&options, left != NULL ? left : values, rows, cols, &q);
    if (left == NULL)
        rk_compressed_drop(model, p->name);
    RkParamForm *form = rk_model_form_need(model->form, p->name);
    form->format = FORMATS[format].format;
    form->rank = 2;
    form->dim[0] = p->type.dim[0];
    form->dim[1] = cols;
    form->group = options.group;
    form->offset = offset;
    form->per_tensor = options.per_tensor;
    rk_weights_put(model->tensors, p->name, &q.type, g_steal_pointer(&q.packed));
    if (p->dense)
        put_layer_scales(model, p->name, &q, options.group, offset);
    else
        put_table_scales(model, p->name, &q);
    return TRUE;
}

// ---- activations ---------------------------------------------------------------------------

typedef struct {
    RkRangeOptions options;
    GHashTable *observers; // name -> RkObserver
} Calibration;

static void
visit(void *to, const char *name, const float *x, uint64_t rows, uint32_t cols)
{
    Calibration *c = to;
    RkObserver *observer = g_hash_table_lookup(c->observers, name);
    if (observer == NULL) {
        observer = rk_observer_new(&c->options);
        g_hash_table_insert(c->observers, g_strdup(name), observer);
    }
    rk_observer_add(observer, x, rows * cols);
}

static gboolean
calibrate(const RkParams *set, RkPassContext *context, const RkCompressed *model,
          Calibration *calibration, GError **error)
{
    *calibration = (Calibration){.options = range_options(set, "calibration", TRUE)};
    calibration->options.symmetric = TRUE; // the integer product takes no offset of x
    calibration->observers =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)rk_observer_free);
    return !is(set, "activations", "static") ||
           context->activations(context, model, visit, calibration, error);
}

static gboolean
set_activations(const RkParams *set, RkCompressed *model, const char *name,
                const Calibration *calibration, GError **error)
{
    RkParamForm *form = rk_model_form_need(model->form, name);
    if (form->format != RK_FORMAT_I8 || is(set, "activations", "f32"))
        return TRUE;
    form->activations =
        is(set, "activations", "dynamic") ? RK_ACTIVATIONS_DYNAMIC : RK_ACTIVATIONS_STATIC;
    if (form->activations == RK_ACTIVATIONS_DYNAMIC)
        return TRUE;
    const RkObserver *observer = g_hash_table_lookup(calibration->observers, name);
    if (observer == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "Can't calibrate %s: no sample of the training data reached it. Use "
                    "activations=dynamic.",
                    name);
        return FALSE;
    }
    RkQuantizer q = rk_quantizer_of(&calibration->options, rk_observer_range(observer));
    float scale = q.scale > 0 ? q.scale : 1; // all zeros
    put_floats(model, name, ".x_scale", (RkTensor){RK_F32, 1, {1}}, &scale);
    return TRUE;
}

// ---- the pass ------------------------------------------------------------------------------

static gboolean
needs_data(const RkParams *set)
{
    return is(set, "activations", "static") || rk_params_real(set, "epochs") > 0;
}

static gboolean
check_settings(const RkParams *set, GError **error)
{
    const char *why = NULL;
    int64_t group = rk_params_int(set, "group");
    if (is(set, "dense", "f32") && is(set, "tables", "f32"))
        why = "dense=f32 and tables=f32 leave everything as it is";
    else if (group % 32 != 0)
        why = "group is no multiple of 32";
    else if (!is(set, "activations", "f32") && !is(set, "dense", "i8"))
        why = "activations in i8 need dense=i8";
    else if (is(set, "per", "tensor") && is(set, "dense", "i4") && rk_params_is_set(set, "group"))
        why = "give per=tensor or a group, not both";
    else if (rk_params_real(set, "epochs") > 0 &&
             (is(set, "per", "tensor") || !is(set, "range", "min-max")))
        why = "epochs train with a min-max range for each row; leave per and range as they are";
    if (why != NULL)
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't quantize: %s.", why);
    return why == NULL;
}

// Trains with rounded weights, then leaves them in f32 where they came to rest.
static gboolean
train_rounded(const RkParams *set, RkPassContext *context, RkCompressed *model, GError **error)
{
    double epochs = rk_params_real(set, "epochs");
    g_autoptr(GArray) params = rk_compressed_params(model, error);
    for (guint i = 0; params != NULL && i < params->len; i++) {
        const RkCompressedParam *p = &g_array_index(params, RkCompressedParam, i);
        RkFormat format = FORMATS[format_of(set, p)].format;
        if (p->format != RK_FORMAT_F32 || (format != RK_FORMAT_I8 && format != RK_FORMAT_I4) ||
            !gets_smaller(set, p, format_of(set, p)))
            continue;
        RkParamForm *form = rk_model_form_need(model->form, p->name);
        form->rounded = format;
        form->offset = p->dense && !range_options(set, "range", TRUE).symmetric;
        form->group = p->dense && format == RK_FORMAT_I4 && !form->offset
                          ? (uint32_t)rk_params_int(set, "group")
                          : 0;
        if (p->dense && format == RK_FORMAT_I8 && !is(set, "activations", "f32"))
            form->activations = RK_ACTIVATIONS_DYNAMIC;
    }
    if (params == NULL || !context->train(context, model, epochs, error))
        return FALSE;
    for (guint i = 0; i < model->form->params->len; i++) {
        RkParamForm *form = &g_array_index(model->form->params, RkParamForm, i);
        if (form->rounded == RK_FORMAT_F32)
            continue;
        form->rounded = RK_FORMAT_F32;
        form->offset = FALSE;
        form->group = 0;
        form->activations = RK_ACTIVATIONS_F32;
    }
    return TRUE;
}

static gboolean
encode_all(const RkParams *set, RkCompressed *model, const Calibration *calibration, GError **error)
{
    g_autoptr(GArray) params = rk_compressed_params(model, error);
    uint32_t n = 0, n_layers = 0;
    for (guint i = 0; params != NULL && i < params->len; i++) {
        const RkCompressedParam *p = &g_array_index(params, RkCompressedParam, i);
        int format = format_of(set, p);
        if (format == 0 || !gets_smaller(set, p, format))
            continue;
        if (!encode(set, model, p, format, error) ||
            (p->dense && !set_activations(set, model, p->name, calibration, error)))
            return FALSE;
        n++;
        n_layers += p->dense;
    }
    if (n > 0 && n_layers == 0 && !is(set, "activations", "f32") && is(set, "only", "")) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't quantize activations of %s: it has no dense layer whose input they "
                    "are. Leave activations out.",
                    model->model->title);
        return FALSE;
    }
    if (params != NULL && n == 0)
        g_set_error(
            error, RK_ERROR, RK_ERROR_USAGE,
            "Can't quantize %s: it has no layer or table%s%s. Check dense, tables and only.",
            model->model->title, *rk_params_text(set, "only") != '\0' ? " named " : "",
            rk_params_text(set, "only"));
    return n > 0;
}

static gboolean
apply(const RkParams *set, RkPassContext *context, RkCompressed *model, GError **error)
{
    Calibration calibration = {0};
    gboolean fine =
        check_settings(set, error) &&
        (rk_params_real(set, "epochs") == 0 || train_rounded(set, context, model, error)) &&
        calibrate(set, context, model, &calibration, error) &&
        encode_all(set, model, &calibration, error) && rk_compressed_check(model, error);
    g_clear_pointer(&calibration.observers, g_hash_table_unref);
    return fine;
}

const RkPass rk_pass_quantize = {
    .name = "quantize",
    .title = "Store and compute in f16, i8 or i4",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .needs_data = needs_data,
    .apply = apply,
};
