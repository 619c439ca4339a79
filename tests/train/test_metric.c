// SPDX-License-Identifier: GPL-3.0-or-later
//
// Metrics of single predictions and of lists, against figures worked out by hand, closed forms and
// properties.
#include "train/metric.h"

#include <math.h>

#include "base/rng.h"

#define N 4000u

static double
value_of(const char *name, const RkAnswers *answers)
{
    g_autoptr(GError) error = NULL;
    uint32_t k = 0;
    double value = 0;
    const RkMetric *metric = rk_metric_find(name, &k, &error);
    g_assert_no_error(error);
    g_assert_true(rk_metric_value(metric, k, answers, &value, &error));
    g_assert_no_error(error);
    return value;
}

// 1e-12: sums of a few doubles; the inputs are exact floats.
static void
expect(const char *name, const RkAnswers *answers, double want)
{
    double got = value_of(name, answers);
    if (!(fabs(got - want) <= 1e-12) && !(isnan(got) && isnan(want)))
        g_error("%s is %.15g, expected %.15g", name, got, want);
}

// ---- by hand -------------------------------------------------------------------------------

// Pairs (positive over negative): 2 over {1, 0, 0, -1}: 4 of 4; 0 over: 2 ties, 1 won: 2 of 4.
static void
labels_by_hand(void)
{
    const float logit[] = {2, 1, 0, 0, 0, -1};
    const float label[] = {1, 0, 1, 0, 0, 0};
    g_autoptr(RkPredictions) p = rk_predictions_new(6, logit, label, NULL, 0);
    RkAnswers answers = {.predictions = p, .threshold = 0.5};
    double p2 = 1 / (1 + exp(-2));
    double p1 = 1 / (1 + exp(-1));
    double loss = -(log(p2) + log(1 - p1) + 3 * log(0.5) + log(p1)) / 6;
    double base = -(log(1.0 / 3) / 3 + log(2.0 / 3) * 2 / 3);
    expect("auc", &answers, 6.0 / 8);
    expect("pr_auc", &answers, 0.5 * 1 + 0.5 * 2 / 5);
    expect("logloss", &answers, loss);
    expect("ne", &answers, loss / base);
    expect("calibration", &answers, (p2 + p1 + 1.5 + (1 - p1)) / 2);
    // Bins of 1/15: 0.88 and 0.73 and 0.27 alone, the three halves together.
    expect("ece", &answers, (1 - p2 + p1 + fabs(1.5 - 1) + (1 - p1)) / 6);
    expect("accuracy", &answers, 4.0 / 6);
    expect("precision", &answers, 0.5);
    expect("recall", &answers, 0.5);
    expect("f1", &answers, 0.5);
}

static void
grouped_auc(void)
{
    const float logit[] = {1, 2, 3, 4, 5, 6, 7, 8};
    const float label[] = {0, 1, 1, 0, 0, 1, 1, 1};
    const uint32_t user[] = {0, 0, 2, 2, 2, 2, 3, 3}; // user 3 has one class, user 1 nothing
    g_autoptr(RkPredictions) p = rk_predictions_new(8, logit, label, user, 4);
    const RkAnswers answers = {.predictions = p};
    uint32_t n_left_out = 0;
    // user 0: 1 of 1; user 2: positives 3 and 6 over 4 and 5: 2 of 4
    g_assert_cmpfloat_with_epsilon(rk_grouped_auc(&answers, &n_left_out), (2 * 1 + 4 * 0.5) / 6,
                                   1e-12);
    g_assert_cmpuint(n_left_out, ==, 1);
    expect("gauc", &answers, 4.0 / 6);
}

static void
ratings_by_hand(void)
{
    const float predicted[] = {3, 4, 1};
    const float expected[] = {3, 2, 2};
    const uint32_t times[] = {1, 2, 0};
    g_autoptr(RkPredictions) p = rk_predictions_new(3, predicted, expected, NULL, 0);
    RkAnswers answers = {.predictions = p};
    expect("rmse", &answers, sqrt(5.0 / 3));
    expect("mae", &answers, 1);
    answers.times = times;
    expect("rmse", &answers, sqrt(8.0 / 3));
    expect("mae", &answers, 4.0 / 3);
}

static void
lists_by_hand(void)
{
    const uint32_t items[] = {0, 1, 0, 2, 0, UINT32_MAX};
    const uint32_t counts[] = {8, 1, 1, 0}; // the head is item 0
    const RkLists lists = {3, 2, items, 4, counts, 8};
    const RkAnswers answers = {.lists = &lists};
    expect("coverage@1", &answers, 0.25);
    expect("coverage@2", &answers, 0.75);
    expect("gini@1", &answers, 0.75); // one of four has it all: (n - 1) / n
    expect("gini@2", &answers, (-3 * 0 - 1 + 1 + 3 * 3) / (4 * 5.0));
    expect("novelty@1", &answers, 0);
    expect("novelty@2", &answers, 2 * 3 / 5.0);
    expect("long_tail@2", &answers, 2 / 5.0);
}

// ---- the edges -----------------------------------------------------------------------------

static void
edges(void)
{
    const float logit[] = {INFINITY, -INFINITY, 1};
    const float label[] = {1, 0, 1};
    const float ones[] = {1, 1, 1};
    g_autoptr(RkPredictions) sure = rk_predictions_new(2, logit, label, NULL, 0);
    g_autoptr(RkPredictions) one_class = rk_predictions_new(3, logit, ones, NULL, 0);
    g_autoptr(RkPredictions) nothing = rk_predictions_new(0, logit, ones, NULL, 0);
    expect("logloss", &(RkAnswers){.predictions = sure}, 0);
    expect("auc", &(RkAnswers){.predictions = sure}, 1);
    expect("ece", &(RkAnswers){.predictions = sure}, 0);
    expect("auc", &(RkAnswers){.predictions = one_class}, NAN);
    expect("ne", &(RkAnswers){.predictions = one_class}, NAN);
    expect("pr_auc", &(RkAnswers){.predictions = one_class}, 1);
    for (size_t i = 0; i < rk_n_metrics; i++)
        if (!(rk_metrics[i].needs &
              (RK_METRIC_RANKS | RK_METRIC_LISTS | RK_METRIC_GROUPS | RK_METRIC_THRESHOLD)))
            expect(rk_metrics[i].name, &(RkAnswers){.predictions = nothing}, NAN);
    // NaN is below everything, and both zeros are the same score.
    const float odd[] = {NAN, -5, 0.0f, -0.0f};
    const float odd_label[] = {0, 1, 1, 0};
    g_autoptr(RkPredictions) p = rk_predictions_new(4, odd, odd_label, NULL, 0);
    expect("auc", &(RkAnswers){.predictions = p}, (1 + 0 + 1 + 0.5) / 4);
}

static void
names(void)
{
    static const struct {
        const char *text;
        const char *why;
    } REFUSED[] = {{"recal@10", "*Did you mean recall*"},    {"ndcg", "*Write ndcg@10*"},
                   {"auc@5", "*not taken at k. Write auc."}, {"recall@0", "*a number from 1*"},
                   {"recall@ten", "*a number from 1*"},      {"", "*Try auc*"}};
    for (size_t i = 0; i < rk_n_metrics; i++) {
        uint32_t k = 9;
        g_autofree char *text = rk_metric_text(&rk_metrics[i], 20);
        g_autoptr(GError) error = NULL;
        g_assert_true(rk_metric_find(text, &k, &error) == &rk_metrics[i]);
        g_assert_cmpuint(k, ==, rk_metrics[i].at_k ? 20 : 0);
        double value = 0; // and every row says what it lacks
        g_assert_false(rk_metric_value(&rk_metrics[i], k, &(RkAnswers){0}, &value, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(REFUSED); i++) {
        uint32_t k = 0;
        g_autoptr(GError) error = NULL;
        g_assert_null(rk_metric_find(REFUSED[i].text, &k, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
        if (!g_pattern_match_simple(REFUSED[i].why, error->message))
            g_error("%s", error->message);
    }
    uint32_t k;
    g_assert_true(rk_metric_is_better(rk_metric_find("rmse", &k, NULL), 1, 2));
    g_assert_true(rk_metric_is_better(rk_metric_find("auc", &k, NULL), 0.1, NAN));
    g_assert_true(rk_metric_is_better(rk_metric_find("calibration", &k, NULL), 1.1, 0.8));
    g_assert_false(rk_metric_is_better(rk_metric_find("novelty@5", &k, NULL), 2, 1));
}

// ---- properties ----------------------------------------------------------------------------

typedef struct {
    float logit[N], other[N], label[N];
    uint32_t user[N];
} Drawn;

// Logits of few values, so that there are ties; labels that follow them. `other` is noisier.
static Drawn *
draw(uint64_t seed)
{
    Drawn *d = g_new0(Drawn, 1);
    for (uint32_t i = 0; i < N; i++) {
        double x = rk_rng_normal(seed, 0, i);
        d->logit[i] = (float)(round(x * 8) / 8);
        d->other[i] = (float)(x + rk_rng_normal(seed, 1, i));
        d->label[i] = rk_rng_double(seed, 2, i) < 1 / (1 + exp(-x));
        d->user[i] = rk_rng_below(seed, 3, i, 100);
    }
    return d;
}

static double
auc_of(const float *logit, const float *label)
{
    g_autoptr(RkPredictions) p = rk_predictions_new(N, logit, label, NULL, 0);
    return value_of("auc", &(RkAnswers){.predictions = p});
}

static void
properties_of_auc(void)
{
    g_autofree Drawn *d = draw(11);
    g_autofree float *cubed = g_new(float, N);
    g_autofree float *minus = g_new(float, N);
    g_autofree float *flipped = g_new(float, N);
    double won = 0;
    double pairs = 0;
    for (uint32_t i = 0; i < N; i++) {
        cubed[i] = d->logit[i] * d->logit[i] * d->logit[i]; // exact: eighths below 2^7
        minus[i] = -d->logit[i];
        flipped[i] = 1 - d->label[i];
        for (uint32_t j = 0; j < N; j++)
            if (d->label[i] > d->label[j]) {
                pairs++;
                won += d->logit[i] > d->logit[j] ? 1 : d->logit[i] == d->logit[j] ? 0.5 : 0;
            }
    }
    double auc = auc_of(d->logit, d->label);
    g_assert_cmpfloat_with_epsilon(auc, won / pairs, 1e-12);
    g_assert_cmpfloat(auc_of(cubed, d->label), ==, auc);
    g_assert_cmpfloat_with_epsilon(auc_of(minus, d->label), 1 - auc, 1e-12);
    g_assert_cmpfloat_with_epsilon(auc_of(minus, flipped), auc, 1e-12);
}

// A sample that counts twice is the sample written twice.
static void
times_are_copies(void)
{
    g_autofree Drawn *d = draw(12);
    uint32_t n = N / 2;
    g_autofree uint32_t *times = g_new(uint32_t, N);
    uint32_t to = n;
    for (uint32_t i = 0; i < n; i++) { // the second half copies what counts twice
        times[i] = to < N ? rk_rng_below(12, 9, i, 3) : 1;
        if (times[i] == 2) {
            d->logit[to] = d->logit[i];
            d->label[to] = d->label[i];
            d->user[to++] = d->user[i];
        } else if (times[i] == 0) {
            times[i] = 1;
        }
    }
    g_autoptr(RkPredictions) once = rk_predictions_new(to, d->logit, d->label, d->user, 100);
    g_autoptr(RkPredictions) often = rk_predictions_new(n, d->logit, d->label, d->user, 100);
    for (size_t i = 0; i < rk_n_metrics; i++) {
        if (rk_metrics[i].needs & (RK_METRIC_RANKS | RK_METRIC_LISTS))
            continue;
        const RkAnswers a = {.predictions = once, .threshold = 0.3};
        const RkAnswers b = {.predictions = often, .threshold = 0.3, .times = times};
        g_assert_cmpfloat_with_epsilon(value_of(rk_metrics[i].name, &a),
                                       value_of(rk_metrics[i].name, &b), 1e-10);
    }
}

// No threshold that tells the predictions apart does better than the chosen one.
static void
thresholds(void)
{
    static const char *const GOALS[] = {
        [RK_THRESHOLD_F1] = "f1", [RK_THRESHOLD_ACCURACY] = "accuracy"};
    g_autofree Drawn *d = draw(13);
    g_autoptr(RkPredictions) p = rk_predictions_new(N, d->logit, d->label, NULL, 0);
    for (int goal = 0; goal < 2; goal++) {
        RkAnswers answers = {.predictions = p};
        answers.threshold = rk_choose_threshold(&answers, (RkThresholdGoal)goal);
        double best = value_of(GOALS[goal], &answers);
        for (double cut = -5; cut < 5; cut += 1.0 / 16) {
            answers.threshold = cut;
            g_assert_cmpfloat(value_of(GOALS[goal], &answers), <=, best + 1e-12);
        }
    }
    const float never[] = {0, 0, 0};
    g_autoptr(RkPredictions) none = rk_predictions_new(3, d->logit, never, NULL, 0);
    g_assert_true(isinf(rk_choose_threshold(&(RkAnswers){.predictions = none}, RK_THRESHOLD_F1)));
}

static void
slices(void)
{
    g_autofree Drawn *d = draw(14);
    g_autoptr(GError) error = NULL;
    g_autofree uint32_t *slice = g_new(uint32_t, N);
    for (uint32_t i = 0; i < N; i++)
        slice[i] = i < 1000 ? 0 : i < 3990 ? 1 : i < 3995 ? 2 : UINT32_MAX;
    g_autoptr(RkPredictions) p = rk_predictions_new(N, d->logit, d->label, NULL, 0);
    g_autoptr(RkPredictions) first = rk_predictions_new(1000, d->logit, d->label, NULL, 0);
    const RkAnswers answers = {.predictions = p};
    uint32_t k;
    const RkMetric *auc = rk_metric_find("auc", &k, &error);
    g_autoptr(RkSlices) s = rk_metric_slices(auc, k, &answers, slice, 4, 10, &error);
    g_assert_no_error(error);
    g_assert_cmpfloat_with_epsilon(s->value[0], value_of("auc", &(RkAnswers){.predictions = first}),
                                   1e-12);
    g_assert_true(isnan(s->value[2]) && isnan(s->value[3]));
    g_assert_cmpuint(s->n[2], ==, 5);
    g_assert_cmpfloat(s->gap, ==, fabs(s->value[0] - s->value[1]));
    g_assert_cmpuint(s->best, ==, s->value[1] > s->value[0]);
    g_assert_cmpuint(s->worst, ==, 1 - s->best);
}

// The interval of a mean is near the normal one: +- 1.96 standard errors.
static void
bootstrap(void)
{
    g_autofree Drawn *d = draw(15);
    g_autoptr(GError) error = NULL;
    g_autoptr(RkPredictions) a = rk_predictions_new(N, d->logit, d->label, NULL, 0);
    g_autoptr(RkPredictions) b = rk_predictions_new(N, d->other, d->label, NULL, 0);
    RkAnswers of_a = {.predictions = a};
    RkAnswers of_b = {.predictions = b};
    RkBootstrapOptions options = {.n_resamples = 1000, .level = 0.95, .seed = 3};
    RkInterval interval;
    RkInterval again;
    uint32_t k;
    const RkMetric *loss = rk_metric_find("mae", &k, &error);
    g_assert_true(rk_bootstrap(loss, k, &of_a, &of_b, &options, &interval, &error));
    double sum = 0;
    double squares = 0;
    for (uint32_t i = 0; i < N; i++) {
        double x = fabs(d->logit[i] - d->label[i]) - fabs(d->other[i] - d->label[i]);
        sum += x;
        squares += x * x;
    }
    double error_of_mean = sqrt((squares / N - sum / N * (sum / N)) / N);
    g_assert_cmpfloat_with_epsilon(interval.difference, sum / N, 1e-6); // floats subtracted
    // 15 %: percentiles of 1000 resamples scatter by some 5 %
    g_assert_cmpfloat_with_epsilon(interval.high - interval.low, 2 * 1.96 * error_of_mean,
                                   0.15 * 2 * 1.96 * error_of_mean);
    g_assert_cmpfloat(interval.low, <, interval.difference);
    g_assert_cmpfloat(interval.difference, <, interval.high);
    g_assert_true(rk_bootstrap(loss, k, &of_a, &of_b, &options, &again, &error));
    g_assert_cmpmem(&interval, sizeof interval, &again, sizeof again);

    // The noisier model is worse by a difference that is no accident; a model equals itself.
    options = (RkBootstrapOptions){200, 0.95, 4, d->user, 100};
    const RkMetric *auc = rk_metric_find("auc", &k, &error);
    g_assert_true(rk_bootstrap(auc, k, &of_a, &of_b, &options, &interval, &error));
    g_assert_cmpfloat(interval.low, >, 0);
    g_assert_cmpfloat(interval.p, ==, 0);
    g_assert_true(rk_bootstrap(auc, k, &of_a, &of_a, &options, &interval, &error));
    g_assert_true(interval.low == 0 && interval.high == 0 && interval.p == 1);
}

// Lists of k items for n users, drawn from the first `range` of the catalogue.
static void
draw_lists(uint32_t *items, uint32_t n, uint32_t range, uint64_t seed, uint32_t stream)
{
    for (uint32_t i = 0; i < n; i++)
        items[i] = rk_rng_below(seed, stream, i, range);
}

// Coverage of a draw lies far below that of all users, the more the wider a model's lists are; the
// interval has to hold the mean difference over other sets of as many users all the same.
static void
intervals_of_coverage_hold_it(void)
{
    enum { USERS = 200, K = 5, ITEMS = 1000, REPEATS = 60 };
    static const uint32_t counts[ITEMS];
    uint32_t a[USERS * K], b[USERS * K], k, held = 0;
    const RkMetric *coverage = rk_metric_find("coverage@5", &k, NULL);
    RkLists of_a = {USERS, K, a, ITEMS, counts, 1}, of_b = {USERS, K, b, ITEMS, counts, 1};
    const RkAnswers x = {.lists = &of_a}, y = {.lists = &of_b};
    const RkBootstrapOptions options = {.n_resamples = 200, .level = 0.95, .seed = 3};
    // Each of n items is missed by 1000 draws with (1 - 1 / n)^1000.
    double expected = 1 - pow(1 - 1.0 / 1000, 1000) - 0.3 * (1 - pow(1 - 1.0 / 300, 1000));
    for (uint32_t r = 0; r < REPEATS; r++) {
        RkInterval interval;
        draw_lists(a, USERS * K, 1000, 17 + r, 1);
        draw_lists(b, USERS * K, 300, 17 + r, 2);
        g_assert_true(rk_bootstrap(coverage, k, &x, &y, &options, &interval, NULL));
        g_assert_cmpfloat(interval.low, <=, interval.difference);
        g_assert_cmpfloat(interval.difference, <=, interval.high);
        held += interval.low <= expected && expected <= interval.high;
    }
    g_test_message("held in %u of %u", held, REPEATS);
    g_assert_cmpuint(held, >=, 51); // 95 % of 60, less three standard deviations
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/train/metric/labels by hand", labels_by_hand);
    g_test_add_func("/train/metric/grouped AUC counts who is left out", grouped_auc);
    g_test_add_func("/train/metric/ratings by hand", ratings_by_hand);
    g_test_add_func("/train/metric/lists by hand", lists_by_hand);
    g_test_add_func("/train/metric/infinite, missing and one-sided answers", edges);
    g_test_add_func("/train/metric/names and what is missing", names);
    g_test_add_func("/train/metric/AUC is symmetric, monotone and a share of pairs",
                    properties_of_auc);
    g_test_add_func("/train/metric/a sample that counts twice is two samples", times_are_copies);
    g_test_add_func("/train/metric/the chosen threshold is the best", thresholds);
    g_test_add_func("/train/metric/slices and their gap", slices);
    g_test_add_func("/train/metric/paired bootstrap", bootstrap);
    g_test_add_func("/train/metric/intervals of coverage hold it", intervals_of_coverage_hold_it);
    return g_test_run();
}
