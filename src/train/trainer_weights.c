// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a trainer's weights are before its first step: drawn, given, of a trained model, and those
// of a teacher.
#include "train/trainer-private.h"

static gboolean
given_weights(const RkTrainOptions *options, RkState *state, const RkModelParam *param,
              GError **error)
{
    const RkWeight *given = rk_weights_find(options->initial, param->name);
    const RkTensor *tensor = rk_state_tensor(state, param->name);
    if (given == NULL)
        return TRUE;
    if (given->type.dtype == tensor->dtype &&
        rk_tensor_numel(&given->type) == rk_tensor_numel(tensor))
        return rk_state_write(state, param->name, given->packed, rk_tensor_bytes(tensor), error);
    g_autofree char *has = rk_tensor_text(&given->type), *needs = rk_tensor_text(tensor);
    g_set_error(error, RK_ERROR, RK_ERROR_SHAPE,
                "Can't start from the given weights: %s is %s there and %s in the model. Check "
                "the model's settings.",
                param->name, has, needs);
    return FALSE;
}

// A given tensor that the model has no place for is a mistake in a name.
static gboolean
check_given(const RkTrainOptions *options, const RkModelBuild *build, RkState *state,
            GError **error)
{
    for (guint i = 0; i < options->initial->list->len; i++) {
        const RkWeight *given = g_ptr_array_index(options->initial->list, i);
        if (rk_state_tensor(state, given->name) != NULL)
            continue;
        g_autoptr(GString) names = g_string_new(NULL);
        for (guint p = 0; p < build->params->len; p++)
            g_string_append_printf(names, "%s%s", p > 0 ? ", " : "",
                                   g_array_index(build->params, RkModelParam, p).name);
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't start from the given weights: the model has no %s. It has %s.",
                    given->name, names->str);
        return FALSE;
    }
    return TRUE;
}

static gboolean
teacher_weights(const RkTrainOptions *options, const RkModelBuild *teacher, RkState *state,
                GError **error)
{
    for (guint i = 0; teacher != NULL && i < teacher->params->len; i++) {
        const char *own = g_array_index(teacher->params, RkModelParam, i).name;
        g_autofree char *name = g_strconcat(RK_TEACHER_PREFIX, own, NULL);
        const RkWeight *w = rk_weights_find(options->teacher->tensors, own);
        g_assert(w != NULL); // of a checked RkCompressed
        if (!rk_state_write(state, name, w->packed, rk_tensor_bytes(&w->type), error))
            return FALSE;
    }
    return TRUE;
}

RkState *
rk_trainer_weights(const RkTrainOptions *options, const RkModelBuild *build,
                   const RkModelBuild *teacher, const RkTrainFeatures *features, GArray **unseen,
                   GError **error)
{
    g_autoptr(RkState) state = rk_state_new(options->device);
    if (!rk_state_add_graph(state, build->graph, error) ||
        !teacher_weights(options, teacher, state, error) ||
        (options->initial != NULL && !check_given(options, build, state, error)))
        return NULL;
    for (guint i = 0; i < build->params->len; i++) {
        const RkModelParam *param = &g_array_index(build->params, RkModelParam, i);
        const RkTensor *tensor = rk_state_tensor(state, param->name);
        size_t bytes = rk_tensor_bytes(tensor);
        g_autofree float *values = g_malloc0(bytes);
        if (tensor->dtype == RK_F32)
            rk_model_init(param, tensor, options->seed, values);
        if (!rk_state_write(state, param->name, values, bytes, error) ||
            (options->initial != NULL && !given_weights(options, state, param, error)))
            return NULL;
    }
    if (options->from != NULL &&
        !rk_trained_load(options->from, build, features, state, unseen, error))
        return NULL;
    return g_steal_pointer(&state);
}
