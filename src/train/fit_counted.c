// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/fit-private.h"

#include <math.h>

static gboolean
refuse(const Fit *f, GError **error)
{
    const RkFitOptions *o = f->options;
    if (o->from == NULL && f->initial == NULL)
        return FALSE;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't go on from other weights: %s is counted, not trained. Count the whole data "
                "again under another name.",
                o->model->title);
    return TRUE;
}

gboolean
rk_fit_begin_counted(Fit *f, GError **error)
{
    const RkFitOptions *o = f->options;
    if (refuse(f, error))
        return FALSE;
    const RkTrainFeaturesOptions data = {.dataset = o->dataset,
                                         .split = f->split,
                                         .model = o->model,
                                         .set = f->set,
                                         .history = TRUE,
                                         .positive_from = rk_params_real(f->set, "positive.from"),
                                         .cancelled = o->cancelled};
    f->features = f->own_features = rk_train_features_new(&data, error);
    if (f->own_features == NULL)
        return FALSE;
    f->build = f->own_build =
        rk_model_build_new(o->model, &f->own_features->data, f->set, FALSE, error);
    if (f->own_build == NULL)
        return FALSE;
    o->model->score(f->own_build, RK_NONE);
    f->state = f->own_state = rk_state_new(o->device);
    return rk_graph_check(f->own_build->graph, error) &&
           rk_state_add_graph(f->own_state, f->own_build->graph, error);
}

// The training part's events of each user.
static void
training_events(const RkHistory *h, uint64_t *offset, uint32_t *item)
{
    uint64_t n = 0;
    for (uint32_t u = 0; u < h->n_users; u++) {
        for (uint64_t e = h->offset[u]; e < h->offset[u + 1]; e++)
            if (h->part[e] == RK_PART_TRAIN)
                item[n++] = h->item[e];
        offset[u + 1] = n;
    }
}

static gboolean
count(Fit *f, const RkModelEvents *events, void *const *values, GError **error)
{
    const RkFitOptions *o = f->options;
    if (!o->model->fit(f->build, events, values, o->cancelled)) {
        g_set_error(error, RK_ERROR, RK_ERROR_CANCELLED, "Counting was interrupted");
        return FALSE;
    }
    for (guint i = 0; i < f->build->params->len; i++) {
        const char *name = g_array_index(f->build->params, RkModelParam, i).name;
        size_t bytes = rk_tensor_bytes(rk_state_tensor(f->state, name));
        if (!rk_state_write(f->state, name, values[i], bytes, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
rk_fit_count(Fit *f, GError **error)
{
    const RkHistory *h = rk_frame_history(f->features->frame, error);
    if (h == NULL)
        return FALSE;
    g_autoptr(GTimer) timer = g_timer_new();
    g_autofree uint64_t *offset = g_new0(uint64_t, (size_t)h->n_users + 1);
    g_autofree uint32_t *item = g_new(uint32_t, MAX(h->offset[h->n_users], 1));
    g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < f->build->params->len; i++) {
        const char *name = g_array_index(f->build->params, RkModelParam, i).name;
        g_ptr_array_add(values, g_malloc0(rk_tensor_bytes(rk_state_tensor(f->state, name)) + 4));
    }
    training_events(h, offset, item);
    const RkModelData *data = &f->features->data;
    const RkModelEvents events = {.n_users = h->n_users,
                                  .n_items = data->features[data->item].rows,
                                  .offset = offset,
                                  .item = item};
    if (!count(f, &events, values->pdata, error))
        return FALSE;
    f->result->loss = NAN;
    f->result->seconds = g_timer_elapsed(timer, NULL);
    if (f->result->seconds > 0)
        f->result->samples_per_s = (double)offset[h->n_users] / f->result->seconds;
    return TRUE;
}
