// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/rng.h"
#include "bench/draw.h"
#include "bench/fixed.h"
#include "bench/schedule.h"
#include "bench/settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double
real(int64_t fixed)
{
    return (double)fixed / (double)RK_FIXED_ONE;
}

static void
fixed_point(void)
{
    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t r = rk_rng_u64(1, 1, i) >> (i % 64);
        if (r > 0) // 40 bits, and long double's own rounding
            g_assert_true(fabsl((long double)rk_fixed_log2(r) / RK_FIXED_ONE - log2l(r)) <
                          0x1p-39L);
        int64_t e = (int64_t)(r & (((uint64_t)1 << 45) - 1));
        g_assert_cmpfloat(fabs((double)rk_fixed_exp2_neg(e) * 0x1p-63 - exp2(-real(e))), <,
                          0x1p-50); // a double's rounding
        double turn = (double)r * 0x1p-64;
        g_assert_cmpfloat(fabs(real(rk_fixed_cos_turn(r)) - cos(2 * G_PI * turn)), <, 0x1p-38);
        g_assert_true(fabsl((long double)rk_fixed_exponential(r) / RK_FIXED_ONE +
                            logl(((long double)r + 0.5L) * 0x1p-64L)) < 0x1p-34L); // ln 2 has 40
        g_assert_cmpuint(rk_fixed_sqrt((unsigned __int128)r * r), ==, r);
        if (r > 1)
            g_assert_cmpuint(rk_fixed_sqrt((unsigned __int128)r * r - 1), ==, r - 1);
    }
    g_assert_cmpint(rk_fixed_exponential(UINT64_MAX), >=, 0);
    g_assert_cmpint(rk_fixed_cos_turn(0), ==, RK_FIXED_ONE);
    g_assert_cmpint(rk_fixed_cos_turn((uint64_t)1 << 63), ==, -RK_FIXED_ONE);
    g_assert_cmpint(rk_fixed_cos_turn((uint64_t)1 << 62), ==, 0);
}

static void
normal_moments(void)
{
    const int N = 100000;
    double sum[5] = {0};
    for (uint64_t i = 0; i < (uint64_t)N; i++) {
        double z = real(rk_fixed_normal(rk_rng_u64(3, 1, i), rk_rng_u64(3, 2, i)));
        for (int p = 1; p <= 4; p++)
            sum[p] += pow(z, p);
    }
    // Five standard errors of each moment.
    g_assert_cmpfloat(fabs(sum[1] / N), <, 5 * sqrt(1.0 / N));
    g_assert_cmpfloat(fabs(sum[2] / N - 1), <, 5 * sqrt(2.0 / N));
    g_assert_cmpfloat(fabs(sum[3] / N), <, 5 * sqrt(15.0 / N));
    g_assert_cmpfloat(fabs(sum[4] / N - 3), <, 5 * sqrt(96.0 / N));
}

static void
draws_follow_their_weights(void)
{
    enum { N = 1000, DRAWS = 400000 };
    g_autoptr(RkDraw) zipf = rk_draw_new_zipf(N, 990000, NULL);
    g_autofree uint32_t *seen = g_new0(uint32_t, N);
    for (uint64_t i = 0; i < DRAWS; i++)
        seen[rk_draw_code(zipf, rk_rng_u64(5, 1, i))]++;
    double harmonic = 0, chi = 0;
    for (int i = 1; i <= N; i++)
        harmonic += pow(i, -0.99);
    for (int i = 1; i <= N; i++) {
        double expected = DRAWS * pow(i, -0.99) / harmonic;
        chi += (seen[i - 1] - expected) * (seen[i - 1] - expected) / expected;
    }
    // Chi-square of 999 degrees: mean 999, deviation 44.7; five of them.
    g_assert_cmpfloat(fabs(chi - (N - 1)), <, 5 * sqrt(2.0 * (N - 1)));

    static const uint64_t weight[] = {0, 5, 0, 1, 2, 0};
    g_autoptr(RkDraw) draw = rk_draw_new(weight, G_N_ELEMENTS(weight));
    uint32_t exact[6] = {0}; // 8 even steps of the random number choose by weight exactly
    for (uint64_t i = 0; i < 8; i++)
        exact[rk_draw_code(draw, i << 61)]++;
    for (size_t i = 0; i < G_N_ELEMENTS(weight); i++)
        g_assert_cmpuint(exact[i], ==, weight[i]);
    g_assert_cmpuint(rk_draw_code(draw, UINT64_MAX), ==, 4);
}

static void
one_code(void)
{
    g_autoptr(RkDraw) one = rk_draw_new_zipf(1, 4000000, NULL);
    g_assert_cmpuint(rk_draw_code(one, UINT64_MAX), ==, 0);
    g_autoptr(RkDraw) even = rk_draw_new_zipf(3, 0, NULL);
    uint32_t seen[3] = {0};
    for (uint64_t i = 0; i < 3; i++)
        seen[rk_draw_code(even, (2 * i + 1) * (UINT64_MAX / 6))]++;
    for (int i = 0; i < 3; i++)
        g_assert_cmpuint(seen[i], ==, 1);
}

// ---- schedules -----------------------------------------------------------------------------

static RkParams *
settings(const char *const *assignments)
{
    RkParams *load = rk_params_new(rk_load_params, rk_n_load_params);
    for (; *assignments != NULL; assignments++) {
        g_autoptr(GError) error = NULL;
        rk_params_assign(load, *assignments, &error);
        g_assert_no_error(error);
    }
    return load;
}

static RkLoadSchedule *
plan(const char *const *assignments, const RkTraffic *traffic, double seconds)
{
    g_autoptr(RkParams) load = settings(assignments);
    g_autoptr(GError) error = NULL;
    RkLoadSchedule *s = rk_load_schedule_new(load, traffic, 42, RK_PHASE_MEASURE, seconds, &error);
    g_assert_no_error(error);
    return s;
}

// What any machine must compute from these settings: a change here changes every stored hash.
static void
golden_hashes(void)
{
    static const struct {
        const char *assignments[6];
        const char *hash;
    } rows[] = {
        {{"qps=500", "candidates.n=7", NULL},
         "329cabc3021659cf60cc9ff0d576c6e1600ea909cd18ed2ac437d30c7b6639c2"},
        {{"qps=500", "arrivals=constant", "candidates=normal", "items=zipf", "users=zipf", NULL},
         "862d38072d7f5b168122265fb607be279fc9867136234790f4867d8de9003605"},
        {{"qps=500", "arrivals=bursty", "candidates=lognormal", "items=uniform", NULL},
         "890cb5ec2d8fbe47b1653f6ec36bb270583090d1e8dbb4b3edf986379b535566"},
        {{"qps=500", "arrivals=ramp", "candidates=data", NULL},
         "3f685bc5f52a935cf4517bfa624cfa27b8c7a35c8e48ab9b3b7eb7a726b2d6b1"},
        {{"scenario=replay", "qps=500", "candidates.n=3", NULL},
         "b738033aba6d4548679a5aa00896a05db6a88c59654df56df427bd235db2b0ea"},
        {{"scenario=single", "queries=100", "users=uniform", NULL},
         "64ffe38108d2da482201b5ca545e8ecf0fff25f35e1300a43fbde2ed87c317e5"},
    };
    g_autoptr(RkTraffic) traffic = rk_traffic_new_uniform(300, 2000, 5000, 7);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(RkLoadSchedule) s = plan(rows[i].assignments, traffic, 1);
        g_test_message("hash %zu %s", i, s->hash);
        g_assert_cmpstr(s->hash, ==, rows[i].hash);
    }
}

static void
candidates_are_distinct(void)
{
    static const char *const all[] = {"qps=300", "candidates=lognormal", "items=zipf", "zipf=2",
                                      NULL};
    g_autoptr(RkTraffic) traffic = rk_traffic_new_uniform(50, 300, 1000, 7);
    g_autoptr(RkLoadSchedule) s = plan(all, traffic, 1);
    g_assert_cmpuint(s->n, >, 200);
    uint32_t longest = 0;
    for (uint64_t i = 0; i < s->n; i++) {
        const RkArrival *a = &s->arrival[i];
        uint8_t seen[300] = {0};
        for (uint32_t c = 0; c < a->n_candidates; c++) {
            g_assert_cmpuint(s->candidate[a->first + c], <, 300);
            g_assert_false(seen[s->candidate[a->first + c]]);
            seen[s->candidate[a->first + c]] = 1;
        }
        longest = MAX(longest, a->n_candidates);
        g_assert_cmpuint(a->user, <, 50);
    }
    g_assert_cmpuint(longest, ==, 300); // the tail reaches the whole catalogue
}

static void
sizes_have_their_laws(void)
{
    static const char *const lognormal[] = {"qps=20000", "candidates=lognormal", "candidates.n=20",
                                            "candidates.spread=1", NULL};
    static const char *const normal[] = {"qps=20000", "candidates=normal", "candidates.n=50",
                                         "candidates.spread=0.1", NULL};
    g_autoptr(RkTraffic) traffic = rk_traffic_new_uniform(50, 5000, 1000, 7);
    g_autoptr(RkLoadSchedule) a = plan(lognormal, traffic, 1), b = plan(normal, traffic, 1);
    double below = 0, twice = 0, sum = 0, squares = 0;
    for (uint64_t i = 0; i < a->n; i++) {
        below += a->arrival[i].n_candidates <= 20;
        twice += a->arrival[i].n_candidates > 148; // 20 e^2: two deviations
    }
    for (uint64_t i = 0; i < b->n; i++) {
        sum += b->arrival[i].n_candidates;
        squares += pow(b->arrival[i].n_candidates - 50.0, 2);
    }
    double n = (double)a->n, m = (double)b->n;
    // Five standard errors; half a candidate of rounding moves the median's share by 1 %.
    g_assert_cmpfloat(fabs(below / n - 0.51), <, 5 * sqrt(0.25 / n));
    g_assert_cmpfloat(fabs(twice / n - 0.0226), <, 5 * sqrt(0.0226 / n));
    g_assert_cmpfloat(fabs(sum / m - 50), <, 5 * 5 / sqrt(m));
    g_assert_cmpfloat(fabs(squares / m - (25 + 1.0 / 12)), <, 5 * 25 * sqrt(2 / m));
}

static void
arrivals_have_their_rates(void)
{
    static const struct {
        const char *arrivals;
        double rate;       // mean over the 20 s
        double dispersion; // variance over mean of counts in 0.1 s, at least
        double most;
    } rows[] = {{"arrivals=constant", 2000, 0, 0.01},
                {"arrivals=poisson", 2000, 0.6, 1.5},
                {"arrivals=bursty", 2000, 10, 1000},
                {"arrivals=ramp", 1100, 10, 1000}};
    g_autoptr(RkTraffic) traffic = rk_traffic_new_uniform(10, 100, 100, 7);
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        const char *const all[] = {"qps=2000", "candidates.n=1", rows[r].arrivals, NULL};
        g_autoptr(RkLoadSchedule) s = plan(all, traffic, 20);
        double count[200] = {0}, mean = (double)s->n / 200, variance = 0;
        for (uint64_t i = 0; i < s->n; i++) {
            g_assert_cmpuint(s->arrival[i].at_ns, <, 20000000000u);
            g_assert_true(i == 0 || s->arrival[i].at_ns >= s->arrival[i - 1].at_ns);
            count[s->arrival[i].at_ns / 100000000]++;
        }
        for (int i = 0; i < 200; i++)
            variance += (count[i] - mean) * (count[i] - mean) / 199;
        // Five standard errors, as wide as the counts of 0.1 s disperse.
        double error = sqrt(rows[r].rate * 20 * MAX(variance / mean, 1)) / 20;
        g_assert_cmpfloat(fabs(s->offered_qps - rows[r].rate), <, 5 * error + 1);
        g_assert_cmpfloat(variance / mean, >=, rows[r].dispersion);
        g_assert_cmpfloat(variance / mean, <=, rows[r].most);
    }
}

static int
by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Gaps of a Poisson process against the exponential law (Kolmogorov and Smirnov).
static void
gaps_are_exponential(void)
{
    static const char *const all[] = {"qps=50000", "candidates.n=1", NULL};
    g_autoptr(RkTraffic) traffic = rk_traffic_new_uniform(10, 100, 100, 7);
    g_autoptr(RkLoadSchedule) s = plan(all, traffic, 1);
    uint64_t n = s->n - 1;
    g_autofree double *gap = g_new(double, n);
    for (uint64_t i = 0; i < n; i++)
        gap[i] = (double)(s->arrival[i + 1].at_ns - s->arrival[i].at_ns) / 20000;
    qsort(gap, n, sizeof *gap, by_value);
    double worst = 0;
    for (uint64_t i = 0; i < n; i++)
        worst = MAX(worst, fabs(1 - exp(-gap[i]) - ((double)i + 0.5) / (double)n));
    g_assert_cmpfloat(worst * sqrt((double)n), <, 2.2); // exceeded once in 8,000
}

static void
replay_keeps_the_times(void)
{
    g_autoptr(RkTraffic) traffic = rk_traffic_new_uniform(10, 100, 400, 7);
    static const char *const fast[] = {"scenario=replay", "qps=200", "replay.speed=100",
                                       "candidates.n=5", NULL};
    g_autoptr(RkLoadSchedule) s = plan(fast, traffic, 1);
    g_assert_cmpuint(s->n, ==, 200);
    for (uint64_t i = 0; i < s->n; i++) {
        g_assert_cmpuint(s->arrival[i].at_ns, ==, i * 10000000); // a second at 100 times
        g_assert_cmpuint(s->arrival[i].user, ==, traffic->event[i].user);
        g_assert_cmpuint(s->candidate[s->arrival[i].first], ==, traffic->event[i].item);
    }
    static const char *const rate[] = {"scenario=replay", "qps=100", "candidates.n=5", NULL};
    g_autoptr(RkLoadSchedule) even = plan(rate, traffic, 2);
    g_assert_cmpfloat(fabs(even->offered_qps - 100), <, 1e-3);
    for (int i = 0; i < 4; i++)
        traffic->event[i].time_s = 0; // four in one second
    g_autoptr(RkLoadSchedule) burst = plan(fast, traffic, 1);
    for (uint64_t i = 0; i < 4; i++)
        g_assert_cmpuint(burst->arrival[i].at_ns, ==, i * 2500000);
}

static void
too_large_is_refused(void)
{
    static const char *const all[] = {"qps=1e8", "duration_s=1000", NULL};
    g_autoptr(RkTraffic) traffic = rk_traffic_new_uniform(10, 100, 4, 7);
    g_autoptr(RkParams) load = settings(all);
    g_autoptr(GError) error = NULL;
    g_assert_null(rk_load_schedule_new(load, traffic, 1, RK_PHASE_MEASURE, 1000, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_MEMORY);
    g_assert_nonnull(strstr(error->message, "qps"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/load/fixed/logarithms, powers and cosines", fixed_point);
    g_test_add_func("/load/fixed/normal numbers have their moments", normal_moments);
    g_test_add_func("/load/draw/codes come by their weights", draws_follow_their_weights);
    g_test_add_func("/load/draw/one code, and an exponent of 0", one_code);
    g_test_add_func("/load/schedule/candidates are distinct", candidates_are_distinct);
    g_test_add_func("/load/schedule/sizes have their laws", sizes_have_their_laws);
    g_test_add_func("/load/schedule/arrivals have their rates", arrivals_have_their_rates);
    g_test_add_func("/load/schedule/gaps are exponential", gaps_are_exponential);
    g_test_add_func("/load/schedule/replay keeps the times", replay_keeps_the_times);
    g_test_add_func("/load/schedule/a load too large is refused", too_large_is_refused);
    g_test_add_func("/load/schedule/golden hashes", golden_hashes);
    return g_test_run();
}
