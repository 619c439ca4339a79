// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/compress-private.h"

#include "base/json.h"
#include "train/compare.h"

#include <string.h>

// ---- opening -------------------------------------------------------------------------------

static RkWeights *
read_tensors(const RkOpened *o, GError **error)
{
    g_autoptr(RkWeights) tensors = rk_weights_new();
    for (guint i = 0; i < o->build->params->len; i++) {
        const char *name = g_array_index(o->build->params, RkModelParam, i).name;
        const RkTensor *type = rk_state_tensor(o->state, name);
        void *packed = g_malloc0(MAX(rk_tensor_bytes(type), 4));
        rk_weights_take(tensors, name, type, packed);
        if (!rk_state_read(o->state, name, packed, rk_tensor_bytes(type), error))
            return NULL;
    }
    return g_steal_pointer(&tensors);
}

// Nothing of a counted model can be trained on or cut; it can teach, first of all.
static gboolean
check_counted(const RkCompressing *c, GError **error)
{
    const RkModel *model = c->opened->trained->model;
    RkPassCall call = {0};
    gboolean fine = model->fit == NULL;
    if (!fine && c->options->n_passes > 0 && rk_pass_parse(c->options->passes[0], &call, NULL))
        fine = call.pass->counted;
    rk_pass_call_clear(&call);
    if (!fine)
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't compress %s: %s is counted, not trained. Distill it into another model "
                    "first (--pass distill:student=mf, say); no other pass applies to it.",
                    c->options->model, model->title);
    return fine;
}

gboolean
rk_compressing_init(RkCompressing *c, const RkCompressOptions *options, GError **error)
{
    *c = (RkCompressing){.options = options};
    c->opened = rk_opened_new(options->store, options->device, options->model, options->version,
                              options->dataset, options->cancelled, error);
    if (c->opened == NULL)
        return FALSE;
    const RkTrained *t = c->opened->trained;
    c->settings = t->settings;
    c->features = c->opened->features;
    if (!check_counted(c, error))
        return FALSE;
    RkWeights *tensors = read_tensors(c->opened, error);
    if (tensors == NULL)
        return FALSE;
    c->model = rk_compressed_new(t->model, &c->features->data, t->settings->values, tensors);
    rk_compressing_offer_data(c);
    return TRUE;
}

void
rk_compressing_clear(RkCompressing *c)
{
    rk_compress_measured_clear(&c->before);
    g_clear_pointer(&c->protocol, g_free);
    g_clear_pointer(&c->model, rk_compressed_free);
    g_clear_pointer(&c->own_settings, rk_train_settings_free);
    g_clear_pointer(&c->own_features, rk_train_features_free);
    g_clear_pointer(&c->opened, rk_opened_free);
}

// ---- passes --------------------------------------------------------------------------------

gboolean
rk_compressing_apply(RkCompressing *c, const char *pass, RkCompressed *model, GError **error)
{
    RkPassCall call;
    if (!rk_pass_parse(pass, &call, error))
        return FALSE;
    if (c->options->progress != NULL)
        c->options->progress(c->options->data, call.pass->name, 0, 0);
    gboolean needs = call.pass->needs_data != NULL && call.pass->needs_data(call.set);
    gboolean fine = TRUE;
    if (needs && c->features->data.n_features > 0 && rk_frame_n_rows(c->features->frame) == 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't %s: %s has no rows to learn from. Name another dataset with --data.",
                    pass, rk_dataset_name(c->opened->dataset));
        fine = FALSE;
    }
    fine = fine && call.pass->apply(call.set, &c->context, model, error) &&
           rk_compressed_check(model, error);
    rk_pass_call_clear(&call);
    return fine;
}

// Every pass is read before the first one works.
static gboolean
check_passes(const RkCompressOptions *o, GError **error)
{
    for (uint32_t i = 0; i < o->n_passes; i++) {
        RkPassCall call;
        if (!rk_pass_parse(o->passes[i], &call, error))
            return FALSE;
        rk_pass_call_clear(&call);
    }
    if (o->as == NULL || !rk_model_exists(o->store, o->as))
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't compress to %s: there is a model of that name. Choose another with --as, or "
                "remove it with rankine remove.",
                o->as);
    return FALSE;
}

// ---- keeping -------------------------------------------------------------------------------

// The parent's facts that stay true (its seed and split among them), what was measured now, and
// what was done: each ancestor's passes in order.
static char *
facts_text(const RkCompressing *c, const RkCompressResult *r)
{
    static const char *const OTHERS[] = {"data",     "fitted", "vocabularies", "form",    "metrics",
                                         "protocol", "device", "driver",       "compress"};
    const RkCompressOptions *o = c->options;
    JsonObject *parent = json_node_get_object(c->opened->trained->facts);
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    g_autoptr(GList) names = json_object_get_members(parent);
    for (GList *l = names; l != NULL; l = l->next) {
        gboolean other = FALSE;
        for (size_t i = 0; i < G_N_ELEMENTS(OTHERS); i++)
            other |= strcmp(OTHERS[i], l->data) == 0;
        if (other)
            continue;
        json_builder_set_member_name(json, l->data);
        json_builder_add_value(json, json_object_dup_member(parent, l->data));
    }
    rk_json_add_text(json, "device", rk_device_info(o->device)->name);
    rk_json_add_text(json, "driver", rk_device_info(o->device)->driver);
    const RkEvaluation *e = r->after.evaluation;
    rk_json_add_text(json, "protocol", e != NULL ? e->protocol : NULL);
    json_builder_set_member_name(json, "metrics");
    json_builder_begin_object(json);
    for (guint i = 0; e != NULL && i < e->figures->len; i++) {
        const RkFigure *f = &g_array_index(e->figures, RkFigure, i);
        rk_json_add_real(json, f->name, f->value);
    }
    json_builder_end_object(json);
    rk_trained_add_step(c->opened->trained, r->dataset, o->seed, o->passes, o->n_passes, json);
    json_builder_end_object(json);
    return rk_json_text(json, FALSE);
}

static gboolean
save(RkCompressing *c, const RkCompressResult *r, GError **error)
{
    g_autoptr(RkModelBuild) build = NULL;
    RkTrainSettings settings = *c->settings;
    RkTrainFeatures features = *c->features;
    RkRef score;
    settings.values = c->model->set;
    features.data.form = c->model->form;
    g_autoptr(RkState) state = rk_compressing_state(c, c->model, &build, &score, error);
    if (state == NULL)
        return FALSE;
    g_autofree char *facts = facts_text(c, r);
    const RkTrainedSave kept = {.name = c->options->as,
                                .model = c->model->model,
                                .settings = &settings,
                                .features = &features,
                                .params = build->params,
                                .state = state,
                                .parent = r->parent,
                                .parent_version = r->parent_version,
                                .facts = facts};
    return rk_trained_save(c->options->store, &kept, error);
}

// ---- all of it -----------------------------------------------------------------------------

static gboolean
compare(const RkCompressing *c, RkCompressResult *r, GError **error)
{
    const RkEvaluation *after = r->after.evaluation, *before = r->before.evaluation;
    r->differences = g_array_new(FALSE, FALSE, sizeof(RkInterval));
    for (guint i = 0; after != NULL && i < after->figures->len; i++) {
        RkInterval interval;
        if (!rk_compare_evaluations(after, before, &g_array_index(after->figures, RkFigure, i),
                                    c->options->seed, &interval, error))
            return FALSE;
        g_array_append_val(r->differences, interval);
    }
    return TRUE;
}

gboolean
rk_compress(const RkCompressOptions *options, RkCompressResult *result, GError **error)
{
    g_auto(RkCompressing) c = {0};
    *result = (RkCompressResult){0};
    if (!check_passes(options, error) || !rk_compressing_init(&c, options, error))
        return FALSE;
    const RkStoredModel *stored = c.opened->trained->stored;
    result->parent = g_strdup(stored->name);
    result->parent_version = stored->version;
    result->dataset = g_strdup(rk_dataset_name(c.opened->dataset));
    if (!rk_compressing_measure(&c, c.model, NULL, &result->before, error))
        return FALSE;
    for (uint32_t i = 0; i < options->n_passes; i++)
        if (!rk_compressing_apply(&c, options->passes[i], c.model, error))
            return FALSE;
    if (!rk_compressing_measure(&c, c.model, NULL, &result->after, error) ||
        !compare(&c, result, error) || (options->as != NULL && !save(&c, result, error)))
        return FALSE;
    result->name = g_strdup(options->as);
    return TRUE;
}

void
rk_compress_result_clear(RkCompressResult *result)
{
    g_clear_pointer(&result->name, g_free);
    g_clear_pointer(&result->parent, g_free);
    g_clear_pointer(&result->dataset, g_free);
    rk_compress_measured_clear(&result->before);
    rk_compress_measured_clear(&result->after);
    g_clear_pointer(&result->differences, g_array_unref);
}

gboolean
rk_compress_collapsed(const RkCompressResult *result)
{
    const double MUCH = 0.1; // a tenth of all pairs: far beyond what equal rows or rounding give
    return result->after.tied - result->before.tied > MUCH;
}

static void
add_metrics(JsonBuilder *json, const char *name, const RkEvaluation *e)
{
    json_builder_set_member_name(json, name);
    json_builder_begin_object(json);
    for (guint i = 0; e != NULL && i < e->figures->len; i++) {
        const RkFigure *f = &g_array_index(e->figures, RkFigure, i);
        rk_json_add_real(json, f->name, f->value);
    }
    json_builder_end_object(json);
}

static void
add_differences(JsonBuilder *json, const RkCompressResult *r)
{
    json_builder_set_member_name(json, "differences");
    json_builder_begin_object(json);
    for (guint i = 0; i < r->differences->len; i++) {
        const RkInterval *d = &g_array_index(r->differences, RkInterval, i);
        json_builder_set_member_name(json,
                                     g_array_index(r->after.evaluation->figures, RkFigure, i).name);
        json_builder_begin_object(json);
        rk_json_add_real(json, "difference", d->difference);
        rk_json_add_real(json, "low", d->low);
        rk_json_add_real(json, "high", d->high);
        rk_json_add_real(json, "p", d->p);
        json_builder_set_member_name(json, "within_noise");
        json_builder_add_boolean_value(json, rk_interval_is_noise(d));
        json_builder_end_object(json);
    }
    json_builder_end_object(json);
}

void
rk_compress_result_to_json(const RkCompressResult *result, JsonBuilder *json)
{
    const RkCompressMeasured *a = &result->after, *b = &result->before;
    rk_json_add_text(json, "model", result->name);
    rk_json_add_text(json, "parent", result->parent);
    rk_json_add_int(json, "parent_version", result->parent_version);
    rk_json_add_text(json, "data", result->dataset);
    rk_json_add_int(json, "bytes", (int64_t)a->size.bytes);
    rk_json_add_int(json, "parent_bytes", (int64_t)b->size.bytes);
    rk_json_add_int(json, "stored_bytes", (int64_t)a->size.stored);
    rk_json_add_int(json, "parent_stored_bytes", (int64_t)b->size.stored);
    rk_json_add_real(json, "flops", a->size.flops);
    rk_json_add_real(json, "parent_flops", b->size.flops);
    rk_json_add_real(json, "batch_ms", a->batch_ms);
    rk_json_add_real(json, "parent_batch_ms", b->batch_ms);
    rk_json_add_text(json, "protocol", a->evaluation != NULL ? a->evaluation->protocol : NULL);
    add_metrics(json, "metrics", a->evaluation);
    add_metrics(json, "parent_metrics", b->evaluation);
    add_differences(json, result);
    rk_json_add_real(json, "tied", a->tied);
    rk_json_add_real(json, "parent_tied", b->tied);
    json_builder_set_member_name(json, "collapsed");
    json_builder_add_boolean_value(json, rk_compress_collapsed(result));
}
