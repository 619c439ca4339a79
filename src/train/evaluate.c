// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/evaluate.h"

#include <math.h>
#include <string.h>

// What each kind of evaluation shows, best known first: it is also what tells the best epoch.
static const char *const LABELS[] = {"auc",         "gauc",     "pr_auc",    "logloss", "ne", "ece",
                                     "calibration", "accuracy", "precision", "recall",  "f1", NULL};
static const char *const RATINGS[] = {"rmse", "mae", NULL};
static const char *const RANKS[] = {"ndcg@", "recall@", "precision@", "hr@", "map@", "mrr", NULL};
static const char *const LISTS[] = {"ndcg@",    "recall@",    "precision@", "hr@",
                                    "map@",     "mrr",        "coverage@",  "gini@",
                                    "novelty@", "long_tail@", NULL};

typedef struct {
    const RkEvaluateOptions *options;
    const RkParams *set;
    RkEvaluation *to;
    RkParams *negatives; // of the sampled protocols, owned
} Evaluating;

const char *
rk_evaluate_protocol(const RkModel *model, const RkParams *set)
{
    const char *loss = rk_params_text(set, "loss");
    gboolean labels = strcmp(loss, "bce") == 0 || strcmp(loss, "mse") == 0;
    gboolean rows = strcmp(rk_params_text(set, "samples"), "rows") == 0;
    if (model->fit != NULL)
        return "full"; // counts are no estimate of a label
    return model->candidates && !(labels && rows) ? "full" : "predict";
}

// ---- predictions ---------------------------------------------------------------------------

static RkScorerOptions
scorer_options(const Evaluating *e, RkPart part)
{
    const RkEvaluateOptions *o = e->options;
    return (RkScorerOptions){.device = o->device,
                             .model = o->model,
                             .set = e->set,
                             .features = o->features,
                             .state = o->state,
                             .part = part,
                             .seed = o->seed,
                             .cancelled = o->cancelled};
}

static gboolean
is_ratings(const Evaluating *e)
{
    return strcmp(rk_params_text(e->set, "loss"), "mse") == 0;
}

// The threshold that is best for F1 on validation; 0 (a probability of a half) without that part.
static gboolean
choose_threshold(const Evaluating *e, double *threshold, GError **error)
{
    uint64_t n = 0;
    *threshold = 0;
    rk_frame_label_mean(e->options->features->frame, RK_PART_VALID, &n);
    if (n == 0 || e->options->part == RK_PART_VALID || !e->options->threshold)
        return TRUE;
    RkScorerOptions options = scorer_options(e, RK_PART_VALID);
    g_autoptr(RkScores) scores = rk_scores_new(&options, error);
    if (scores == NULL)
        return FALSE;
    g_autoptr(RkPredictions) predictions =
        rk_predictions_new((uint32_t)scores->n, scores->score, scores->label, NULL, 0);
    RkAnswers answers = {.predictions = predictions};
    *threshold = rk_choose_threshold(&answers, RK_THRESHOLD_F1);
    return TRUE;
}

static gboolean
check_labels(const RkScores *scores, GError **error)
{
    for (uint64_t i = 0; i < scores->n; i++)
        if (scores->label[i] != 0 && scores->label[i] != 1) {
            g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                        "Can't measure clicks: a label is %g, not 0 or 1. Train with "
                        "label.binary=true and a label.threshold, or with loss=mse for ratings.",
                        (double)scores->label[i]);
            return FALSE;
        }
    return TRUE;
}

static void
take_units(Evaluating *e)
{
    const RkTrainFeatures *f = e->options->features;
    RkScores *scores = e->to->scores;
    e->to->row = scores->row;
    if (f->data.user < 0)
        return;
    e->to->n_units = f->data.features[f->data.user].rows + 1; // the last: events without a user
    e->to->unit = g_new(uint32_t, MAX(scores->n, 1));
    for (uint64_t i = 0; i < scores->n; i++)
        e->to->unit[i] = MIN(scores->user[i], e->to->n_units - 1);
}

static gboolean
predict(Evaluating *e, GError **error)
{
    RkEvaluation *to = e->to;
    RkScorerOptions options = scorer_options(e, e->options->part);
    to->scores = rk_scores_new(&options, error);
    if (to->scores == NULL || (!is_ratings(e) && !check_labels(to->scores, error)))
        return FALSE;
    take_units(e);
    to->n = to->scores->n;
    to->n_are = "samples";
    to->predictions = rk_predictions_new((uint32_t)to->n, to->scores->score, to->scores->label,
                                         is_ratings(e) ? NULL : to->unit, to->n_units);
    to->answers.predictions = to->predictions;
    if (is_ratings(e))
        return TRUE;
    if (to->unit != NULL)
        rk_grouped_auc(&to->answers, &to->n_without_auc);
    return choose_threshold(e, &to->answers.threshold, error);
}

// ---- rankings ------------------------------------------------------------------------------

static gboolean
rank_fully(Evaluating *e, GError **error)
{
    const RkEvaluateOptions *o = e->options;
    RkEvaluation *to = e->to;
    const RkModelData *data = &o->features->data;
    const RkRankOptions options = {.device = o->device,
                                   .model = o->model,
                                   .set = e->set,
                                   .features = o->features,
                                   .state = o->state,
                                   .part = o->part,
                                   .k = o->k,
                                   .cancelled = o->cancelled,
                                   .progress = o->progress,
                                   .progress_data = o->progress_data};
    to->ranked = rk_ranked_new(&options, error);
    const uint64_t *counts =
        to->ranked != NULL ? rk_frame_item_counts(o->features->frame, error) : NULL;
    if (counts == NULL)
        return FALSE;
    uint32_t n_items = data->features[data->item].rows;
    uint32_t *narrow = g_new(uint32_t, MAX(n_items, 1));
    for (uint32_t i = 0; i < n_items; i++)
        narrow[i] = (uint32_t)MIN(counts[i], UINT32_MAX);
    to->n = to->ranked->n;
    to->n_are = "users";
    to->rankings = (RkRankings){to->ranked->n, to->ranked->ends, to->ranked->ranks};
    to->lists = (RkLists){.n = to->ranked->n,
                          .k = to->ranked->k,
                          .items = to->ranked->items,
                          .n_items = n_items,
                          .counts = narrow,
                          .n_users = rk_frame_n_users(o->features->frame)};
    to->unit = g_memdup2(to->ranked->user, to->ranked->n * sizeof *to->unit);
    to->n_units = rk_frame_n_users(o->features->frame);
    to->answers.rankings = &to->rankings;
    to->answers.lists = &to->lists;
    return TRUE;
}

// Who stands above each event's own item among its candidates.
static void
count_ranks(RkEvaluation *to)
{
    const RkScores *s = to->scores;
    RkRankCounts *ranks = g_new0(RkRankCounts, MAX(s->n, 1));
    uint32_t *ends = g_new(uint32_t, MAX(s->n, 1));
    for (uint64_t i = 0; i < s->n; i++) {
        const float *score = s->score + i * s->width;
        gboolean is_short = FALSE;
        for (uint32_t c = 1; c < s->width; c++) {
            ranks[i].greater += score[c] > score[0] || (isnan(score[0]) && !isnan(score[c]));
            ranks[i].equal += score[c] == score[0];
            is_short |= isnan(score[c]);
        }
        to->n_short += is_short;
        ends[i] = (uint32_t)i + 1;
    }
    to->rankings = (RkRankings){(uint32_t)s->n, ends, ranks};
}

static gboolean
rank_sampled(Evaluating *e, const char *draw, uint32_t n, GError **error)
{
    RkEvaluation *to = e->to;
    g_autofree char *count = g_strdup_printf("%u", n);
    if (!e->options->model->candidates) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't rank items by %s: it scores whole rows. Use --protocol predict.",
                    e->options->model->title);
        return FALSE;
    }
    e->negatives = rk_params_new(rk_negatives_params, rk_n_negatives_params);
    if (!rk_params_set(e->negatives, "negatives", draw, error) ||
        !rk_params_set(e->negatives, "negatives.n", count, error) ||
        !rk_params_set(e->negatives, "negatives.exclude", "all", error))
        return FALSE;
    RkScorerOptions options = scorer_options(e, e->options->part);
    options.n_candidates = n;
    options.negatives = e->negatives;
    to->scores = rk_scores_new(&options, error);
    if (to->scores == NULL)
        return FALSE;
    take_units(e);
    to->n = to->scores->n;
    to->n_are = "events";
    count_ranks(to);
    to->answers.rankings = &to->rankings;
    return TRUE;
}

static gboolean
run_protocol(Evaluating *e, GError **error)
{
    const char *protocol = e->to->protocol;
    guint64 n = 100;
    if (strcmp(protocol, "predict") == 0)
        return predict(e, error);
    if (strcmp(protocol, "full") == 0)
        return rank_fully(e, error);
    if (strcmp(protocol, "file") == 0)
        return rank_sampled(e, "file", 99, error);
    if (g_str_has_prefix(protocol, "sampled") &&
        (protocol[7] == '\0' ||
         (protocol[7] == ':' && g_ascii_string_to_unsigned(protocol + 8, 10, 1, 100000, &n, NULL))))
        return rank_sampled(e, "uniform", (uint32_t)n, error);
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't evaluate by the protocol \"%s\": it is auto, predict, full, sampled:100 "
                "(that many negatives) or file.",
                protocol);
    return FALSE;
}

// ---- figures -------------------------------------------------------------------------------

static gboolean
add_figure(Evaluating *e, const char *name, GError **error)
{
    RkEvaluation *to = e->to;
    g_autofree char *text =
        g_str_has_suffix(name, "@") ? g_strdup_printf("%s%u", name, e->options->k) : g_strdup(name);
    RkFigure figure = {0};
    figure.metric = rk_metric_find(text, &figure.k, error);
    if (figure.metric == NULL)
        return FALSE;
    if ((figure.metric->needs & RK_METRIC_GROUPS) && to->unit == NULL)
        return TRUE;
    RkAnswers answers = to->answers;
    if (!rk_metric_value(figure.metric, figure.k, &answers, &figure.value, error))
        return FALSE;
    figure.optimistic = figure.pessimistic = figure.value;
    if (figure.metric->needs & RK_METRIC_RANKS) {
        answers.ties = RK_TIES_OPTIMISTIC;
        figure.optimistic = figure.metric->value(&answers, figure.k);
        answers.ties = RK_TIES_PESSIMISTIC;
        figure.pessimistic = figure.metric->value(&answers, figure.k);
    }
    figure.name = g_steal_pointer(&text);
    g_array_append_val(to->figures, figure);
    return TRUE;
}

static gboolean
add_figures(Evaluating *e, GError **error)
{
    if (e->options->only != NULL)
        return add_figure(e, e->options->only, error);
    const char *const *names = e->to->ranked != NULL             ? LISTS
                               : e->to->answers.rankings != NULL ? RANKS
                               : is_ratings(e)                   ? RATINGS
                                                                 : LABELS;
    for (; *names != NULL; names++)
        if (!add_figure(e, *names, error))
            return FALSE;
    return TRUE;
}

// A metric of ranks asks for a ranking, whatever the model would be measured by otherwise.
static const char *
protocol_of(const RkEvaluateOptions *o, GError **error)
{
    if (o->protocol != NULL && strcmp(o->protocol, "auto") != 0)
        return o->protocol;
    uint32_t k = 0;
    const RkMetric *metric = o->only != NULL ? rk_metric_find(o->only, &k, error) : NULL;
    if (o->only != NULL && metric == NULL)
        return NULL;
    if (metric != NULL && (metric->needs & (RK_METRIC_RANKS | RK_METRIC_LISTS)))
        return "full";
    if (metric != NULL)
        return "predict";
    return rk_evaluate_protocol(o->model, o->settings->values);
}

static void
clear_figure(gpointer data)
{
    g_free(((RkFigure *)data)->name);
}

RkEvaluation *
rk_evaluate(const RkEvaluateOptions *options, GError **error)
{
    g_autoptr(RkEvaluation) to = g_new0(RkEvaluation, 1);
    Evaluating e = {.options = options, .set = options->settings->values, .to = to};
    to->figures = g_array_new(FALSE, FALSE, sizeof(RkFigure));
    g_array_set_clear_func(to->figures, clear_figure);
    to->protocol = g_strdup(protocol_of(options, error));
    gboolean done = to->protocol != NULL && run_protocol(&e, error) && add_figures(&e, error);
    g_clear_pointer(&e.negatives, rk_params_free);
    return done ? g_steal_pointer(&to) : NULL;
}

void
rk_evaluation_free(RkEvaluation *evaluation)
{
    if (evaluation == NULL)
        return;
    if (evaluation->ranked == NULL) { // else they are the ranking's
        g_free((void *)evaluation->rankings.ends);
        g_free((void *)evaluation->rankings.ranks);
    }
    g_free((void *)evaluation->lists.counts);
    rk_predictions_free(evaluation->predictions);
    rk_scores_free(evaluation->scores);
    rk_ranked_free(evaluation->ranked);
    g_array_unref(evaluation->figures);
    g_free(evaluation->unit);
    g_free(evaluation->protocol);
    g_free(evaluation);
}

const RkFigure *
rk_evaluation_find(const RkEvaluation *evaluation, const char *name)
{
    for (guint i = 0; i < evaluation->figures->len; i++) {
        const RkFigure *figure = &g_array_index(evaluation->figures, RkFigure, i);
        if (strcmp(figure->name, name) == 0)
            return figure;
    }
    return NULL;
}
