// SPDX-License-Identifier: GPL-3.0-or-later
#include "loader_rig.h"

#include "dataset/negatives.h"

#include <math.h>
#include <string.h>

#define N_ITEMS 50u
#define N_USERS 4u
#define N_DRAWS 200000u
// The 99.9 % quantile of chi-square with 49 degrees of freedom is 85.4; fewer degrees lie below.
#define CHI_SQUARE_LIMIT 85.4

// User u has had items that are multiples of 2 (0), all but item 7 (1), all (2), none (3).
static gboolean
seen_pair(const void *data, uint64_t row, uint32_t *user, uint32_t *item)
{
    *user = (uint32_t)(row / N_ITEMS);
    *item = (uint32_t)(row % N_ITEMS);
    return *user == 2 || (*user == 0 && *item % 2 == 0) || (*user == 1 && *item != 7);
}

static RkSeenItems *
make_seen(void)
{
    g_autoptr(GError) error = NULL;
    RkSeenItems *seen =
        rk_seen_items_new(N_USERS, N_ITEMS, N_USERS * N_ITEMS, seen_pair, NULL, &error);
    g_assert_no_error(error);
    return seen;
}

static void
make_counts(uint64_t count[N_ITEMS])
{
    for (uint32_t i = 0; i < N_ITEMS; i++)
        count[i] = i == 9 ? 0 : 1000 / (i + 1);
}

static RkNegatives *
make(const char *settings, const RkSeenItems *seen, const RkNegativeLists *lists)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkParams) set = rig_set(rk_negatives_params, rk_n_negatives_params, settings);
    uint64_t count[N_ITEMS];
    make_counts(count);
    RkNegativesOptions options = {set, 5, N_ITEMS, count, seen, lists};
    RkNegatives *negatives = rk_negatives_new(&options, &error);
    g_assert_no_error(error);
    return negatives;
}

static void
tally(const RkNegatives *negatives, uint32_t user, uint32_t item, uint32_t n_drawn[N_ITEMS])
{
    for (uint32_t i = 0; i < N_ITEMS; i++)
        n_drawn[i] = 0;
    for (uint32_t d = 0; d < N_DRAWS; d++) {
        RkNegativesFor sample = {.epoch = d % 3, .sample = d / 30, .user = user, .item = item};
        uint32_t drawn = rk_negatives_draw(negatives, &sample, d / 3 % 10);
        g_assert_cmpuint(drawn, <, N_ITEMS);
        n_drawn[drawn]++;
    }
}

// Against chances that are proportional to `weight`; one of 0 must not be drawn.
static void
check_shares(const uint32_t n_drawn[N_ITEMS], const double weight[N_ITEMS])
{
    double total = 0, chi_square = 0;
    for (uint32_t i = 0; i < N_ITEMS; i++)
        total += weight[i];
    for (uint32_t i = 0; i < N_ITEMS; i++) {
        double expected = weight[i] / total * N_DRAWS;
        if (expected == 0)
            g_assert_cmpuint(n_drawn[i], ==, 0);
        else
            chi_square += (n_drawn[i] - expected) * (n_drawn[i] - expected) / expected;
    }
    g_test_message("chi-square %.1f", chi_square);
    g_assert_cmpfloat(chi_square, <, CHI_SQUARE_LIMIT);
}

static void
uniform_draws_every_item_alike(void)
{
    g_autoptr(RkNegatives) negatives = make("negatives=uniform negatives.exclude=none", NULL, NULL);
    uint32_t n_drawn[N_ITEMS];
    double weight[N_ITEMS];
    for (uint32_t i = 0; i < N_ITEMS; i++)
        weight[i] = 1;
    tally(negatives, 3, 5, n_drawn);
    check_shares(n_drawn, weight);
}

static void
popularity_draws_by_a_power_of_the_count(void)
{
    static const double POWERS[] = {0, 0.75, 1};
    for (size_t p = 0; p < G_N_ELEMENTS(POWERS); p++) {
        g_autofree char *settings = g_strdup_printf(
            "negatives=popularity negatives.exclude=none negatives.power=%g", POWERS[p]);
        g_autoptr(RkNegatives) negatives = make(settings, NULL, NULL);
        uint32_t n_drawn[N_ITEMS];
        uint64_t count[N_ITEMS];
        double weight[N_ITEMS];
        make_counts(count);
        for (uint32_t i = 0; i < N_ITEMS; i++)
            weight[i] = count[i] == 0 ? 0 : pow((double)count[i], POWERS[p]);
        tally(negatives, 3, 5, n_drawn);
        check_shares(n_drawn, weight);
    }
}

static void
what_a_user_has_had_is_never_drawn(void)
{
    static const char *const SETTINGS[] = {"negatives=uniform", "negatives=popularity"};
    g_autoptr(RkSeenItems) seen = make_seen();
    for (size_t s = 0; s < G_N_ELEMENTS(SETTINGS); s++) {
        g_autoptr(RkNegatives) negatives = make(SETTINGS[s], seen, NULL);
        uint32_t n_drawn[N_ITEMS];
        uint64_t count[N_ITEMS];
        double weight[N_ITEMS];
        make_counts(count);
        for (uint32_t i = 0; i < N_ITEMS; i++)
            weight[i] = i % 2 == 0 || i == 13 ? 0 : s == 0 ? 1 : pow((double)count[i], 0.75);
        tally(negatives, 0, 13, n_drawn); // item 13 is the sample's own, of the test part say
        check_shares(n_drawn, weight);
        tally(negatives, 1, 3, n_drawn); // one item is left
        g_assert_cmpuint(n_drawn[7], ==, N_DRAWS);
        RkNegativesFor all = {.user = 2, .item = 3};
        g_assert_cmpuint(rk_negatives_draw(negatives, &all, 0), ==, UINT32_MAX);
    }
}

static void
a_draw_depends_on_its_numbers_alone(void)
{
    g_autoptr(RkNegatives) a = make("negatives=uniform negatives.exclude=none", NULL, NULL);
    g_autoptr(RkNegatives) b = make("negatives=uniform negatives.exclude=none", NULL, NULL);
    uint32_t n_same[3] = {0};
    for (uint32_t i = 0; i < 1000; i++) {
        RkNegativesFor sample = {.epoch = 1, .sample = 999 - i, .user = 3, .item = 5};
        RkNegativesFor next_epoch = sample, next_sample = sample;
        next_epoch.epoch++;
        next_sample.sample += 1000;
        uint32_t drawn = rk_negatives_draw(a, &sample, 4);
        g_assert_cmpuint(drawn, ==, rk_negatives_draw(b, &sample, 4));
        n_same[0] += drawn == rk_negatives_draw(a, &next_epoch, 4);
        n_same[1] += drawn == rk_negatives_draw(a, &next_sample, 4);
        n_same[2] += drawn == rk_negatives_draw(a, &sample, 5);
    }
    for (int i = 0; i < 3; i++) // 20 expected, standard deviation 4.4
        g_assert_cmpuint(n_same[i], <, 45);
}

static void
log_q_is_the_log_of_the_expected_count(void)
{
    static const char *const SETTINGS[] = {"negatives=uniform", "negatives=popularity",
                                           "negatives=popularity negatives.power=1"};
    g_autoptr(RkSeenItems) seen = make_seen();
    for (size_t s = 0; s < G_N_ELEMENTS(SETTINGS); s++) {
        g_autoptr(RkNegatives) negatives = make(SETTINGS[s], seen, NULL);
        for (uint32_t user = 0; user < N_USERS; user += 3) {
            uint32_t n_drawn[N_ITEMS];
            tally(negatives, user, 0, n_drawn); // item 0 is in user 0's list anyway
            for (uint32_t i = 1; i < N_ITEMS; i++) {
                if (n_drawn[i] == 0)
                    continue;
                double expected = exp(rk_negatives_log_q(negatives, user, i, N_DRAWS));
                if (user == 3) // has had nothing, but its own item is refused
                    expected /= 1 - exp(rk_negatives_log_q(negatives, user, 0, 1));
                // Five standard deviations of a count; f32 rounds far below.
                g_assert_cmpfloat(fabs(n_drawn[i] - expected), <, 5 * sqrt(expected));
            }
        }
        g_assert_cmpfloat(rk_negatives_log_q(negatives, 0, UINT32_MAX, 10), ==, 0);
    }
}

static void
in_batch_draws_are_items_of_others(void)
{
    static const uint32_t POOL[] = {3, 8, 8, 20, UINT32_MAX, 11};
    g_autoptr(RkNegatives) negatives =
        make("negatives=in-batch negatives.exclude=positive", NULL, NULL);
    uint32_t n_drawn[N_ITEMS] = {0};
    for (uint32_t d = 0; d < 30000; d++) {
        RkNegativesFor sample = {
            .sample = d, .user = 3, .item = 3, .pool = POOL, .n_pool = G_N_ELEMENTS(POOL)};
        n_drawn[rk_negatives_draw(negatives, &sample, d % 7)]++;
    }
    g_assert_cmpuint(n_drawn[8] + n_drawn[11] + n_drawn[20], ==, 30000);
    // Half of them 8: 15000, standard deviation 87.
    g_assert_cmpint(ABS((int)n_drawn[8] - 15000), <, 435);
    RkNegativesFor alone = {.item = 3, .pool = POOL, .n_pool = 1};
    g_assert_cmpuint(rk_negatives_draw(negatives, &alone, 0), ==, UINT32_MAX);
}

static void
a_file_gives_its_items_in_order(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Memory) memory = rig_data(100, 1);
    g_autoptr(RkNegativeLists) lists = rk_negative_lists_new(&memory->source, &error);
    g_assert_no_error(error);
    g_autoptr(RkNegatives) negatives = make("negatives=file", NULL, lists);
    const RkColumn *listed = memory_column(memory, 3, "negatives");
    for (uint32_t i = 0; i < listed->n_rows; i++) {
        RkNegativesFor sample = {.user = memory_column(memory, 3, "user")->code[i],
                                 .item = memory_column(memory, 3, "item")->code[i]};
        uint32_t n = listed->offset[i + 1] - listed->offset[i];
        for (uint32_t k = 0; k < n; k++)
            g_assert_cmpuint(rk_negatives_draw(negatives, &sample, k), ==,
                             listed->codes[listed->offset[i] + k]);
        g_assert_cmpuint(rk_negatives_draw(negatives, &sample, n), ==, UINT32_MAX);
    }
    RkNegativesFor other = {.user = 1, .item = 2};
    g_assert_cmpuint(rk_negatives_draw(negatives, &other, 0), ==, UINT32_MAX);
}

static void
what_cant_be_drawn_is_an_error(void)
{
    static const uint64_t NOTHING[N_ITEMS] = {0};
    static const char *const SETTINGS[] = {"negatives=none", "negatives=popularity"};
    for (size_t s = 0; s < G_N_ELEMENTS(SETTINGS); s++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *settings = g_strconcat(SETTINGS[s], " negatives.exclude=none", NULL);
        g_autoptr(RkParams) set = rig_set(rk_negatives_params, rk_n_negatives_params, settings);
        RkNegativesOptions options = {set, 5, N_ITEMS, NOTHING, NULL, NULL};
        g_assert_null(rk_negatives_new(&options, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
        g_assert_nonnull(strstr(error->message, "negatives=uniform"));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dataset/negatives/uniform draws every item alike",
                    uniform_draws_every_item_alike);
    g_test_add_func("/dataset/negatives/popularity draws by a power of the count",
                    popularity_draws_by_a_power_of_the_count);
    g_test_add_func("/dataset/negatives/what a user has had is never drawn",
                    what_a_user_has_had_is_never_drawn);
    g_test_add_func("/dataset/negatives/a draw depends on its numbers alone",
                    a_draw_depends_on_its_numbers_alone);
    g_test_add_func("/dataset/negatives/log q is the log of the expected count",
                    log_q_is_the_log_of_the_expected_count);
    g_test_add_func("/dataset/negatives/in-batch draws are items of others",
                    in_batch_draws_are_items_of_others);
    g_test_add_func("/dataset/negatives/a file gives its items in order",
                    a_file_gives_its_items_in_order);
    g_test_add_func("/dataset/negatives/what can't be drawn is an error",
                    what_cant_be_drawn_is_an_error);
    return g_test_run();
}
