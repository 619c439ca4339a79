// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/drift.h"

#include <math.h>

#define N_BINS  10u
#define N_CODES 20u
// An empty bin would make the index infinite; this is the usual floor.
#define SHARE_FLOOR 1e-4

static double
psi_term(double p, double q)
{
    p = fmax(p, SHARE_FLOOR);
    q = fmax(q, SHARE_FLOOR);
    return (q - p) * log(q / p);
}

static double
psi_missing(const RkDriftSide *a, const RkDriftSide *b)
{
    if (a->n_missing == 0 && b->n_missing == 0)
        return 0;
    return psi_term((double)a->n_missing / (double)a->n_cells,
                    (double)b->n_missing / (double)b->n_cells);
}

// Share of a side's cells with a value in (low, high], by its sample.
static double
share_between(const RkDriftSide *side, double low, double high)
{
    const double *value = rk_reservoir_sorted(side->sample);
    uint32_t bound[2] = {0, 0};
    const double edge[2] = {low, high};
    for (int e = 0; e < 2; e++) { // how many are at or below the edge
        uint32_t first = 0, last = side->sample->n;
        while (first < last) {
            uint32_t middle = first + (last - first) / 2;
            if (value[middle] <= edge[e])
                first = middle + 1;
            else
                last = middle;
        }
        bound[e] = first;
    }
    double present = 1 - (double)side->n_missing / (double)side->n_cells;
    return side->sample->n > 0 ? present * (bound[1] - bound[0]) / side->sample->n : 0;
}

double
rk_drift_psi_numbers(const RkDriftSide *train, const RkDriftSide *part)
{
    double sum = psi_missing(train, part), low = -HUGE_VAL;
    for (uint32_t b = 1; b <= N_BINS; b++) {
        double high =
            b < N_BINS ? rk_reservoir_quantile(train->sample, (double)b / N_BINS) : HUGE_VAL;
        if (!(high > low)) // ties join bins
            continue;
        sum += psi_term(share_between(train, low, high), share_between(part, low, high));
        low = high;
    }
    return sum;
}

double
rk_drift_psi_codes(const RkDriftSide *train, const RkDriftSide *part, uint32_t n_codes)
{
    // The most frequent codes of the training part, by insertion into a short list.
    uint32_t top[N_CODES], n_top = 0;
    uint64_t n[2] = {train->n_missing, part->n_missing};
    for (uint32_t code = 0; code < n_codes; code++) {
        n[0] += train->count[code];
        n[1] += part->count[code];
        if (n_top == N_CODES && train->count[code] <= train->count[top[n_top - 1]])
            continue;
        if (train->count[code] == 0)
            continue;
        uint32_t at = n_top < N_CODES ? n_top++ : n_top - 1;
        for (; at > 0 && train->count[top[at - 1]] < train->count[code]; at--)
            top[at] = top[at - 1];
        top[at] = code;
    }
    if (n[0] == 0 || n[1] == 0)
        return NAN;
    double rest[2] = {1 - (double)train->n_missing / (double)n[0],
                      1 - (double)part->n_missing / (double)n[1]};
    double sum = 0;
    for (uint32_t i = 0; i < n_top; i++) {
        double p = train->count[top[i]] / (double)n[0], q = part->count[top[i]] / (double)n[1];
        sum += psi_term(p, q);
        rest[0] -= p;
        rest[1] -= q;
    }
    if (train->n_missing > 0 || part->n_missing > 0)
        sum += psi_term((double)train->n_missing / (double)n[0],
                        (double)part->n_missing / (double)n[1]);
    return n_codes > n_top ? sum + psi_term(rest[0], rest[1]) : sum;
}

double
rk_drift_ks(const RkDriftSide *train, const RkDriftSide *part)
{
    const double *a = rk_reservoir_sorted(train->sample), *b = rk_reservoir_sorted(part->sample);
    uint32_t n_a = train->sample->n, n_b = part->sample->n, i = 0, j = 0;
    if (n_a == 0 || n_b == 0)
        return NAN;
    double most = 0;
    while (i < n_a && j < n_b) {
        double value = fmin(a[i], b[j]);
        while (i < n_a && a[i] == value)
            i++;
        while (j < n_b && b[j] == value)
            j++;
        most = fmax(most, fabs((double)i / n_a - (double)j / n_b));
    }
    return most;
}
