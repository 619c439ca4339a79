// SPDX-License-Identifier: GPL-3.0-or-later
//
// Decisions at a threshold, and the choice of one.
#include "train/metric-private.h"

#include <math.h>

typedef struct {
    double hit, miss;       // clicks predicted, and not
    double alarm, rejected; // the rest predicted, and not
} Decisions;

static Decisions
decide(const RkAnswers *answers)
{
    const RkPredictions *p = answers->predictions;
    Decisions d = {0, 0, 0, 0};
    for (uint32_t i = 0; i < p->n; i++) {
        double times = rk_times(answers, i);
        gboolean predicted = p->predicted[i] >= answers->threshold;
        *(predicted ? &d.hit : &d.miss) += times * p->expected[i];
        *(predicted ? &d.alarm : &d.rejected) += times * (1 - p->expected[i]);
    }
    return d;
}

static double
accuracy(Decisions d)
{
    return (d.hit + d.rejected) / (d.hit + d.miss + d.alarm + d.rejected);
}

// Of nothing predicted and nothing to find: NaN.
static double
f1(Decisions d)
{
    return 2 * d.hit / (2 * d.hit + d.miss + d.alarm);
}

double
rk_metric_accuracy(const RkAnswers *answers, uint32_t k G_GNUC_UNUSED)
{
    return accuracy(decide(answers));
}

// Of nothing predicted: 0, as is usual.
double
rk_metric_precision(const RkAnswers *answers, uint32_t k G_GNUC_UNUSED)
{
    Decisions d = decide(answers);
    return d.hit + d.alarm > 0 ? d.hit / (d.hit + d.alarm) : 0;
}

double
rk_metric_recall(const RkAnswers *answers, uint32_t k G_GNUC_UNUSED)
{
    Decisions d = decide(answers);
    return d.hit / (d.hit + d.miss);
}

double
rk_metric_f1(const RkAnswers *answers, uint32_t k G_GNUC_UNUSED)
{
    return f1(decide(answers));
}

// Lowers the threshold past one prediction after the other, from "never" on.
double
rk_choose_threshold(const RkAnswers *answers, RkThresholdGoal goal)
{
    const RkPredictions *p = answers->predictions;
    RkAnswers never = *answers;
    never.threshold = INFINITY;
    Decisions d = decide(&never);
    double best = goal == RK_THRESHOLD_F1 ? 0 : accuracy(d);
    double threshold = INFINITY;
    for (uint32_t i = p->n; i-- > 0;) {
        uint32_t at = p->order[i];
        double here = p->predicted[at];
        double next = i > 0 ? p->predicted[p->order[i - 1]] : here;
        double times = rk_times(answers, at);
        if (isnan(here))
            break;
        d.hit += times * p->expected[at];
        d.miss -= times * p->expected[at];
        d.alarm += times * (1 - p->expected[at]);
        d.rejected -= times * (1 - p->expected[at]);
        if (i > 0 && next == here) // equal predictions are decided together
            continue;
        double value = goal == RK_THRESHOLD_F1 ? f1(d) : accuracy(d);
        if (value > best) {
            best = value;
            threshold = isfinite(next) && isfinite(here) ? here + (next - here) / 2 : here;
        }
    }
    return threshold;
}
