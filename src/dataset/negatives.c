// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/negatives.h"

#include "base/exact.h"
#include "base/rng.h"
#include "dataset/alias.h"
#include "dataset/streams.h"

#include <math.h>
#include <string.h>

const RkParam rk_negatives_params[] = {
    {"negatives", RK_PARAM_CHOICE, 0, 0, "none", NULL, "none|uniform|popularity|in-batch|file",
     "Where negatives come from"},
    {"negatives.n", RK_PARAM_INT, 1, 100000, "4", NULL, NULL, "Negatives beside each positive"},
    {"negatives.power", RK_PARAM_REAL, 0, 4, "0.75", NULL, NULL,
     "Exponent of an item's popularity (popularity)"},
    {"negatives.exclude", RK_PARAM_CHOICE, 0, 0, "train", NULL, "none|positive|train|all",
     "What is never a negative: nothing, the sample's own item, the user's items in the training "
     "part, or in all parts"},
};
const size_t rk_n_negatives_params = G_N_ELEMENTS(rk_negatives_params);

typedef uint32_t (*Draw)(const RkNegatives *negatives, const RkNegativesFor *sample, uint32_t n);

struct RkNegatives {
    Draw draw;
    uint64_t seed;
    uint32_t n_items;
    gboolean exclude_positive;
    const RkSeenItems *seen;
    const RkNegativeLists *lists;
    RkAlias *alias;
    double *weight;   // [n_items] chance of an item before exclusion; NULL when even
    float *log_q;     // [n_items] its log; NULL when even
    float *log_left;  // [n_users] log of the chance that is left without what the user has had
    float log_even;   // without weights: the log of an item's chance
    gboolean unknown; // chances aren't known
};

// ---- drawing -----------------------------------------------------------------------------------

static uint64_t
random_bits(const RkNegatives *negatives, const RkNegativesFor *sample, uint32_t n,
            uint32_t attempt)
{
    const uint32_t counter[4] = {sample->sample, sample->epoch, RK_STREAM_NEGATIVE,
                                 n * RK_NEGATIVES_ATTEMPTS + attempt};
    const uint32_t key[2] = {(uint32_t)negatives->seed, (uint32_t)(negatives->seed >> 32)};
    RkRng4 r = rk_rng_philox(counter, key);
    return ((uint64_t)r.v[1] << 32) | r.v[0];
}

static gboolean
is_excluded(const RkNegatives *negatives, const RkNegativesFor *sample, uint32_t item)
{
    return (negatives->exclude_positive && item == sample->item) ||
           (negatives->seen != NULL && rk_seen_items_has(negatives->seen, sample->user, item));
}

static double
weight_of(const RkNegatives *negatives, uint32_t item)
{
    return negatives->weight != NULL ? negatives->weight[item] : 1.0 / negatives->n_items;
}

// The item that 64 random bits choose among those left, by counting through them: exact, and
// linear in the number of items. For users who have had nearly all.
static uint32_t
count_through(const RkNegatives *negatives, const RkNegativesFor *sample, uint64_t random)
{
    double left = 0, sum = 0;
    uint32_t last = UINT32_MAX;
    for (uint32_t item = 0; item < negatives->n_items; item++)
        if (!is_excluded(negatives, sample, item))
            left += weight_of(negatives, item);
    double target = (double)(random >> 11) * 0x1p-53 * left;
    for (uint32_t item = 0; item < negatives->n_items; item++) {
        double weight = weight_of(negatives, item);
        if (weight <= 0 || is_excluded(negatives, sample, item))
            continue;
        last = item;
        sum += weight;
        if (sum > target)
            break;
    }
    return last;
}

static uint32_t
draw_weighted(const RkNegatives *negatives, const RkNegativesFor *sample, uint32_t n)
{
    for (uint32_t attempt = 0; attempt + 1 < RK_NEGATIVES_ATTEMPTS; attempt++) {
        uint64_t random = random_bits(negatives, sample, n, attempt);
        uint32_t item = negatives->alias != NULL
                            ? rk_alias_draw(negatives->alias, random)
                            : (uint32_t)(((random >> 32) * negatives->n_items) >> 32);
        if (!is_excluded(negatives, sample, item))
            return item;
    }
    return count_through(negatives, sample,
                         random_bits(negatives, sample, n, RK_NEGATIVES_ATTEMPTS - 1));
}

static uint32_t
draw_in_batch(const RkNegatives *negatives, const RkNegativesFor *sample, uint32_t n)
{
    for (uint32_t attempt = 0; attempt < RK_NEGATIVES_ATTEMPTS && sample->n_pool > 0; attempt++) {
        uint64_t random = random_bits(negatives, sample, n, attempt);
        uint32_t item = sample->pool[((random >> 32) * sample->n_pool) >> 32];
        if (item != UINT32_MAX && !is_excluded(negatives, sample, item))
            return item;
    }
    return UINT32_MAX;
}

static uint32_t
draw_listed(const RkNegatives *negatives, const RkNegativesFor *sample, uint32_t n)
{
    uint32_t n_listed;
    const uint32_t *items =
        rk_negative_lists_find(negatives->lists, sample->user, sample->item, &n_listed);
    return n < n_listed ? items[n] : UINT32_MAX;
}

uint32_t
rk_negatives_draw(const RkNegatives *negatives, const RkNegativesFor *sample, uint32_t n)
{
    return negatives->draw(negatives, sample, n);
}

float
rk_negatives_log_q(const RkNegatives *negatives, uint32_t user, uint32_t item, uint32_t n)
{
    if (negatives->unknown || item >= negatives->n_items || n == 0)
        return 0;
    float log_q = negatives->log_q != NULL ? negatives->log_q[item] : negatives->log_even;
    if (!isfinite(log_q))
        return 0;
    if (negatives->log_left != NULL && user < rk_seen_items_n_users(negatives->seen))
        log_q -= negatives->log_left[user];
    return log_q + (float)rk_exact_log(n);
}

// ---- building ----------------------------------------------------------------------------------

static const struct {
    const char *name;
    Draw draw;
    gboolean weighted;
} SOURCES[] = {
    {"uniform", draw_weighted, FALSE},
    {"popularity", draw_weighted, TRUE},
    {"in-batch", draw_in_batch, TRUE},
    {"file", draw_listed, FALSE},
};

static gboolean
is(const RkParams *set, const char *name, const char *value)
{
    return strcmp(rk_params_text(set, name), value) == 0;
}

RkNegativesNeeds
rk_negatives_needs(const RkParams *set)
{
    if (set == NULL || is(set, "negatives", "none"))
        return (RkNegativesNeeds){0};
    gboolean file = is(set, "negatives", "file"), batch = is(set, "negatives", "in-batch");
    return (RkNegativesNeeds){
        .any = TRUE,
        .count = batch || is(set, "negatives", "popularity"),
        .lists = file,
        .batch = batch,
        .seen_train = !file && is(set, "negatives.exclude", "train"),
        .seen_all = !file && is(set, "negatives.exclude", "all"),
    };
}

static gboolean
set_weights(RkNegatives *negatives, const uint64_t *count, double power, GError **error)
{
    uint32_t n = negatives->n_items;
    double total = 0;
    negatives->weight = g_new(double, n);
    negatives->log_q = g_new(float, n);
    for (uint32_t i = 0; i < n; i++) {
        negatives->weight[i] = count[i] == 0 ? 0 : rk_exact_pow((double)count[i], power);
        total += negatives->weight[i];
    }
    if (total <= 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't draw negatives by popularity: no item has an event in the training "
                    "part. Set negatives=uniform or split the data another way.");
        return FALSE;
    }
    for (uint32_t i = 0; i < n; i++) {
        negatives->weight[i] /= total;
        negatives->log_q[i] =
            negatives->weight[i] > 0 ? (float)rk_exact_log(negatives->weight[i]) : -INFINITY;
    }
    negatives->alias = rk_alias_new(negatives->weight, n);
    return TRUE;
}

// The chance that is left to each user's draws once what they have had is refused.
static void
set_left(RkNegatives *negatives)
{
    uint32_t n_users = rk_seen_items_n_users(negatives->seen), n;
    negatives->log_left = g_new(float, MAX(n_users, 1));
    for (uint32_t user = 0; user < n_users; user++) {
        const uint32_t *items = rk_seen_items_of(negatives->seen, user, &n);
        double had = 0;
        for (uint32_t i = 0; i < n; i++)
            had += weight_of(negatives, items[i]);
        negatives->log_left[user] = had < 1 ? (float)rk_exact_log(1 - had) : 0;
    }
}

RkNegatives *
rk_negatives_new(const RkNegativesOptions *options, GError **error)
{
    g_autoptr(RkParams) defaults = rk_params_new(rk_negatives_params, rk_n_negatives_params);
    const RkParams *set = options->set != NULL ? options->set : defaults;
    RkNegativesNeeds needs = rk_negatives_needs(set);
    if (!needs.any || options->n_items == 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't draw negatives: %s",
                    needs.any ? "the data has no items. Import it with an item field."
                              : "the setting negatives is none. Set negatives=uniform, say.");
        return NULL;
    }
    g_assert(!needs.count || options->count != NULL);
    g_assert(!needs.lists || options->lists != NULL);
    g_assert(!(needs.seen_train || needs.seen_all) || options->seen != NULL);

    g_autoptr(RkNegatives) negatives = g_new0(RkNegatives, 1);
    negatives->seed = options->seed;
    negatives->n_items = options->n_items;
    negatives->exclude_positive = !is(set, "negatives.exclude", "none");
    negatives->seen = needs.seen_train || needs.seen_all ? options->seen : NULL;
    negatives->lists = options->lists;
    negatives->unknown = needs.lists;
    negatives->log_even = -(float)rk_exact_log(options->n_items);
    for (size_t i = 0; i < G_N_ELEMENTS(SOURCES); i++) {
        if (!is(set, "negatives", SOURCES[i].name))
            continue;
        negatives->draw = SOURCES[i].draw;
        // The items of a batch come as often as the events are.
        double power = needs.batch ? 1 : rk_params_real(set, "negatives.power");
        if (SOURCES[i].weighted && !set_weights(negatives, options->count, power, error))
            return NULL;
    }
    if (negatives->seen != NULL)
        set_left(negatives);
    return g_steal_pointer(&negatives);
}

void
rk_negatives_free(RkNegatives *negatives)
{
    if (negatives == NULL)
        return;
    rk_alias_free(negatives->alias);
    g_free(negatives->weight);
    g_free(negatives->log_q);
    g_free(negatives->log_left);
    g_free(negatives);
}
