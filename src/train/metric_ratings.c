// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/metric-private.h"

#include <math.h>

static double
mean_error(const RkAnswers *answers, double power)
{
    const RkPredictions *p = answers->predictions;
    double sum = 0;
    double n = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        double times = rk_times(answers, i);
        double error = fabs((double)p->predicted[i] - p->expected[i]);
        if (times > 0)
            sum += times * (power == 2 ? error * error : error);
        n += times;
    }
    return sum / n;
}

double
rk_metric_rmse(const RkAnswers *answers, uint32_t k G_GNUC_UNUSED)
{
    return sqrt(mean_error(answers, 2));
}

double
rk_metric_mae(const RkAnswers *answers, uint32_t k G_GNUC_UNUSED)
{
    return mean_error(answers, 1);
}
