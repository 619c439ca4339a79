// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/rank.h"

#include "ops/ops.h"

#include <math.h>
#include <string.h>

#define MAX_TARGETS 16u // wanted items a row; users with more take several rows
#define MAX_ROWS    256u

// Scores that a submit may hold: with a model that ranks by one product, and with one that takes
// each pair through its layers and keeps some hundred numbers for it.
#define PRODUCT_SCORES ((uint64_t)1 << 23)
#define LAYER_SCORES   ((uint64_t)1 << 18)

// A user's share of the work: some of its wanted items.
typedef struct {
    uint32_t user;  // index in ranked->user
    uint32_t begin; // in ranked->wanted
    uint32_t n;
} Row;

typedef struct {
    const RkRankOptions *options;
    const RkHistory *history;
    RkRanked *to;
    GArray *rows; // of Row
    uint32_t n_items, n_rows, n_targets;
    uint32_t n_best;        // places of a list that can be filled
    uint32_t mask_capacity; // a row
    RkParams *set;
    RkModelBuild *build;
    RkPlan *plan;
    RkRef mask, ends, target[MAX_TARGETS];
} Ranking;

static void
clear_ranking(Ranking *r)
{
    rk_plan_free(r->plan);
    rk_model_build_free(r->build);
    g_clear_pointer(&r->rows, g_array_unref);
    g_clear_pointer(&r->set, rk_params_free);
}

void
rk_ranked_free(RkRanked *ranked)
{
    if (ranked == NULL)
        return;
    g_free(ranked->user);
    g_free(ranked->ends);
    g_free(ranked->ranks);
    g_free(ranked->wanted);
    g_free(ranked->items);
    g_free(ranked);
}

// ---- who wants what ------------------------------------------------------------------------

static int
compare_codes(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

// The distinct items of a user's events in some parts, ascending; returns how many.
static uint32_t
items_of(const RkHistory *h, uint32_t user, unsigned parts, uint32_t *items)
{
    uint32_t n = 0, kept = 0;
    for (uint64_t e = h->offset[user]; e < h->offset[user + 1]; e++)
        if (parts & (1u << h->part[e]))
            items[n++] = h->item[e];
    qsort(items, n, sizeof *items, compare_codes);
    for (uint32_t i = 0; i < n; i++)
        if (kept == 0 || items[kept - 1] != items[i])
            items[kept++] = items[i];
    return kept;
}

// What a user had in other parts than the wanted one. A test hides training and validation; a
// validation hides training alone, since nobody knows of the test then.
static unsigned
hidden_parts(RkPart part)
{
    return part == RK_PART_TEST ? 1u << RK_PART_TRAIN | 1u << RK_PART_VALID : 1u << RK_PART_TRAIN;
}

static gboolean
find_wanted(Ranking *r, GError **error)
{
    const RkHistory *h = r->history;
    uint32_t longest = 1;
    for (uint32_t u = 0; u < h->n_users; u++)
        longest = MAX(longest, (uint32_t)(h->offset[u + 1] - h->offset[u]));
    g_autofree uint32_t *items = g_new(uint32_t, longest);
    g_autoptr(GArray) users = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_autoptr(GArray) ends = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    for (uint32_t u = 0; u < h->n_users; u++) {
        uint32_t n = items_of(h, u, 1u << r->options->part, items);
        if (n == 0)
            continue;
        r->n_targets = MAX(r->n_targets, MIN(n, MAX_TARGETS));
        g_array_append_vals(wanted, items, n);
        g_array_append_val(users, u);
        g_array_append_val(ends, wanted->len);
        r->mask_capacity =
            MAX(r->mask_capacity, items_of(h, u, hidden_parts(r->options->part), items));
    }
    *r->to = (RkRanked){.n = users->len, .k = r->options->k};
    r->n_best = MIN(r->to->k, r->n_items);
    r->to->user = (uint32_t *)(void *)g_array_free(g_steal_pointer(&users), FALSE);
    r->to->ends = (uint32_t *)(void *)g_array_free(g_steal_pointer(&ends), FALSE);
    r->to->ranks = g_new0(RkRankCounts, MAX(wanted->len, 1));
    r->to->wanted = (uint32_t *)(void *)g_array_free(g_steal_pointer(&wanted), FALSE);
    r->to->items = g_new(uint32_t, MAX((size_t)r->to->n * r->to->k, 1));
    memset(r->to->items, 0xff, (size_t)r->to->n * r->to->k * sizeof *r->to->items);
    if (r->to->n > 0)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't rank: no user of %s has an event in the %s part. Split the dataset "
                "(--set split=leave-last) or lower positive.from.",
                rk_dataset_name(r->options->features->dataset), rk_part_name(r->options->part));
    return FALSE;
}

static void
make_rows(Ranking *r)
{
    r->rows = g_array_new(FALSE, FALSE, sizeof(Row));
    for (uint32_t u = 0, begin = 0; u < r->to->n; u++)
        while (begin < r->to->ends[u]) {
            Row row = {u, begin, MIN(r->to->ends[u] - begin, r->n_targets)};
            g_array_append_val(r->rows, row);
            begin += row.n;
        }
}

// ---- the graph -----------------------------------------------------------------------------

static gboolean
compile(Ranking *r, GError **error)
{
    const RkRankOptions *o = r->options;
    r->set = rk_params_copy(o->set);
    r->build = rk_model_build_new(o->model, &o->features->data, r->set, FALSE, error);
    if (r->build == NULL)
        return FALSE;
    RkGraph *g = r->build->graph;
    uint64_t scores = o->model->rank != NULL ? PRODUCT_SCORES : LAYER_SCORES;
    r->n_rows = (uint32_t)CLAMP(scores / r->n_items, 1, MAX_ROWS);
    r->n_rows = MIN(r->n_rows, r->rows->len);
    r->mask = rk_graph_input(g, "mask", rk_type(RK_U32, 1, RK_BATCH(MAX(r->mask_capacity, 1))));
    r->ends = rk_graph_input(g, "mask.ends", rk_type(RK_U32, 1, RK_BATCH(1)));
    RkRef x = rk_mask_rows(g, rk_model_rank(o->model, r->build), r->mask, r->ends);
    RkRef outputs[1 + MAX_TARGETS];
    outputs[0] = rk_topk(g, x, r->n_best);
    for (uint32_t t = 0; t < r->n_targets; t++) {
        char name[32];
        g_snprintf(name, sizeof name, "target.%u", t);
        r->target[t] = rk_graph_input(g, name, rk_type(RK_U32, 1, RK_BATCH(1)));
        outputs[1 + t] = rk_rank_counts(g, x, r->target[t]);
    }
    const RkPlanOptions plan = {
        .batch = r->n_rows, .n_outputs = 1 + r->n_targets, .outputs = outputs};
    r->plan = rk_plan_new(o->device, g, o->state, &plan, error);
    if (r->plan == NULL)
        g_prefix_error(error, "Can't rank every item (--protocol sampled:100 takes less): ");
    return r->plan != NULL;
}

static void *
input(const Ranking *r, const char *name)
{
    RkRef ref = rk_graph_find(r->build->graph, name);
    return ref != RK_NONE ? rk_plan_input(r->plan, ref, NULL) : NULL;
}

// What stays the same: the items themselves.
static void
feed_items(const Ranking *r)
{
    uint32_t *items = input(r, "items");
    for (uint32_t i = 0; items != NULL && i < r->n_items; i++)
        items[i] = i;
}

static void
feed_history(const Ranking *r, uint32_t row, uint32_t user)
{
    uint32_t *history = input(r, "history"), *length = input(r, "history.length");
    uint32_t longest = r->options->features->data.history;
    if (history == NULL)
        return;
    uint32_t n = rk_history_last(r->history, user, UINT32_MAX, hidden_parts(r->options->part),
                                 longest, history + (size_t)row * longest);
    for (uint32_t i = n; i < longest; i++)
        history[(size_t)row * longest + i] = UINT32_MAX;
    if (length != NULL)
        length[row] = n;
}

// Items to hide, without those that are wanted again.
static uint32_t
feed_mask(const Ranking *r, const Row *row, uint32_t user, uint32_t *mask)
{
    const RkRanked *to = r->to;
    uint32_t begin = row->user > 0 ? to->ends[row->user - 1] : 0;
    uint32_t n = items_of(r->history, user, hidden_parts(r->options->part), mask), kept = 0;
    for (uint32_t i = 0; i < n; i++)
        if (bsearch(&mask[i], to->wanted + begin, to->ends[row->user] - begin, sizeof *mask,
                    compare_codes) == NULL)
            mask[kept++] = mask[i];
    return kept;
}

// Fills the inputs of rows [first, first + n); the plan's other rows repeat the last.
static void
feed(const Ranking *r, uint32_t first, uint32_t n, uint32_t *items)
{
    const RkModelData *data = &r->options->features->data;
    uint32_t *users = data->user >= 0 ? input(r, data->features[data->user].name) : NULL;
    uint32_t *mask = rk_plan_input(r->plan, r->mask, NULL);
    uint32_t *ends = rk_plan_input(r->plan, r->ends, NULL), end = 0;
    for (uint32_t i = 0; i < r->n_rows; i++) {
        const Row *row = &g_array_index(r->rows, Row, first + MIN(i, n - 1));
        uint32_t user = r->to->user[row->user];
        if (users != NULL)
            users[i] = user;
        feed_history(r, i, user);
        uint32_t n_hidden = feed_mask(r, row, user, items);
        memcpy(mask + end, items, n_hidden * sizeof *mask);
        ends[i] = end += n_hidden;
        for (uint32_t t = 0; t < r->n_targets; t++) {
            uint32_t *target = rk_plan_input(r->plan, r->target[t], NULL);
            target[i] = r->to->wanted[row->begin + MIN(t, row->n - 1)];
        }
    }
}

static void
keep(const Ranking *r, uint32_t first, uint32_t n)
{
    const uint32_t *best = rk_plan_output(r->plan, 0, NULL);
    uint32_t k = r->n_best;
    for (uint32_t i = 0; i < n; i++) {
        const Row *row = &g_array_index(r->rows, Row, first + i);
        memcpy(r->to->items + (size_t)row->user * r->to->k, best + (size_t)i * k, k * sizeof *best);
        for (uint32_t t = 0; t < row->n; t++) {
            const uint32_t *counts = rk_plan_output(r->plan, 1 + t, NULL);
            r->to->ranks[row->begin + t] =
                (RkRankCounts){counts[2 * (size_t)i], counts[2 * (size_t)i + 1]};
        }
    }
}

// Places of a list beyond the items that aren't hidden hold hidden ones: none.
static void
cut_lists(const Ranking *r, uint32_t *items)
{
    for (uint32_t u = 0; u < r->to->n; u++) {
        uint32_t *list = r->to->items + (size_t)u * r->to->k;
        uint32_t n_hidden =
            items_of(r->history, r->to->user[u], hidden_parts(r->options->part), items);
        for (uint32_t i = r->n_items - MIN(n_hidden, r->n_items); i < r->to->k; i++)
            if (bsearch(&list[i], items, n_hidden, sizeof *items, compare_codes) != NULL)
                list[i] = UINT32_MAX;
    }
}

static gboolean
run(Ranking *r, GError **error)
{
    const RkRankOptions *o = r->options;
    uint32_t longest = 1;
    for (uint32_t u = 0; u < r->history->n_users; u++)
        longest = MAX(longest, (uint32_t)(r->history->offset[u + 1] - r->history->offset[u]));
    g_autofree uint32_t *items = g_new(uint32_t, longest);
    feed_items(r);
    for (uint32_t first = 0; first < r->rows->len; first += r->n_rows) {
        uint32_t n = MIN(r->n_rows, r->rows->len - first);
        if (o->cancelled != NULL && g_atomic_int_get(o->cancelled)) {
            g_set_error(error, RK_ERROR, RK_ERROR_CANCELLED, "Ranking was interrupted");
            return FALSE;
        }
        feed(r, first, n, items);
        if (!rk_plan_run(r->plan, error))
            return FALSE;
        keep(r, first, n);
        if (o->progress != NULL)
            o->progress(o->progress_data, first + n, r->rows->len);
    }
    cut_lists(r, items);
    return TRUE;
}

RkRanked *
rk_ranked_new(const RkRankOptions *options, GError **error)
{
    const RkModelData *data = &options->features->data;
    if (!options->model->candidates || data->item < 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't rank items by %s: it scores whole rows. Use --protocol predict.",
                    options->model->title);
        return NULL;
    }
    g_autoptr(RkRanked) to = g_new0(RkRanked, 1);
    Ranking r = {.options = options,
                 .to = to,
                 .n_items = data->features[data->item].rows,
                 .history = rk_frame_history(options->features->frame, error)};
    gboolean ranked = r.history != NULL && find_wanted(&r, error);
    if (ranked)
        make_rows(&r);
    ranked = ranked && compile(&r, error) && run(&r, error);
    clear_ranking(&r);
    return ranked ? g_steal_pointer(&to) : NULL;
}
