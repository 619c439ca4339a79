// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/opened.h"

#include "train/fit.h"

void
rk_opened_free(RkOpened *opened)
{
    if (opened == NULL)
        return;
    g_clear_pointer(&opened->state, rk_state_free);
    rk_model_build_free(opened->build);
    rk_train_features_free(opened->features);
    rk_split_free(opened->split);
    g_clear_pointer(&opened->dataset, rk_dataset_unref);
    rk_trained_free(opened->trained);
    g_clear_pointer(&opened->unseen, g_array_unref);
    g_free(opened);
}

static gboolean
read_data(RkOpened *o, RkStore *store, const gint *cancelled, GError **error)
{
    const RkTrained *t = o->trained;
    const RkParams *set = t->settings->values;
    g_autoptr(GError) failure = NULL;
    if (o->dataset == NULL &&
        (o->dataset = rk_dataset_open(store, t->stored->dataset, error)) == NULL)
        return FALSE;
    o->split =
        rk_fit_split(o->dataset, set, rk_trained_has_own_split(t), rk_trained_seed(t), &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    const RkTrainFeaturesOptions options = {.dataset = o->dataset,
                                            .split = o->split,
                                            .model = t->model,
                                            .like = t->model->candidates ? NULL : t,
                                            .history = t->model->candidates,
                                            .set = set,
                                            .positive_from = rk_params_real(set, "positive.from"),
                                            .cancelled = cancelled};
    o->features = rk_train_features_new(&options, error);
    if (o->features != NULL)
        o->features->data.form = t->form;
    return o->features != NULL;
}

RkOpened *
rk_opened_new(RkStore *store, RkDevice *device, const char *name, uint32_t version,
              RkDataset *dataset, const gint *cancelled, GError **error)
{
    g_autoptr(RkOpened) o = g_new0(RkOpened, 1);
    o->trained = rk_trained_open(store, name, version, error);
    if (dataset != NULL)
        o->dataset = rk_dataset_ref(dataset);
    if (o->trained == NULL || !read_data(o, store, cancelled, error))
        return NULL;
    const RkModel *model = o->trained->model;
    o->build =
        rk_model_build_new(model, &o->features->data, o->trained->settings->values, FALSE, error);
    if (o->build == NULL)
        return NULL;
    model->score(o->build, RK_NONE);
    o->state = rk_state_new(device);
    if (!rk_graph_check(o->build->graph, error) ||
        !rk_state_add_graph(o->state, o->build->graph, error) ||
        !rk_trained_load(o->trained, o->build, o->features, o->state, &o->unseen, error))
        return NULL;
    return g_steal_pointer(&o);
}
