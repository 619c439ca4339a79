// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/early.h"

#include <glib.h>
#include <math.h>

// P(at most t breaches among n) when each query breaches with probability 1 - p: the largest of the
// terms by logarithms, the others by their ratios.
static double
at_most(uint64_t t, uint64_t n, double p)
{
    double q = 1 - p, mean = (double)n * q;
    if (t >= n)
        return 1;
    if ((double)t > mean)
        return 1; // no claim can be made; the exact value doesn't matter
    double k = (double)t, m = (double)n;
    double term =
        exp(lgamma(m + 1) - lgamma(k + 1) - lgamma(m - k + 1) + k * log(q) + (m - k) * log(p));
    double sum = 0;
    for (; k >= 0 && term > 1e-18; k--) {
        sum += term;
        term *= k / (m - k + 1) * (p / q);
    }
    return sum;
}

static gboolean
supports(double p, uint64_t n, uint64_t t)
{
    return at_most(t, n, p) <= 1 - RK_EARLY_CONFIDENCE;
}

uint64_t
rk_early_needed(double p, uint64_t t)
{
    g_assert(p > 0 && p < 1);
    uint64_t low = t, high = t + 1; // low never does
    while (!supports(p, high, t)) {
        low = high;
        high *= 2;
    }
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (supports(p, middle, t))
            high = middle;
        else
            low = middle;
    }
    return high;
}

int64_t
rk_early_allowed(double p, uint64_t n)
{
    g_assert(p > 0 && p < 1);
    if (n == 0 || !supports(p, n, 0))
        return -1;
    uint64_t low = 0, high = n; // low always does
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (supports(p, n, middle))
            low = middle;
        else
            high = middle;
    }
    return (int64_t)low;
}
