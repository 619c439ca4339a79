// SPDX-License-Identifier: GPL-3.0-or-later
//
// A student beside its teacher: which settings it is trained with, whether it can learn what the
// teacher does, and its training. Afterwards the student is the model under compression.
#include "train/compress-private.h"

#include "train/trainer.h"

#include <string.h>

static RkCompressing *
of(RkPassContext *context)
{
    return (RkCompressing *)context;
}

// ---- settings ------------------------------------------------------------------------------

static gboolean
has(const RkTrainSettings *s, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(s->table[i].name, name) == 0)
            return TRUE;
    return FALSE;
}

static gboolean
has_default(const RkModel *model, const char *name)
{
    for (const RkParamDefault *own = model->defaults; own != NULL && own->name != NULL; own++)
        if (strcmp(own->name, name) == 0)
            return TRUE;
    return FALSE;
}

static gboolean
copy_value(const RkTrainSettings *from, RkTrainSettings *to, const char *name, GError **error)
{
    g_autofree char *text = rk_params_value_text(from->values, name);
    return !has(from, from->n, name) || rk_params_set(to->values, name, text, error);
}

// A student of its teacher's kind is as the teacher was; another kind is trained as the teacher
// was, where its own paper says nothing, and takes its sizes of vectors, layers and histories.
static gboolean
inherit(const RkTrainSettings *teacher, const RkModel *kind, RkTrainSettings *s,
        const RkModel *student, GError **error)
{
    static const char *const SIZES[] = {"dim", "layers", "history"};
    for (size_t i = 0; i < s->n; i++) {
        const char *name = s->table[i].name;
        gboolean own = i < student->n_params, size = FALSE;
        for (size_t k = 0; k < G_N_ELEMENTS(SIZES); k++)
            size |= strcmp(SIZES[k], name) == 0;
        if (kind != student && ((own && !size) || has_default(student, name)))
            continue;
        if (has(teacher, teacher->n, name) && !copy_value(teacher, s, name, error))
            return FALSE;
    }
    if (kind == student || (student->needs & RK_NEEDS_HISTORY) ||
        strcmp(rk_params_text(s->values, "samples"), "sequences") != 0)
        return TRUE;
    // Without a history each event is a sample; bce needs negatives with a label beside it.
    gboolean bce = strcmp(rk_params_text(s->values, "loss"), "bce") == 0;
    return rk_params_set(s->values, "samples", bce ? "pointwise" : "rows", error);
}

static gboolean
assign_given(const RkDistill *d, RkTrainSettings *s, GError **error)
{
    g_autofree char *epochs = g_strdup_printf("%u", d->epochs);
    char lr[G_ASCII_DTOSTR_BUF_SIZE];
    g_auto(GStrv) others = g_strsplit(d->set, ";", -1);
    const struct {
        const char *name, *value;
        gboolean given;
    } own[] = {{"dim", d->dim, *d->dim != '\0'},
               {"layers", d->layers, *d->layers != '\0'},
               {"epochs", epochs, d->epochs > 0},
               {"lr", g_ascii_dtostr(lr, sizeof lr, d->lr), d->lr > 0},
               {"init", "", TRUE}};
    for (size_t i = 0; i < G_N_ELEMENTS(own); i++)
        if (own[i].given && !rk_params_set(s->values, own[i].name, own[i].value, error))
            return FALSE;
    for (char **one = others; *one != NULL; one++)
        if (**one != '\0' && !rk_params_assign(s->values, *one, error))
            return FALSE;
    return TRUE;
}

static RkTrainSettings *
settings_of(const RkCompressing *c, const RkModel *kind, const RkDistill *d, GError **error)
{
    g_autoptr(RkTrainSettings) s = rk_train_settings_new(d->student);
    if (inherit(c->settings, kind, s, d->student, error) && assign_given(d, s, error))
        return g_steal_pointer(&s);
    g_prefix_error(error, "Can't distill into %s: ", d->student->title);
    return NULL;
}

// ---- whether it fits -----------------------------------------------------------------------

static gboolean
is_loss(const RkParams *set, const char *loss)
{
    return strcmp(rk_params_text(set, "loss"), loss) == 0;
}

// Why the student can't learn what the teacher does; NULL when it can.
static const char *
misfit(const RkCompressing *c, const RkModel *teacher, const RkDistill *d, const RkParams *own)
{
    const RkParams *set = c->settings->values;
    gboolean counted = teacher->fit != NULL;
    const char *goal = rk_evaluate_protocol(teacher, set);
    const char *aim = rk_evaluate_protocol(d->student, own);
    gboolean ranks = strcmp(goal, "full") == 0;
    if (ranks && !d->student->candidates)
        return "the teacher ranks items, the student scores whole rows and ranks nothing. Take a "
               "student such as mf, two-tower or sasrec";
    if (!ranks && strcmp(aim, "predict") != 0)
        return "the teacher predicts labels, the student would learn to rank. Give it "
               "samples=rows and the teacher's loss";
    if (!counted && is_loss(set, "mse") != is_loss(own, "mse"))
        return "one predicts ratings, the other probabilities. Give the student the teacher's loss";
    if (is_loss(own, "mse") && d->kl)
        return "ratings are no probabilities. Distill with loss=mse";
    if (!teacher->candidates && rk_objective_find(rk_params_text(own, "loss"))->candidates)
        return "the teacher scores whole rows, not items beside a sample's own. Give the student "
               "loss=bce";
    if ((teacher->needs & d->student->needs & RK_NEEDS_HISTORY) &&
        rk_params_int(c->model->set, "history") != rk_params_int(own, "history"))
        return "both look at a history and it isn't of one length. Leave the student's history";
    return NULL;
}

static gboolean
check_fit(const RkCompressing *c, const RkModel *teacher, const RkDistill *d, const RkParams *own,
          GError **error)
{
    const char *why = misfit(c, teacher, d, own);
    if (why != NULL)
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't distill %s into %s: %s.",
                    teacher->title, d->student->title, why);
    return why == NULL;
}

// ---- training ------------------------------------------------------------------------------

static RkTrainFeatures *
features_of(const RkCompressing *c, const RkModel *teacher, const RkDistill *d, const RkParams *set,
            GError **error)
{
    const RkTrainFeaturesOptions options = {
        .dataset = c->opened->dataset,
        .split = c->opened->split,
        .model = d->student,
        .like = teacher->candidates || d->student->candidates ? NULL : c->opened->trained,
        .history = d->student->candidates,
        .set = set,
        .positive_from = rk_params_real(set, "positive.from"),
        .cancelled = c->options->cancelled};
    return rk_train_features_new(&options, error);
}

static RkTrainer *
new_trainer(const RkCompressing *c, const RkTeacher *teacher, const RkDistill *d,
            const RkTrainSettings *settings, GError **error)
{
    const RkTrained *like = c->model->model->candidates ? NULL : c->opened->trained;
    const RkTrainOptions options = {.device = c->options->device,
                                    .dataset = c->opened->dataset,
                                    .split = c->opened->split,
                                    .model = d->student,
                                    .settings = settings,
                                    .seed = c->options->seed,
                                    .like = like,
                                    .teacher = teacher,
                                    .history = d->student->candidates,
                                    .cancelled = c->options->cancelled};
    return rk_trainer_new(&options, error);
}

static RkWeights *
learn(RkCompressing *c, const RkTeacher *teacher, const RkDistill *d,
      const RkTrainSettings *settings, GError **error)
{
    g_autoptr(RkTrainer) trainer = new_trainer(c, teacher, d, settings, error);
    g_autoptr(RkWeights) tensors = rk_weights_new();
    RkTrainProgress progress;
    uint32_t n = (uint32_t)rk_params_int(settings->values, "epochs");
    gboolean fine = trainer != NULL;
    for (uint32_t epoch = 0; fine && epoch < n; epoch++) {
        if (c->options->progress != NULL)
            c->options->progress(c->options->data, "train", epoch, n);
        fine = rk_trainer_epoch(trainer, &progress, error);
    }
    if (trainer == NULL)
        g_prefix_error(error, "Can't distill into %s: ", d->student->title);
    if (!fine || !rk_compressing_read_back(trainer, tensors, error))
        return NULL;
    return g_steal_pointer(&tensors);
}

// The student in the teacher's place, in the form that its settings say.
static void
put_student(RkCompressing *c, RkCompressed *model, const RkModel *student,
            RkTrainSettings *settings, RkTrainFeatures *features, RkWeights *tensors)
{
    RkCompressed *fresh = rk_compressed_new(student, &features->data, settings->values, tensors);
    RkCompressed old = *model;
    *model = *fresh;
    *fresh = old;
    rk_compressed_free(fresh);
    g_clear_pointer(&c->own_settings, rk_train_settings_free);
    g_clear_pointer(&c->own_features, rk_train_features_free);
    c->settings = c->own_settings = settings;
    c->features = c->own_features = features;
}

static gboolean
distill(RkPassContext *context, RkCompressed *model, const RkDistill *d, GError **error)
{
    RkCompressing *c = of(context);
    g_autoptr(RkTrainSettings) settings = settings_of(c, model->model, d, error);
    if (settings == NULL || !check_fit(c, model->model, d, settings->values, error))
        return FALSE;
    g_autoptr(RkTrainFeatures) features = features_of(c, model->model, d, settings->values, error);
    if (features == NULL) {
        g_prefix_error(error, "Can't distill into %s: ", d->student->title);
        return FALSE;
    }
    const RkTeacher teacher = {.model = model->model,
                               .set = model->set,
                               .form = model->form,
                               .tensors = model->tensors,
                               .kl = d->kl,
                               .temperature = d->temperature,
                               .labels = d->labels};
    RkWeights *tensors = learn(c, d->labels < 1 ? &teacher : NULL, d, settings, error);
    if (tensors == NULL)
        return FALSE;
    put_student(c, model, d->student, g_steal_pointer(&settings), g_steal_pointer(&features),
                tensors);
    return TRUE;
}

void
rk_compressing_offer_distilling(RkCompressing *c)
{
    c->context.distill = distill;
}
