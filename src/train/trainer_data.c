// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/trainer-private.h"

#include <string.h>

// A teacher may look at more of the data than its student.
RkTrainFeatures *
rk_trainer_features_new(const RkTrainOptions *o, GError **error)
{
    const RkParams *set = o->settings->values;
    const RkTeacher *teacher = o->teacher;
    const RkModel *model = o->model;
    if (teacher != NULL && !teacher->model->candidates)
        model = teacher->model;
    gboolean past = teacher != NULL && (teacher->model->needs & RK_NEEDS_HISTORY);
    const RkTrainFeaturesOptions data = {.dataset = o->dataset,
                                         .split = o->split,
                                         .model = model,
                                         .set = model == o->model ? set : teacher->set,
                                         .like = model->candidates ? NULL
                                                 : o->like != NULL ? o->like
                                                                   : o->from,
                                         .history = o->history || past,
                                         .positive_from = rk_params_real(set, "positive.from"),
                                         .cancelled = o->cancelled};
    RkTrainFeatures *f = rk_train_features_new(&data, error);
    if (f == NULL)
        return NULL;
    // A pruned model is trained in the form that it has.
    f->data.form = o->form != NULL ? o->form : o->from != NULL ? o->from->form : NULL;
    if (past)
        f->data.history = (uint32_t)rk_params_int(teacher->set, "history");
    else if (o->model->needs & RK_NEEDS_HISTORY)
        f->data.history = (uint32_t)rk_params_int(set, "history");
    return f;
}

// What others of a batch are drawn as: every item as often as it has events, none left out.
RkParams *
rk_trainer_in_batch_negatives(void)
{
    RkParams *set = rk_params_new(rk_negatives_params, rk_n_negatives_params);
    gboolean known = rk_params_set(set, "negatives", "in-batch", NULL) &&
                     rk_params_set(set, "negatives.exclude", "none", NULL);
    g_assert(known);
    return set;
}

RkParams *
rk_trainer_implicit_settings(const RkParams *set)
{
    RkParams *implicit = rk_params_copy(set);
    gboolean known = rk_params_set(implicit, "label.binary", "true", NULL) &&
                     rk_params_set(implicit, "label.threshold", "-1e30", NULL);
    g_assert(known);
    return implicit;
}

RkSamples
rk_trainer_samples(const RkParams *set)
{
    const char *name = rk_params_text(set, "samples");
    return strcmp(name, "pointwise") == 0   ? RK_SAMPLES_POINTWISE
           : strcmp(name, "sequences") == 0 ? RK_SAMPLES_SEQUENCES
                                            : RK_SAMPLES_ROWS;
}
