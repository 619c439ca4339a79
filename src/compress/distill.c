// SPDX-License-Identifier: GPL-3.0-or-later
//
// The pass `distill`: a student, any trained model of the zoo, learns the scores of the model at
// hand beside the labels and takes its place. Logits by their squared error (Ba and Caruana,
// https://arxiv.org/abs/1312.6184) or probabilities by KL at a temperature (Hinton, Vinyals and
// Dean, https://arxiv.org/abs/1503.02531).
#include "compress/compress.h"

#include <string.h>

static const RkParam PARAMS[] = {
    {"student", RK_PARAM_TEXT, 0, 0, "", NULL, NULL,
     "A model of the zoo; none: one of the teacher's kind"},
    {"dim", RK_PARAM_TEXT, 0, 0, "", NULL, NULL,
     "Size of the student's vectors; none: the teacher's, where both have one"},
    {"layers", RK_PARAM_TEXT, 0, 0, "", NULL, NULL,
     "Widths of the student's layers; none: the teacher's, where both have them"},
    {"loss", RK_PARAM_CHOICE, 0, 0, "mse", NULL, "mse|kl",
     "What is learned of the teacher: its scores by squared error, or what they say of "
     "probabilities by KL divergence"},
    {"temperature", RK_PARAM_REAL, 0.01, 1000, "2", NULL, NULL,
     "loss=kl: what both models' scores are divided by"},
    {"labels", RK_PARAM_REAL, 0, 1, "0.5", NULL, NULL,
     "Share of the labels' own loss; 0: the teacher alone, 1: as without a teacher"},
    {"epochs", RK_PARAM_INT, 0, 100000, "0", "epochs", NULL,
     "How long the student learns; 0: as long as the teacher did"},
    {"lr", RK_PARAM_REAL, 0, 100, "0", NULL, NULL, "Its learning rate; 0: the teacher's"},
    {"set", RK_PARAM_TEXT, 0, 0, "", NULL, NULL,
     "More settings of the student and its training, NAME=VALUE;NAME=VALUE; any such name may "
     "also stand by itself: distill:student=sasrec,heads=2"},
};

static gboolean
needs_data(const RkParams *set)
{
    (void)set;
    return TRUE;
}

static gboolean
check_settings(const RkParams *set, const RkModel *student, GError **error)
{
    gboolean kl = strcmp(rk_params_text(set, "loss"), "kl") == 0;
    if (student->fit != NULL)
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't distill into %s: it is counted, not trained. Choose another student.",
                    student->title);
    else if (!kl && rk_params_is_set(set, "temperature"))
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't distill: temperature is for loss=kl; give that too.");
    else
        return TRUE;
    return FALSE;
}

static gboolean
apply(const RkParams *set, RkPassContext *context, RkCompressed *model, GError **error)
{
    const char *name = rk_params_text(set, "student");
    const RkModel *student = *name != '\0' ? rk_model_find(name, error) : model->model;
    if (student == NULL) {
        g_prefix_error(error, "Can't distill: ");
        return FALSE;
    }
    const RkDistill distill = {.student = student,
                               .dim = rk_params_text(set, "dim"),
                               .layers = rk_params_text(set, "layers"),
                               .set = rk_params_text(set, "set"),
                               .kl = strcmp(rk_params_text(set, "loss"), "kl") == 0,
                               .temperature = rk_params_real(set, "temperature"),
                               .labels = rk_params_real(set, "labels"),
                               .lr = rk_params_real(set, "lr"),
                               .epochs = (uint32_t)rk_params_int(set, "epochs")};
    return check_settings(set, student, error) && context->distill(context, model, &distill, error);
}

const RkPass rk_pass_distill = {
    .name = "distill",
    .title = "Train another model, a smaller one, on this one's scores",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .needs_data = needs_data,
    .counted = TRUE,
    .rest = "set",
    .apply = apply,
};
