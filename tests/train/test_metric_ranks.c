// SPDX-License-Identifier: GPL-3.0-or-later
//
// Ranking metrics under ties against their mean over every order of the candidates, drawn out one
// by one, and the luckiest and unluckiest of them.
#include "train/metric.h"

#include <math.h>

#include "base/rng.h"

#define N_MAX 6u // candidates: 720 orders

static const char *const NAMES[] = {"recall@3", "precision@3", "hr@3", "ndcg@3",
                                    "map@3",    "mrr@3",       "mrr",  "map@1"};

static double
value_of(const char *name, const RkRankings *rankings, RkTies ties)
{
    g_autoptr(GError) error = NULL;
    uint32_t k = 0;
    double value = 0;
    const RkMetric *metric = rk_metric_find(name, &k, &error);
    g_assert_no_error(error);
    const RkAnswers answers = {.rankings = rankings, .ties = ties};
    g_assert_true(rk_metric_value(metric, k, &answers, &value, &error));
    return value;
}

// ---- the plain definitions, of one list without ties ---------------------------------------

static double
plain(const char *name, const gboolean *wanted, uint32_t n, uint32_t n_wanted)
{
    uint32_t k = g_str_has_suffix(name, "@3") ? 3 : g_str_has_suffix(name, "@1") ? 1 : n;
    double hits = 0, dcg = 0, ideal = 0, map = 0, mrr = 0;
    for (uint32_t i = 0; i < MIN(k, n); i++) {
        if (!wanted[i])
            continue;
        hits++;
        dcg += 1 / log2(i + 2.0);
        map += hits / (i + 1);
        mrr = mrr > 0 ? mrr : 1 / (i + 1.0);
    }
    for (uint32_t i = 0; i < MIN(k, n_wanted); i++)
        ideal += 1 / log2(i + 2.0);
    switch (name[0] == 'm' ? name[1] : name[0]) {
    case 'r':
        return name[0] == 'm' ? mrr : hits / n_wanted;
    case 'p':
        return hits / 3;
    case 'h':
        return hits > 0;
    case 'n':
        return dcg / ideal;
    default:
        return map / MIN(k, n_wanted);
    }
}

typedef struct {
    uint32_t n, n_wanted, n_orders;
    const uint32_t *score;
    const gboolean *wanted;
    const char *name;
    double sum, best, worst;
} Orders;

// Every order that doesn't put a lower score before a greater.
static void
walk(Orders *orders, uint32_t depth, uint32_t used, gboolean *list)
{
    if (depth == orders->n) {
        double value = plain(orders->name, list, orders->n, orders->n_wanted);
        orders->sum += value;
        orders->best = MAX(orders->best, value);
        orders->worst = MIN(orders->worst, value);
        orders->n_orders++;
        return;
    }
    uint32_t top = 0;
    for (uint32_t i = 0; i < orders->n; i++)
        if (!(used >> i & 1))
            top = MAX(top, orders->score[i]);
    for (uint32_t i = 0; i < orders->n; i++)
        if (!(used >> i & 1) && orders->score[i] == top) {
            list[depth] = orders->wanted[i];
            walk(orders, depth + 1, used | 1u << i, list);
        }
}

static uint32_t
count_ranks(const uint32_t *score, const gboolean *wanted, uint32_t n, RkRankCounts *ranks)
{
    uint32_t n_wanted = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!wanted[i])
            continue;
        RkRankCounts counts = {0, 0};
        for (uint32_t j = 0; j < n; j++) {
            counts.greater += score[j] > score[i];
            counts.equal += j != i && score[j] == score[i];
        }
        ranks[n_wanted++] = counts;
    }
    return n_wanted;
}

static void
every_order(void)
{
    for (uint32_t t = 0; t < 150; t++) {
        uint32_t n = 1 + rk_rng_below(21, 0, t, N_MAX);
        uint32_t levels = 1 + rk_rng_below(21, 1, t, 4);
        uint32_t score[N_MAX];
        gboolean wanted[N_MAX];
        gboolean list[N_MAX];
        RkRankCounts ranks[N_MAX];
        for (uint32_t i = 0; i < n; i++) {
            score[i] = 1 + rk_rng_below(22, t, i, levels);
            wanted[i] = i == 0 || rk_rng_below(23, t, i, 3) == 0;
        }
        uint32_t n_wanted = count_ranks(score, wanted, n, ranks);
        const RkRankings rankings = {1, &n_wanted, ranks};
        for (size_t m = 0; m < G_N_ELEMENTS(NAMES); m++) {
            Orders orders = {.n = n,
                             .n_wanted = n_wanted,
                             .score = score,
                             .wanted = wanted,
                             .name = NAMES[m],
                             .best = -1,
                             .worst = 2};
            walk(&orders, 0, 0, list);
            const double want[] = {[RK_TIES_EXPECTED] = orders.sum / orders.n_orders,
                                   [RK_TIES_OPTIMISTIC] = orders.best,
                                   [RK_TIES_PESSIMISTIC] = orders.worst};
            for (int ties = 0; ties < 3; ties++) {
                double got = value_of(NAMES[m], &rankings, (RkTies)ties);
                // 1e-12: sums of at most 720 doubles
                if (fabs(got - want[ties]) > 1e-12)
                    g_error("case %u, %s, ties %d: %.15g, expected %.15g", t, NAMES[m], ties, got,
                            want[ties]);
            }
        }
    }
}

// Ranks 1 and 4 of one user, 11 of another, nothing wanted by a third.
static void
by_hand(void)
{
    const uint32_t ends[] = {2, 3, 3};
    const RkRankCounts ranks[] = {{3, 0}, {0, 0}, {10, 0}};
    const RkRankings rankings = {3, ends, ranks};
    g_assert_cmpfloat(value_of("recall@3", &rankings, RK_TIES_EXPECTED), ==, 0.25);
    g_assert_cmpfloat(value_of("hr@10", &rankings, RK_TIES_EXPECTED), ==, 0.5);
    g_assert_cmpfloat(value_of("precision@10", &rankings, RK_TIES_EXPECTED), ==, 0.1);
    g_assert_cmpfloat_with_epsilon(value_of("ndcg@10", &rankings, RK_TIES_EXPECTED),
                                   (1 + 1 / log2(5)) / (1 + 1 / log2(3)) / 2, 1e-12);
    g_assert_cmpfloat_with_epsilon(value_of("mrr", &rankings, RK_TIES_EXPECTED), (1 + 1.0 / 11) / 2,
                                   1e-12);
    g_assert_cmpfloat_with_epsilon(value_of("map@10", &rankings, RK_TIES_EXPECTED), 0.75 / 2,
                                   1e-12);
}

// A model that scores all alike is as good as chance, however many candidates there are.
static void
all_alike(void)
{
    const uint32_t n = 1000000;
    const uint32_t end = 1;
    const RkRankCounts rank = {0, n - 1};
    const RkRankings rankings = {1, &end, &rank};
    double harmonic = 0;
    for (uint32_t i = 1; i <= n; i++)
        harmonic += 1.0 / i;
    // 1e-9 relative: a million factors of 1 - 1/i
    g_assert_cmpfloat_with_epsilon(value_of("hr@10", &rankings, RK_TIES_EXPECTED) * n, 10, 1e-8);
    g_assert_cmpfloat_with_epsilon(value_of("recall@10", &rankings, RK_TIES_EXPECTED) * n, 10,
                                   1e-8);
    g_assert_cmpfloat_with_epsilon(value_of("mrr", &rankings, RK_TIES_EXPECTED) * n, harmonic,
                                   1e-7);
    g_assert_cmpfloat(value_of("hr@10", &rankings, RK_TIES_OPTIMISTIC), ==, 1);
    g_assert_cmpfloat(value_of("hr@10", &rankings, RK_TIES_PESSIMISTIC), ==, 0);
}

static void
nobody(void)
{
    const uint32_t ends[] = {0, 0};
    const RkRankings rankings = {2, ends, NULL};
    for (size_t m = 0; m < G_N_ELEMENTS(NAMES); m++)
        g_assert_true(isnan(value_of(NAMES[m], &rankings, RK_TIES_EXPECTED)));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/train/metric ranks/ties are the mean, best and worst of every order",
                    every_order);
    g_test_add_func("/train/metric ranks/by hand", by_hand);
    g_test_add_func("/train/metric ranks/equal scores are as good as chance", all_alike);
    g_test_add_func("/train/metric ranks/without wanted items nothing is defined", nobody);
    return g_test_run();
}
