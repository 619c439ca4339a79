// SPDX-License-Identifier: GPL-3.0-or-later
//
// The functions behind the table's rows, a file a kind of answers.
#pragma once

#include "train/metric.h"

typedef double RkMetricFunction(const RkAnswers *answers, uint32_t k);

// metric_labels.c
RkMetricFunction rk_metric_auc, rk_metric_gauc, rk_metric_pr_auc, rk_metric_logloss,
    rk_metric_normalized_entropy, rk_metric_ece, rk_metric_calibration;
// metric_threshold.c
RkMetricFunction rk_metric_accuracy, rk_metric_precision, rk_metric_recall, rk_metric_f1;
// metric_ratings.c
RkMetricFunction rk_metric_rmse, rk_metric_mae;
// metric_ranks.c; k 0 is no limit
RkMetricFunction rk_metric_recall_at, rk_metric_precision_at, rk_metric_hit_rate_at,
    rk_metric_ndcg_at, rk_metric_mrr_at, rk_metric_map_at;
// metric_lists.c
RkMetricFunction rk_metric_coverage_at, rk_metric_gini_at, rk_metric_novelty_at,
    rk_metric_long_tail_at;

static inline double
rk_times(const RkAnswers *answers, uint32_t i)
{
    return answers->times != NULL ? answers->times[i] : 1;
}
