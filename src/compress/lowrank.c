// SPDX-License-Identifier: GPL-3.0-or-later
//
// The pass `low-rank`: a dense layer or table W [N, K] as the product of [N, r] and [r, K], by its
// singular values, where that takes fewer numbers; then training, where asked for.
#include "compress/compress.h"
#include "compress/lowrank_values.h"

#include <string.h>

static const RkParam PARAMS[] = {
    {"what", RK_PARAM_CHOICE, 0, 0, "all", NULL, "all|dense|tables", "What is factorized"},
    {"rank", RK_PARAM_INT, 0, 65536, "0", NULL, NULL,
     "Rank of every factor; 0 takes energy or size"},
    {"energy", RK_PARAM_REAL, 0, 1, "0", NULL, NULL,
     "Least share of the sum of squares that each keeps; 0 takes rank or size"},
    {"size", RK_PARAM_REAL, 0, 1, "0.5", NULL, NULL,
     "Largest share of its numbers that each takes, when there is no rank and no energy"},
    {"only", RK_PARAM_TEXT, 0, 0, "", NULL, NULL, "Only the layer or table of this name"},
    {"epochs", RK_PARAM_REAL, 0, 1000, "0", "epochs", NULL, "Training afterwards"},
};

static gboolean
wants(const RkParams *set, const RkCompressedParam *p)
{
    const char *what = rk_params_text(set, "what"), *only = rk_params_text(set, "only");
    if (*only != '\0')
        return strcmp(only, p->name) == 0 && (p->dense || p->feature >= 0);
    return (p->dense && strcmp(what, "tables") != 0) ||
           (p->feature >= 0 && strcmp(what, "dense") != 0);
}

static uint32_t
choose_rank(const RkParams *set, const RkSvd *svd)
{
    uint32_t rank = (uint32_t)rk_params_int(set, "rank");
    double energy = rk_params_real(set, "energy");
    if (rank == 0 && energy > 0)
        rank = rk_svd_rank_of_energy(svd, energy);
    if (rank == 0)
        rank = rk_svd_rank_of_size(svd->rows, svd->cols, rk_params_real(set, "size"));
    return rank;
}

static void
put_factor(RkCompressed *model, const char *name, const char *suffix, uint32_t rows, uint32_t cols,
           float *values)
{
    g_autofree char *full = g_strconcat(name, suffix, NULL);
    RkTensor type = {RK_F32, 2, {rows, cols}};
    rk_weights_put(model->tensors, full, &type, values);
}

// *done: whether factors take less than what is there.
static gboolean
factorize(const RkParams *set, RkCompressed *model, const RkCompressedParam *p, gboolean *done,
          GError **error)
{
    g_auto(RkSvd) svd = {0};
    uint32_t rows = p->type.dim[0], cols = rk_tensor_cols(&p->type);
    const RkParamForm *old = rk_model_form_find(model->form, p->name);
    *done = FALSE;
    if (p->type.rank != 2 || (old != NULL && old->rows > 0))
        return TRUE;
    if (!rk_compressed_is_real(p, "Factorize", error))
        return FALSE;
    g_autofree float *values = rk_compressed_values(model, p);
    if (!rk_svd(values, rows, cols, &svd, error)) {
        g_prefix_error(error, "Can't factorize %s: ", p->name);
        return FALSE;
    }
    uint32_t rank = choose_rank(set, &svd);
    if (rank == 0 || (uint64_t)rank * ((uint64_t)rows + cols) >= (uint64_t)rows * cols)
        return TRUE;
    float *left, *right;
    rk_svd_factors(&svd, rank, &left, &right);
    rk_compressed_drop(model, p->name);
    RkParamForm *form = rk_model_form_need(model->form, p->name);
    form->format = RK_FORMAT_LOW_RANK;
    form->low_rank = rank;
    form->rank = 2;
    form->dim[0] = rows;
    form->dim[1] = cols;
    put_factor(model, p->name, ".left", rows, rank, left);
    put_factor(model, p->name, ".right", rank, cols, right);
    *done = TRUE;
    return TRUE;
}

static gboolean
factorize_all(const RkParams *set, RkCompressed *model, GError **error)
{
    g_autoptr(GArray) params = rk_compressed_params(model, error);
    double closest = 0;
    gboolean any = FALSE, done;
    for (guint i = 0; params != NULL && i < params->len; i++) {
        const RkCompressedParam *p = &g_array_index(params, RkCompressedParam, i);
        if (!wants(set, p))
            continue;
        if (!factorize(set, model, p, &done, error))
            return FALSE;
        any |= done;
        double rows = p->type.dim[0], cols = rk_tensor_cols(&p->type);
        double least = (rows + cols) / (rows * cols);
        if (closest == 0 || least < closest)
            closest = least;
    }
    if (params != NULL && !any && closest == 0)
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't factorize %s: it has no layer or table of that name or kind. Check what "
                    "and only.",
                    model->model->title);
    else if (params != NULL && !any)
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't factorize %s: no layer or table gets smaller so. Rank 1 takes %.3g of "
                    "the numbers of the best of them; lower rank or energy, or raise size.",
                    model->model->title, closest);
    return any;
}

static gboolean
needs_data(const RkParams *set)
{
    return rk_params_real(set, "epochs") > 0;
}

static gboolean
apply(const RkParams *set, RkPassContext *context, RkCompressed *model, GError **error)
{
    double epochs = rk_params_real(set, "epochs");
    if (rk_params_int(set, "rank") > 0 && rk_params_real(set, "energy") > 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't factorize: give a rank or an energy, not both.");
        return FALSE;
    }
    return factorize_all(set, model, error) && rk_compressed_check(model, error) &&
           (epochs == 0 || context->train(context, model, epochs, error));
}

const RkPass rk_pass_lowrank = {
    .name = "low-rank",
    .title = "Factorize layers and tables by their singular values",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .needs_data = needs_data,
    .apply = apply,
};
