// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/settings.h"

#include "dataset/batch.h"
#include "dataset/imbalance.h"
#include "dataset/split.h"
#include "train/objective.h"
#include "train/optimizer.h"
#include "train/schedule.h"
#include "train/trainer.h"

#include <string.h>

RkTrainSettings *
rk_train_settings_new(const RkModel *model)
{
    const struct {
        const RkParam *rows;
        size_t n;
    } parts[] = {{model->params, model->n_params},
                 {rk_objective_params, rk_objective_n_params},
                 {rk_optimizer_params, rk_optimizer_n_params},
                 {rk_schedule_params, rk_schedule_n_params},
                 {rk_trainer_params, rk_trainer_n_params},
                 {rk_batch_params, rk_n_batch_params},
                 {rk_negatives_params, rk_n_negatives_params},
                 {rk_imbalance_params, rk_n_imbalance_params},
                 {rk_split_params, rk_n_split_params}};
    RkTrainSettings *s = g_new0(RkTrainSettings, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        s->n += parts[i].n;
    s->table = g_new(RkParam, s->n);
    RkParam *to = s->table;
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (parts[i].n > 0) // a model may have no settings
            memcpy(to, parts[i].rows, parts[i].n * sizeof *to);
        to += parts[i].n;
    }
    for (const RkParamDefault *own = model->defaults; own != NULL && own->name != NULL; own++)
        for (size_t i = 0; i < s->n; i++)
            if (strcmp(s->table[i].name, own->name) == 0)
                s->table[i].initial = own->initial;
    s->values = rk_params_new(s->table, s->n);
    return s;
}

gboolean
rk_train_is_implicit(const RkParams *set)
{
    return strcmp(rk_params_text(set, "loss"), "bce") == 0 &&
           strcmp(rk_params_text(set, "samples"), "pointwise") == 0 &&
           !rk_params_bool(set, "label.binary");
}

void
rk_train_settings_free(RkTrainSettings *settings)
{
    if (settings == NULL)
        return;
    rk_params_free(settings->values);
    g_free(settings->table);
    g_free(settings);
}
