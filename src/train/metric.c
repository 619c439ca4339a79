// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/metric-private.h"

#include <math.h>
#include <string.h>

#include "base/params.h"

#define BINARY    RK_METRIC_LABELS
#define AT_CUT    (RK_METRIC_LABELS | RK_METRIC_THRESHOLD)
#define MAX_K     100000u
#define MAX_NAMES 32

const RkMetric rk_metrics[] = {
    {"auc", "Area under the ROC curve", FALSE, RK_BETTER_HIGH, NULL, BINARY, rk_metric_auc},
    {"gauc", "AUC within users", FALSE, RK_BETTER_HIGH, NULL, BINARY | RK_METRIC_GROUPS,
     rk_metric_gauc},
    {"pr_auc", "Average precision", FALSE, RK_BETTER_HIGH, NULL, BINARY, rk_metric_pr_auc},
    {"logloss", "Log loss", FALSE, RK_BETTER_LOW, "nats", BINARY, rk_metric_logloss},
    {"ne", "Normalized entropy", FALSE, RK_BETTER_LOW, NULL, BINARY, rk_metric_normalized_entropy},
    {"ece", "Expected calibration error", FALSE, RK_BETTER_LOW, NULL, BINARY, rk_metric_ece},
    {"calibration", "Predicted by observed", FALSE, RK_BETTER_NEAR_ONE, NULL, BINARY,
     rk_metric_calibration},
    {"accuracy", "Accuracy", FALSE, RK_BETTER_HIGH, NULL, AT_CUT, rk_metric_accuracy},
    {"precision", "Precision", FALSE, RK_BETTER_HIGH, NULL, AT_CUT, rk_metric_precision},
    {"recall", "Recall", FALSE, RK_BETTER_HIGH, NULL, AT_CUT, rk_metric_recall},
    {"f1", "F1", FALSE, RK_BETTER_HIGH, NULL, AT_CUT, rk_metric_f1},
    {"rmse", "Root mean squared error", FALSE, RK_BETTER_LOW, "rating", RK_METRIC_RATINGS,
     rk_metric_rmse},
    {"mae", "Mean absolute error", FALSE, RK_BETTER_LOW, "rating", RK_METRIC_RATINGS,
     rk_metric_mae},
    {"recall", "Recall at k", TRUE, RK_BETTER_HIGH, NULL, RK_METRIC_RANKS, rk_metric_recall_at},
    {"precision", "Precision at k", TRUE, RK_BETTER_HIGH, NULL, RK_METRIC_RANKS,
     rk_metric_precision_at},
    {"hr", "Hit rate at k", TRUE, RK_BETTER_HIGH, NULL, RK_METRIC_RANKS, rk_metric_hit_rate_at},
    {"ndcg", "NDCG at k", TRUE, RK_BETTER_HIGH, NULL, RK_METRIC_RANKS, rk_metric_ndcg_at},
    {"map", "Mean average precision at k", TRUE, RK_BETTER_HIGH, NULL, RK_METRIC_RANKS,
     rk_metric_map_at},
    {"mrr", "Mean reciprocal rank", FALSE, RK_BETTER_HIGH, NULL, RK_METRIC_RANKS, rk_metric_mrr_at},
    {"mrr", "Mean reciprocal rank at k", TRUE, RK_BETTER_HIGH, NULL, RK_METRIC_RANKS,
     rk_metric_mrr_at},
    {"coverage", "Share of the catalogue shown", TRUE, RK_BETTER_HIGH, NULL,
     RK_METRIC_LISTS | RK_METRIC_DISTINCT, rk_metric_coverage_at},
    {"gini", "Gini index of exposure", TRUE, RK_BETTER_LOW, NULL,
     RK_METRIC_LISTS | RK_METRIC_DISTINCT, rk_metric_gini_at},
    {"novelty", "Mean self-information of what is shown", TRUE, RK_BETTER_NEITHER, "bits",
     RK_METRIC_LISTS, rk_metric_novelty_at},
    {"long_tail", "Share of the long tail in what is shown", TRUE, RK_BETTER_NEITHER, NULL,
     RK_METRIC_LISTS, rk_metric_long_tail_at},
};
const size_t rk_n_metrics = G_N_ELEMENTS(rk_metrics);

// ---- names ---------------------------------------------------------------------------------

static const RkMetric *
find_row(const char *name, gboolean at_k)
{
    for (size_t i = 0; i < rk_n_metrics; i++)
        if (rk_metrics[i].at_k == at_k && strcmp(rk_metrics[i].name, name) == 0)
            return &rk_metrics[i];
    return NULL;
}

static const RkMetric *
refuse_name(const char *text, const char *name, gboolean at_k, GError **error)
{
    if (find_row(name, !at_k) != NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    at_k ? "There is no metric \"%s\": %s is not taken at k. Write %s."
                         : "There is no metric \"%s\": %s is taken at k. Write %s@10.",
                    text, name, name);
        return NULL;
    }
    const char *names[MAX_NAMES];
    G_STATIC_ASSERT(G_N_ELEMENTS(rk_metrics) <= MAX_NAMES);
    for (size_t i = 0; i < rk_n_metrics; i++)
        names[i] = rk_metrics[i].name;
    const char *nearest = rk_nearest_word(name, names, rk_n_metrics);
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "There is no metric \"%s\". %s%s%s", text,
                nearest ? "Did you mean " : "Try auc, rmse or ndcg@10", nearest ? nearest : "",
                nearest ? "?" : ".");
    return NULL;
}

const RkMetric *
rk_metric_find(const char *text, uint32_t *k, GError **error)
{
    const char *at = strchr(text, '@');
    g_autofree char *name = at ? g_strndup(text, (gsize)(at - text)) : g_strdup(text);
    guint64 cut = 0;
    *k = 0;
    if (at != NULL && !g_ascii_string_to_unsigned(at + 1, 10, 1, MAX_K, &cut, NULL)) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "There is no metric \"%s\": k is a number from 1 to %u. Write %s@10.", text,
                    MAX_K, name);
        return NULL;
    }
    const RkMetric *row = find_row(name, at != NULL);
    if (row == NULL)
        return refuse_name(text, name, at != NULL, error);
    *k = (uint32_t)cut;
    return row;
}

char *
rk_metric_text(const RkMetric *metric, uint32_t k)
{
    return metric->at_k ? g_strdup_printf("%s@%u", metric->name, k) : g_strdup(metric->name);
}

// ---- values --------------------------------------------------------------------------------

static const char *
what_is_missing(const RkMetric *metric, uint32_t k, const RkAnswers *answers)
{
    if ((metric->needs & (RK_METRIC_LABELS | RK_METRIC_RATINGS)) && !answers->predictions)
        return "predictions of single samples";
    if ((metric->needs & RK_METRIC_GROUPS) && !answers->predictions->group)
        return "the user of each sample";
    if ((metric->needs & RK_METRIC_THRESHOLD) && isnan(answers->threshold))
        return "a threshold chosen on the validation part";
    if ((metric->needs & RK_METRIC_RANKS) && !answers->rankings)
        return "ranks of the wanted items";
    if ((metric->needs & RK_METRIC_LISTS) && (!answers->lists || answers->lists->k < k))
        return "lists of at least k items";
    return NULL;
}

gboolean
rk_metric_value(const RkMetric *metric, uint32_t k, const RkAnswers *answers, double *value,
                GError **error)
{
    const char *missing = what_is_missing(metric, k, answers);
    if (missing == NULL) {
        *value = metric->value(answers, k);
        return TRUE;
    }
    g_autofree char *text = rk_metric_text(metric, k);
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "Can't compute %s: it needs %s, which this evaluation doesn't have. Choose another "
                "metric or protocol.",
                text, missing);
    return FALSE;
}

gboolean
rk_metric_is_better(const RkMetric *metric, double a, double b)
{
    if (isnan(a) || isnan(b))
        return !isnan(a) && metric->better != RK_BETTER_NEITHER;
    switch (metric->better) {
    case RK_BETTER_HIGH:
        return a > b;
    case RK_BETTER_LOW:
        return a < b;
    case RK_BETTER_NEAR_ONE:
        return fabs(a - 1) < fabs(b - 1);
    case RK_BETTER_NEITHER:
        break;
    }
    return FALSE;
}
