// SPDX-License-Identifier: GPL-3.0-or-later
//
// Each layer and each table alone under each pass: what it costs in accuracy, what it saves.
#include "train/compress-private.h"

#include "base/json.h"
#include "store/sensitivity.h"
#include "train/compare.h"

#include <string.h>

static const char *const USUAL[] = {
    "prune:what=weights,ratio=0.5", "prune:what=weights,ratio=0.9",
    "prune:what=neurons,ratio=0.5", "prune:what=rows,ratio=0.5",
    "prune:what=rows,ratio=0.9",    "quantize",
    "quantize:dense=i4,tables=i4",  "low-rank",
};

static void
clear_row(gpointer data)
{
    RkSensitivity *row = data;
    g_free(row->param);
    g_free(row->pass);
    g_free(row->metric);
}

// A dataset that was replaced under its name has other rows or labels.
static char *
question_of(const RkCompressing *c, const RkSensitivity *row)
{
    const RkTrainFeatures *f = c->features;
    return g_strdup_printf("%s %u %.9g|%" G_GUINT64_FORMAT "|%s|%s|%s",
                           rk_dataset_name(c->opened->dataset), rk_frame_n_rows(f->frame),
                           f->data.label_mean, c->options->seed,
                           rk_device_info(c->options->device)->uuid, row->param, row->pass);
}

static char *
answer_text(const RkSensitivity *row)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    rk_json_add_text(json, "metric", row->metric != NULL ? row->metric : "");
    rk_json_add_real(json, "value", row->value);
    rk_json_add_real(json, "difference", row->difference);
    rk_json_add_real(json, "low", row->interval.low);
    rk_json_add_real(json, "high", row->interval.high);
    rk_json_add_real(json, "p", row->interval.p);
    rk_json_add_real(json, "bytes", (double)row->bytes);
    rk_json_add_real(json, "flops", row->flops);
    rk_json_add_real(json, "batch_ms", row->batch_ms);
    json_builder_end_object(json);
    return rk_json_text(json, FALSE);
}

static gboolean
read_answer(const char *answer, RkSensitivity *row, GError **error)
{
    g_autoptr(JsonNode) root = rk_json_parse(answer, "a layer's sensitivity", error);
    JsonObject *o = root != NULL ? json_node_get_object(root) : NULL;
    const char *metric;
    double bytes;
    if (o == NULL || !rk_json_string(o, "metric", &metric, error) ||
        !rk_json_real(o, "value", &row->value, error) ||
        !rk_json_real(o, "difference", &row->difference, error) ||
        !rk_json_real(o, "low", &row->interval.low, error) ||
        !rk_json_real(o, "high", &row->interval.high, error) ||
        !rk_json_real(o, "p", &row->interval.p, error) ||
        !rk_json_real(o, "bytes", &bytes, error) || !rk_json_real(o, "flops", &row->flops, error) ||
        !rk_json_real(o, "batch_ms", &row->batch_ms, error))
        return FALSE;
    row->metric = *metric != '\0' ? g_strdup(metric) : NULL;
    row->interval.difference = row->difference;
    row->bytes = (size_t)bytes;
    row->cached = TRUE;
    return TRUE;
}

// *applies is FALSE when the pass has nothing to do with the layer.
static gboolean
measure_row(RkCompressing *c, RkSensitivity *row, gboolean *applies, GError **error)
{
    g_autoptr(RkCompressed) copy = rk_compressed_copy(c->model);
    g_autofree char *only = g_strconcat(row->pass, strchr(row->pass, ':') != NULL ? "," : ":",
                                        "only=", row->param, NULL);
    g_autoptr(GError) failure = NULL;
    const RkEvaluation *before = c->before.evaluation;
    RkCompressMeasured after = {0};
    *applies = rk_compressing_apply(c, only, copy, &failure);
    if (!*applies && !g_error_matches(failure, RK_ERROR, RK_ERROR_USAGE)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    if (!*applies)
        return TRUE;
    const RkFigure *was = before != NULL ? &g_array_index(before->figures, RkFigure, 0) : NULL;
    gboolean fine = rk_compressing_measure(c, copy, was != NULL ? was->name : NULL, &after, error);
    if (fine && was != NULL) {
        const RkFigure *figure = &g_array_index(after.evaluation->figures, RkFigure, 0);
        fine = rk_compare_evaluations(after.evaluation, before, figure, c->options->seed,
                                      &row->interval, error);
        row->metric = g_strdup(figure->name);
        row->value = figure->value;
        row->difference = row->interval.difference;
    }
    row->bytes = after.size.bytes;
    row->flops = after.size.flops;
    row->batch_ms = after.batch_ms;
    rk_compress_measured_clear(&after);
    return fine;
}

static gboolean
add_row(RkCompressing *c, const char *param, const char *pass, GArray *rows, GError **error)
{
    const RkStoredModel *model = c->opened->trained->stored;
    RkSensitivity row = {.param = g_strdup(param), .pass = g_strdup(pass)};
    g_autofree char *question = question_of(c, &row), *answer = NULL;
    gboolean applies = TRUE;
    gboolean fine = rk_sensitivity_find(c->options->store, model->name, model->version, question,
                                        &answer, error);
    if (fine && answer != NULL)
        fine = read_answer(answer, &row, error);
    else if (fine)
        fine = measure_row(c, &row, &applies, error);
    if (fine && applies && answer == NULL) {
        g_autofree char *text = answer_text(&row);
        fine = rk_sensitivity_keep(c->options->store, model->name, model->version, question, text,
                                   error);
    }
    if (fine && applies)
        g_array_append_val(rows, row);
    else
        clear_row(&row);
    return fine;
}

static gboolean
add_rows(RkCompressing *c, const GArray *params, GArray *rows, GError **error)
{
    const RkCompressOptions *o = c->options;
    const char *const *passes = o->n_passes > 0 ? o->passes : USUAL;
    uint32_t n_passes = o->n_passes > 0 ? o->n_passes : G_N_ELEMENTS(USUAL);
    for (guint i = 0; i < params->len; i++) {
        const RkCompressedParam *p = &g_array_index(params, RkCompressedParam, i);
        if (!p->dense && p->feature < 0)
            continue;
        for (uint32_t k = 0; k < n_passes; k++) {
            if (o->cancelled != NULL && g_atomic_int_get(o->cancelled)) {
                g_set_error(error, RK_ERROR, RK_ERROR_CANCELLED,
                            "Measuring was interrupted; what was measured is kept");
                return FALSE;
            }
            if (o->progress != NULL)
                o->progress(o->data, "layers", i, params->len);
            if (!add_row(c, p->name, passes[k], rows, error))
                return FALSE;
        }
    }
    return TRUE;
}

// Whether a pass can be kept to one layer or table.
static gboolean
takes_one(const RkPass *pass)
{
    for (size_t i = 0; i < pass->n_params; i++)
        if (strcmp(pass->params[i].name, "only") == 0)
            return TRUE;
    return FALSE;
}

GArray *
rk_sensitivity(const RkCompressOptions *options, GError **error)
{
    g_auto(RkCompressing) c = {0};
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(RkSensitivity));
    g_array_set_clear_func(rows, clear_row);
    for (uint32_t i = 0; i < options->n_passes; i++) {
        RkPassCall call;
        if (!rk_pass_parse(options->passes[i], &call, error))
            return NULL;
        gboolean alone = takes_one(call.pass);
        if (!alone)
            g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                        "Can't measure single layers under %s: it is of a whole model. Take "
                        "another pass.",
                        call.pass->name);
        rk_pass_call_clear(&call);
        if (!alone)
            return NULL;
    }
    if (!rk_compressing_init(&c, options, error))
        return NULL;
    g_autoptr(GArray) params = rk_compressed_params(c.model, error);
    if (params == NULL || !rk_compressing_measure(&c, c.model, NULL, &c.before, error) ||
        !add_rows(&c, params, rows, error))
        return NULL;
    return g_steal_pointer(&rows);
}
