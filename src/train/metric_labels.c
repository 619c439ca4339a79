// SPDX-License-Identifier: GPL-3.0-or-later
//
// Click-through: predictions are logits, so that large ones keep their order and their log loss.
#include "train/metric-private.h"

#include <math.h>
#include <string.h>

#define N_BINS 15 // Guo et al., "On Calibration of Modern Neural Networks", ICML 2017

// ---- order ---------------------------------------------------------------------------------

// A key whose unsigned order is that of floats, NaN lowest and both zeros alike.
static uint32_t
sort_key(float x)
{
    if (isnan(x))
        return 0;
    x += 0.0f; // -0 becomes 0
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

// Stable radix sort of 0 to n - 1 by key, eight bits at a time.
static uint32_t *
sort_by_score(const float *score, uint32_t n)
{
    uint32_t *from = g_new(uint32_t, MAX(n, 1));
    uint32_t *to = g_new(uint32_t, MAX(n, 1));
    for (uint32_t i = 0; i < n; i++)
        from[i] = i;
    for (int shift = 0; shift < 32; shift += 8) {
        uint32_t start[257] = {0};
        for (uint32_t i = 0; i < n; i++)
            start[(sort_key(score[i]) >> shift & 255) + 1]++;
        for (int b = 0; b < 256; b++)
            start[b + 1] += start[b];
        for (uint32_t i = 0; i < n; i++)
            to[start[sort_key(score[from[i]]) >> shift & 255]++] = from[i];
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    g_free(to);
    return from;
}

static void
sort_groups(RkPredictions *p)
{
    p->ends = g_new0(uint32_t, (gsize)p->n_groups + 1);
    p->by_group = g_new(uint32_t, MAX(p->n, 1));
    for (uint32_t i = 0; i < p->n; i++) {
        g_assert(p->group[i] < p->n_groups);
        p->ends[p->group[i]]++;
    }
    uint32_t start = 0; // ends[] holds where a group goes on until all are placed
    for (uint32_t g = 0; g < p->n_groups; g++) {
        uint32_t n = p->ends[g];
        p->ends[g] = start;
        start += n;
    }
    for (uint32_t i = 0; i < p->n; i++)
        p->by_group[p->ends[p->group[p->order[i]]]++] = p->order[i];
}

RkPredictions *
rk_predictions_new(uint32_t n, const float *predicted, const float *expected, const uint32_t *group,
                   uint32_t n_groups)
{
    RkPredictions *p = g_new0(RkPredictions, 1);
    *p = (RkPredictions){n, predicted, expected, group, n_groups, NULL, NULL, NULL};
    p->order = sort_by_score(predicted, n);
    if (group != NULL)
        sort_groups(p);
    return p;
}

void
rk_predictions_free(RkPredictions *predictions)
{
    if (predictions == NULL)
        return;
    g_free(predictions->order);
    g_free(predictions->by_group);
    g_free(predictions->ends);
    g_free(predictions);
}

// ---- by order ------------------------------------------------------------------------------

// Where the samples end whose prediction equals that of the one at `from` in `order`.
static uint32_t
tie_end(const RkPredictions *p, const uint32_t *order, uint32_t from, uint32_t n)
{
    uint32_t key = sort_key(p->predicted[order[from]]);
    uint32_t to = from + 1;
    while (to < n && sort_key(p->predicted[order[to]]) == key)
        to++;
    return to;
}

typedef struct {
    double positive, negative; // how often
} Classes;

static Classes
count_classes(const RkAnswers *answers, const uint32_t *order, uint32_t n)
{
    Classes all = {0, 0};
    for (uint32_t i = 0; i < n; i++) {
        double times = rk_times(answers, order[i]);
        double label = answers->predictions->expected[order[i]];
        all.positive += times * label;
        all.negative += times * (1 - label);
    }
    return all;
}

// The share of pairs in the right order, ties counting half: the Mann-Whitney statistic by
// mid-ranks (Fawcett, "An introduction to ROC analysis", 2006).
static double
auc_of(const RkAnswers *answers, const uint32_t *order, uint32_t n, Classes *all)
{
    double won = 0;
    Classes below = {0, 0};
    for (uint32_t i = 0, end = 0; i < n; i = end) {
        end = tie_end(answers->predictions, order, i, n);
        Classes tied = count_classes(answers, order + i, end - i);
        won += tied.positive * (below.negative + tied.negative / 2);
        below.positive += tied.positive;
        below.negative += tied.negative;
    }
    *all = below;
    return won / (below.positive * below.negative); // 0 / 0 with one class
}

double
rk_metric_auc(const RkAnswers *answers, uint32_t k G_GNUC_UNUSED)
{
    Classes all;
    return auc_of(answers, answers->predictions->order, answers->predictions->n, &all);
}

double
rk_grouped_auc(const RkAnswers *answers, uint32_t *n_left_out)
{
    const RkPredictions *p = answers->predictions;
    double sum = 0;
    double weight = 0;
    uint32_t n_out = 0;
    for (uint32_t g = 0, start = 0; g < p->n_groups; start = p->ends[g++]) {
        Classes all;
        double auc = auc_of(answers, p->by_group + start, p->ends[g] - start, &all);
        double samples = all.positive + all.negative;
        if (all.positive > 0 && all.negative > 0) {
            sum += samples * auc;
            weight += samples;
        } else {
            n_out += samples > 0;
        }
    }
    if (n_left_out != NULL)
        *n_left_out = n_out;
    return sum / weight;
}

double
rk_metric_gauc(const RkAnswers *answers, uint32_t k G_GNUC_UNUSED)
{
    return rk_grouped_auc(answers, NULL);
}

// The sum over thresholds of precision times what recall gains there; equal predictions are one
// threshold (Davis and Goadrich, "The Relationship Between Precision-Recall and ROC Curves", ICML
// 2006, on why the points are not joined by lines).
double
rk_metric_pr_auc(const RkAnswers *answers, uint32_t k G_GNUC_UNUSED)
{
    const RkPredictions *p = answers->predictions;
    double area = 0;
    Classes above = {0, 0};
    for (uint32_t end = p->n, i = 0; end > 0; end = i) {
        i = end - 1;
        while (i > 0 &&
               sort_key(p->predicted[p->order[i - 1]]) == sort_key(p->predicted[p->order[end - 1]]))
            i--;
        Classes tied = count_classes(answers, p->order + i, end - i);
        above.positive += tied.positive;
        above.negative += tied.negative;
        if (tied.positive > 0)
            area += tied.positive * above.positive / (above.positive + above.negative);
    }
    return area / above.positive;
}

// ---- by probability ------------------------------------------------------------------------

static double
probability(double logit)
{
    return 1 / (1 + exp(-logit));
}

// log(1 + e^x)
static double
softplus(double x)
{
    return MAX(x, 0) + log1p(exp(-fabs(x)));
}

// The terms apart, so that an infinite logit on the right side costs nothing.
static double
sample_loss(double logit, double label)
{
    double loss = 0;
    if (label > 0)
        loss += label * softplus(-logit);
    if (label < 1)
        loss += (1 - label) * softplus(logit);
    return loss;
}

double
rk_metric_logloss(const RkAnswers *answers, uint32_t k G_GNUC_UNUSED)
{
    const RkPredictions *p = answers->predictions;
    double sum = 0;
    double n = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        double times = rk_times(answers, i);
        if (times > 0)
            sum += times * sample_loss(p->predicted[i], p->expected[i]);
        n += times;
    }
    return sum / n;
}

// Log loss by that of the constant answer "the share of clicks" (He et al., "Practical Lessons
// from Predicting Clicks on Ads at Facebook", ADKDD 2014).
double
rk_metric_normalized_entropy(const RkAnswers *answers, uint32_t k)
{
    Classes all = count_classes(answers, answers->predictions->order, answers->predictions->n);
    double share = all.positive / (all.positive + all.negative);
    double entropy = -share * log(share) - (1 - share) * log1p(-share);
    return rk_metric_logloss(answers, k) / entropy; // NaN with one class: 0 log 0
}

double
rk_metric_ece(const RkAnswers *answers, uint32_t k G_GNUC_UNUSED)
{
    const RkPredictions *p = answers->predictions;
    double excess[N_BINS] = {0}; // predicted less observed
    double n = 0;
    double error = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        double times = rk_times(answers, i);
        double predicted = probability(p->predicted[i]);
        if (isnan(predicted) && times > 0)
            return NAN;
        if (times > 0)
            excess[MIN((int)(predicted * N_BINS), N_BINS - 1)] +=
                times * (predicted - p->expected[i]);
        n += times;
    }
    for (int bin = 0; bin < N_BINS; bin++)
        error += fabs(excess[bin]);
    return error / n;
}

double
rk_metric_calibration(const RkAnswers *answers, uint32_t k G_GNUC_UNUSED)
{
    const RkPredictions *p = answers->predictions;
    double predicted = 0;
    double observed = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        double times = rk_times(answers, i);
        if (times > 0)
            predicted += times * probability(p->predicted[i]);
        observed += times * p->expected[i];
    }
    return observed > 0 ? predicted / observed : NAN;
}
