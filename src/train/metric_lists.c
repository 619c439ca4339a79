// SPDX-License-Identifier: GPL-3.0-or-later
//
// Beyond accuracy: what the lists show of the catalogue.
#include "train/metric-private.h"

#include <math.h>

// The head of the catalogue is the fewest items that hold this share of the interactions, the
// long tail the rest (Abdollahpouri et al., "Controlling Popularity Bias in Learning-to-Rank
// Recommendation", RecSys 2017).
#define HEAD_SHARE 0.8

// How often each item is shown among the first k, [n_items]; *total their sum. Free it.
static double *
count_shown(const RkAnswers *answers, uint32_t k, double *total)
{
    const RkLists *lists = answers->lists;
    double *shown = g_new0(double, MAX(lists->n_items, 1));
    *total = 0;
    for (uint32_t q = 0; q < lists->n; q++)
        for (uint32_t i = 0; i < k; i++) {
            uint32_t item = lists->items[(size_t)q * lists->k + i];
            if (item >= lists->n_items)
                continue;
            shown[item] += rk_times(answers, q);
            *total += rk_times(answers, q);
        }
    return shown;
}

double
rk_metric_coverage_at(const RkAnswers *answers, uint32_t k)
{
    double total;
    g_autofree double *shown = count_shown(answers, k, &total);
    uint32_t n = 0;
    for (uint32_t i = 0; i < answers->lists->n_items; i++)
        n += shown[i] > 0;
    return total > 0 ? (double)n / answers->lists->n_items : NAN;
}

static int
compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

// 0 when every item is shown as often, near 1 when one has it all:
// sum (2 i - n - 1) x_i / (n sum x) over ascending x.
double
rk_metric_gini_at(const RkAnswers *answers, uint32_t k)
{
    double total;
    g_autofree double *shown = count_shown(answers, k, &total);
    double n = answers->lists->n_items;
    double sum = 0;
    qsort(shown, answers->lists->n_items, sizeof *shown, compare_doubles);
    for (uint32_t i = 0; i < answers->lists->n_items; i++)
        sum += (2.0 * (i + 1) - n - 1) * shown[i];
    return sum / (n * total);
}

// -log2 of the share of users who know an item, over what is shown (Zhou et al., "Solving the
// apparent diversity-accuracy dilemma of recommender systems", PNAS 2010). An item that nobody
// knows counts as known to one.
double
rk_metric_novelty_at(const RkAnswers *answers, uint32_t k)
{
    const RkLists *lists = answers->lists;
    double total;
    g_autofree double *shown = count_shown(answers, k, &total);
    double sum = 0;
    for (uint32_t i = 0; i < lists->n_items; i++)
        sum -= shown[i] * log2((double)MAX(lists->counts[i], 1) / lists->n_users);
    return sum / total;
}

static int
compare_popular(const void *a, const void *b, void *counts)
{
    uint32_t x = ((const uint32_t *)counts)[*(const uint32_t *)a];
    uint32_t y = ((const uint32_t *)counts)[*(const uint32_t *)b];
    if (x != y)
        return x < y ? 1 : -1;
    return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : 1;
}

double
rk_metric_long_tail_at(const RkAnswers *answers, uint32_t k)
{
    const RkLists *lists = answers->lists;
    double total;
    g_autofree double *shown = count_shown(answers, k, &total);
    g_autofree uint32_t *order = g_new(uint32_t, MAX(lists->n_items, 1));
    double all = 0;
    for (uint32_t i = 0; i < lists->n_items; i++) {
        order[i] = i;
        all += lists->counts[i];
    }
    g_qsort_with_data(order, (gint)lists->n_items, sizeof *order, compare_popular,
                      (void *)lists->counts);
    double head = 0;
    double tail_shown = 0;
    for (uint32_t i = 0; i < lists->n_items; i++) {
        if (head >= HEAD_SHARE * all)
            tail_shown += shown[order[i]];
        head += lists->counts[order[i]];
    }
    return tail_shown / total;
}
