// SPDX-License-Identifier: GPL-3.0-or-later
//
// Plans for every size of batch, and what goes into their inputs.
#include "serve/session-private.h"

#include <string.h>

// Steps between sizes: fewer plans to compile, at most this much padding.
#define ROWS_STEP  2u
#define COLS_STEP  4u
#define COLS_LEAST 16u

// ---- sizes ---------------------------------------------------------------------------------

static void
make_sizes(RkSession *s)
{
    uint32_t cols = MIN(COLS_LEAST, s->most_candidates);
    GArray *sizes = g_array_new(FALSE, TRUE, sizeof(RkServeSize));
    for (gboolean last = FALSE; !last; cols = MIN(cols * COLS_STEP, s->most_candidates)) {
        RkServeSize size = {.cols = cols, .most = CLAMP(s->most_pairs / cols, 1, s->batch_max)};
        size.waiting = g_new0(RkPending *, size.most);
        g_array_append_val(sizes, size);
        last = cols == s->most_candidates;
    }
    s->n_sizes = sizes->len;
    s->size = (RkServeSize *)(void *)g_array_free(sizes, FALSE);
}

static RkModelBuild *
build_for(RkSession *s, uint32_t cols, RkRef *score, GError **error)
{
    RkModelBuild *build = rk_model_build_new(s->trained->model, &s->served,
                                             s->trained->settings->values, FALSE, error);
    if (build == NULL)
        return NULL;
    g_ptr_array_add(s->builds, build);
    RkRef items = RK_NONE;
    if (!s->pairs)
        items = rk_graph_input(build->graph, "candidates",
                               rk_type(RK_U32, 2, RK_BATCH(1), RK_DIM(cols)));
    *score = s->trained->model->score(build, items);
    return build;
}

static gboolean
add_plan(RkSession *s, RkServeSlot *slot, RkServeSize *size, RkRef score, uint32_t rows,
         GError **error)
{
    const RkPlanOptions options = {
        .batch = s->pairs ? rows * size->cols : rows, .n_outputs = 1, .outputs = &score};
    RkServePlan p = {.rows = rows};
    p.plan = rk_plan_new(s->device, size->build->graph, s->state, &options, error);
    if (p.plan == NULL) {
        g_prefix_error(error, "Can't serve batches of %u queries with %u candidates: ", rows,
                       size->cols);
        return FALSE;
    }
    if (size->feeds == NULL)
        size->feeds = rk_serve_inputs_feeds(s->inputs, size->build->graph, p.plan, error);
    if (size->feeds == NULL) {
        rk_plan_free(p.plan);
        return FALSE;
    }
    p.feeds = size->feeds;
    p.memory = g_new(void *, size->feeds->len + 1);
    for (guint i = 0; i < size->feeds->len; i++)
        p.memory[i] = rk_plan_input(p.plan, g_array_index(size->feeds, RkFeed, i).input, NULL);
    g_array_append_val(slot->plans, p);
    return TRUE;
}

static gboolean
compile_size(RkSession *s, RkServeSize *size, RkRef score, GError **error)
{
    for (uint32_t i = 0; i < s->n_slots; i++) {
        uint32_t rows = 1;
        for (gboolean last = FALSE; !last; rows = MIN(rows * ROWS_STEP, size->most)) {
            if (!add_plan(s, &s->slot[i], size, score, rows, error))
                return FALSE;
            last = rows == size->most;
        }
    }
    return TRUE;
}

gboolean
rk_session_compile(RkSession *s, GError **error)
{
    RkRef score = RK_NONE;
    RkModelBuild *build = NULL;
    make_sizes(s);
    for (uint32_t i = 0; i < s->n_slots; i++) {
        s->slot[i].plans = g_array_new(FALSE, FALSE, sizeof(RkServePlan));
        s->slot[i].pending = g_new0(RkPending *, s->batch_max);
    }
    for (uint32_t i = 0; i < s->n_sizes; i++) {
        if ((build == NULL || !s->pairs) &&
            (build = build_for(s, s->size[i].cols, &score, error)) == NULL)
            return FALSE;
        s->size[i].build = build;
        if (i == 0 && (!rk_state_add_graph(s->state, build->graph, error) ||
                       !rk_session_load(s, s->trained, error)))
            return FALSE;
        if (!compile_size(s, &s->size[i], score, error))
            return FALSE;
    }
    return TRUE;
}

void
rk_session_clear_plans(RkSession *s)
{
    for (uint32_t i = 0; s->slot != NULL && i < s->n_slots; i++) {
        RkServeSlot *slot = &s->slot[i];
        for (guint p = 0; slot->plans != NULL && p < slot->plans->len; p++) {
            rk_plan_free(g_array_index(slot->plans, RkServePlan, p).plan);
            g_free(g_array_index(slot->plans, RkServePlan, p).memory);
        }
        g_clear_pointer(&slot->plans, g_array_unref);
        g_free(slot->pending);
    }
    for (uint32_t i = 0; i < s->n_sizes; i++) {
        g_clear_pointer(&s->size[i].feeds, g_array_unref);
        g_free(s->size[i].waiting);
    }
    g_clear_pointer(&s->slot, g_free);
    g_clear_pointer(&s->size, g_free);
}

const RkServePlan *
rk_session_pick(const RkSession *s, const RkServeSlot *slot, const RkServeSize *size, uint32_t n)
{
    const RkServePlan *plan = &g_array_index(slot->plans, RkServePlan, 0);
    while (plan->feeds != size->feeds || plan->rows < n)
        plan++;
    return plan;
}

// ---- inputs --------------------------------------------------------------------------------

// The rows of one feed: one a query, or one a candidate.
typedef struct {
    const RkSession *session;
    const RkServeSlot *slot;
    const RkFeed *feed;
    uint32_t *to;
} Feeding;

static void
pad(uint32_t *to, size_t n, uint32_t value)
{
    for (size_t i = 0; i < n; i++)
        to[i] = value;
}

// The record of row c of a query; NULL where there is nothing.
static const uint32_t *
record_of(const Feeding *f, uint32_t q, uint32_t c)
{
    const RkPending *p = q < f->slot->n ? f->slot->pending[q] : NULL;
    if (p == NULL || (f->session->pairs && c >= p->query.n_candidates))
        return NULL;
    if (!f->feed->of_item)
        return p->user;
    return p->items + (size_t)c * rk_lookup_words(f->session->items);
}

static void
feed_candidates(const Feeding *f)
{
    uint32_t cols = f->slot->size->cols, *to = f->to;
    for (uint32_t q = 0; q < f->slot->active->rows; q++, to += cols) {
        uint32_t n = q < f->slot->n ? f->slot->pending[q]->query.n_candidates : 0;
        if (n > 0)
            memcpy(to, f->slot->pending[q]->query.candidates, n * sizeof *to);
        pad(to + n, cols - n, UINT32_MAX);
    }
}

static void
feed_words(const Feeding *f)
{
    uint32_t n = f->feed->words, *to = f->to, each = f->session->pairs ? f->slot->size->cols : 1;
    for (uint32_t q = 0; q < f->slot->active->rows; q++)
        for (uint32_t c = 0; c < each; c++, to += n) {
            const uint32_t *record = record_of(f, q, c);
            if (record == NULL)
                pad(to, n, f->feed->padding);
            else
                memcpy(to, record + f->feed->offset, n * sizeof *to);
        }
}

// Codes of all rows one after the other, or where each row's end; those beyond the room are cut.
static void
feed_bag(const Feeding *f)
{
    uint32_t each = f->session->pairs ? f->slot->size->cols : 1, *to = f->to, end = 0;
    uint32_t n_rows = f->slot->active->rows * each, room = n_rows * f->feed->room;
    gboolean ends = f->feed->kind == RK_FEED_BAG_ENDS;
    for (uint32_t row = 0; row < n_rows; row++) {
        const uint32_t *record = record_of(f, row / each, row % each);
        uint32_t n = record != NULL ? MIN(record[f->feed->offset], room - end) : 0;
        if (!ends && n > 0)
            memcpy(to + end, record + f->feed->offset + 1, n * sizeof *to);
        end += n;
        if (ends)
            to[row] = end;
    }
    if (!ends)
        pad(to + end, room - end, UINT32_MAX);
}

// Codes become rows of the device's tables on their way into an input.
static gboolean
feed_rows(RkSession *s, const Feeding *f, uint32_t *to, GError **error)
{
    RkRowCache *rows = s->rows[f->feed->ids];
    uint32_t each = s->pairs ? f->slot->size->cols : 1;
    gboolean candidates = f->feed->kind == RK_FEED_CANDIDATES;
    uint32_t n = f->slot->active->rows * (candidates ? f->slot->size->cols : each * f->feed->words);
    return rk_row_cache_place_all(rows, s->words, n, to, error);
}

gboolean
rk_session_feed(RkSession *s, RkServeSlot *slot, GError **error)
{
    static void (*const FEED[])(const Feeding *) = {[RK_FEED_CANDIDATES] = feed_candidates,
                                                    [RK_FEED_WORDS] = feed_words,
                                                    [RK_FEED_BAG] = feed_bag,
                                                    [RK_FEED_BAG_ENDS] = feed_bag};
    const RkServePlan *plan = slot->active;
    for (int ids = 0; ids < RK_N_IDS; ids++)
        if (s->rows[ids] != NULL)
            rk_row_cache_begin(s->rows[ids], (uint32_t)(slot - s->slot));
    for (guint i = 0; i < plan->feeds->len; i++) {
        const RkFeed *feed = &g_array_index(plan->feeds, RkFeed, i);
        gboolean mapped = s->rows[feed->ids] != NULL;
        const Feeding f = {s, slot, feed, mapped ? s->words : plan->memory[i]};
        FEED[feed->kind](&f);
        if (mapped && !feed_rows(s, &f, plan->memory[i], error))
            return FALSE;
    }
    return TRUE;
}
