// SPDX-License-Identifier: GPL-3.0-or-later
//
// The serving thread: takes queries, gathers them, submits batches, answers. It alone uses the
// device. It never waits while there is something to do, spins for batch.spin_us before it sleeps
// (a wake-up takes longer than a small batch) and allocates nothing.
#include "serve/session-private.h"

#include "base/clock.h"
#include "serve/select.h"

#include <string.h>
#include <sys/prctl.h>

#define SLICE_NS 30000u // of sleep while a batch is on the device: how late it may be seen

static inline void
relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// ---- answers -------------------------------------------------------------------------------

static void
give(RkSession *s, RkAnswer *answer)
{
    answer->done_ns = rk_clock_ns();
    if (s->system.answered != NULL)
        s->system.answered(s->system.answered_data, answer);
    atomic_fetch_add_explicit(&s->n_answered, 1, memory_order_release);
}

static void
give_failed(RkSession *s, const RkQuery *query)
{
    RkAnswer answer = {.id = query->id, .flags = RK_ANSWER_FAILED};
    s->n_failed++;
    give(s, &answer);
}

// Keeps the first failure for flush().
static void
note_failure(RkSession *s, GError *failure)
{
    g_mutex_lock(&s->mutex);
    if (s->failure == NULL)
        s->failure = g_steal_pointer(&failure);
    g_mutex_unlock(&s->mutex);
    g_clear_error(&failure);
}

static void
tell_flushed(RkSession *s)
{
    if (!atomic_load(&s->flushing))
        return;
    g_mutex_lock(&s->mutex);
    g_cond_broadcast(&s->answered);
    g_mutex_unlock(&s->mutex);
}

// ---- queries -------------------------------------------------------------------------------

static GError *
check(const RkSession *s, const RkQuery *q)
{
    uint32_t n_users = rk_serve_inputs_n_users(s->inputs);
    uint32_t n_items = rk_serve_inputs_n_items(s->inputs);
    if (q->n_candidates == 0 || q->n_candidates > s->most_candidates)
        return g_error_new(RK_ERROR, RK_ERROR_USAGE,
                           "Can't answer query %" G_GUINT64_FORMAT
                           ": it has %u candidates, 1 to %u can be served. Raise candidates.max.",
                           q->id, q->n_candidates, s->most_candidates);
    if (q->user >= n_users && q->user != UINT32_MAX)
        return g_error_new(RK_ERROR, RK_ERROR_SHAPE,
                           "Can't answer query %" G_GUINT64_FORMAT
                           ": there is no user %u, the dataset has %u. Ask with a code of its "
                           "vocabulary, or UINT32_MAX for an unknown one.",
                           q->id, q->user, n_users);
    for (uint32_t i = 0; i < q->n_candidates; i++)
        if (q->candidates[i] >= n_items)
            return g_error_new(RK_ERROR, RK_ERROR_SHAPE,
                               "Can't answer query %" G_GUINT64_FORMAT
                               ": there is no item %u, the dataset has %u. Ask with codes of its "
                               "vocabulary.",
                               q->id, q->candidates[i], n_items);
    return NULL;
}

static gboolean
answer_from_cache(RkSession *s, const RkQueued *queued, RkPending *p, uint64_t taken_ns)
{
    if (s->answers == NULL || !s->use_answers || (queued->query.flags & RK_QUERY_FRESH))
        return FALSE;
    RkAnswer answer = {.id = queued->query.id, .flags = RK_ANSWER_CACHED};
    p->key = rk_answer_cache_key(s->answers, &queued->query);
    if (!rk_answer_cache_get(s->answers, p->key, s->clock_ns(s->clock_data), &answer))
        return FALSE;
    answer.stage_ns[RK_STAGE_WAIT] = (uint32_t)(taken_ns - queued->issued_ns);
    answer.stage_ns[RK_STAGE_PARSE] = p->parse_ns;
    answer.stage_ns[RK_STAGE_LOOKUP] = (uint32_t)(rk_clock_ns() - taken_ns - p->parse_ns);
    give(s, &answer);
    return TRUE;
}

static gboolean
look_up(RkSession *s, RkPending *p, GError **error)
{
    return rk_lookup_get(s->users, &p->query.user, 1, p->user, error) &&
           (!s->pairs ||
            rk_lookup_get(s->items, p->query.candidates, p->query.n_candidates, p->items, error));
}

static RkServeSize *
size_of(RkSession *s, uint32_t n_candidates)
{
    RkServeSize *size = s->size;
    while (size->cols < n_candidates)
        size++;
    return size;
}

// Answers a query now (from the cache, or as failed) or puts it in its list.
static void
take(RkSession *s, const RkQueued *queued)
{
    RkPending *p = s->free[s->n_free - 1];
    GError *failure = NULL;
    uint64_t taken_ns = rk_clock_ns();
    p->query = queued->query;
    p->issued_ns = queued->issued_ns;
    failure = check(s, &p->query);
    uint64_t parsed_ns = rk_clock_ns();
    p->parse_ns = (uint32_t)(parsed_ns - taken_ns);
    if (failure == NULL && answer_from_cache(s, queued, p, taken_ns))
        return;
    if (failure != NULL || !look_up(s, p, &failure)) {
        note_failure(s, failure);
        give_failed(s, &p->query);
        return;
    }
    p->ready_ns = rk_clock_ns();
    p->lookup_ns = (uint32_t)(p->ready_ns - parsed_ns);
    RkServeSize *size = size_of(s, p->query.n_candidates);
    if (size->n_waiting == 0)
        size->deadline_ns = p->ready_ns + s->delay_ns;
    size->waiting[size->n_waiting++] = p;
    s->n_free--;
}

// Takes what there is, as long as no list is full: a batch that could go should go first.
static gboolean
take_queries(RkSession *s)
{
    gboolean any = FALSE;
    for (uint32_t i = 0; i < s->n_sizes; i++)
        if (s->size[i].n_waiting == s->size[i].most)
            return FALSE;
    RkQueued queued;
    while (s->n_free > 0 && rk_query_queue_pop(&s->queue, &queued)) {
        take(s, &queued);
        any = TRUE;
        RkServeSize *size = size_of(s, MIN(queued.query.n_candidates, s->most_candidates));
        if (size->n_waiting == size->most)
            break;
    }
    return any;
}

// ---- batches -------------------------------------------------------------------------------

static void
release(RkSession *s, RkServeSlot *slot)
{
    for (uint32_t q = 0; q < slot->n; q++)
        s->free[s->n_free++] = slot->pending[q];
    for (int ids = 0; ids < RK_N_IDS; ids++)
        if (s->rows[ids] != NULL)
            rk_row_cache_end(s->rows[ids], (uint32_t)(slot - s->slot));
    slot->n = 0;
}

static void
fail_batch(RkSession *s, RkServeSlot *slot, GError *failure)
{
    note_failure(s, failure);
    for (uint32_t q = 0; q < slot->n; q++)
        give_failed(s, &slot->pending[q]->query);
    release(s, slot);
}

static gboolean
submit(RkSession *s, RkServeSize *size)
{
    RkServeSlot *slot = &s->slot[(s->oldest + s->n_busy) % s->n_slots];
    GError *failure = NULL;
    slot->fed_ns = rk_clock_ns();
    slot->n = size->n_waiting;
    slot->size = size;
    slot->active = rk_session_pick(s, slot, size, slot->n);
    memcpy(slot->pending, size->waiting, slot->n * sizeof *slot->pending);
    size->n_waiting = 0;
    if (!rk_session_feed(s, slot, &failure) || !rk_plan_submit(slot->active->plan, &failure)) {
        fail_batch(s, slot, failure);
        return TRUE;
    }
    slot->submitted_ns = rk_clock_ns();
    s->n_busy++;
    s->n_batches++;
    s->n_queries += slot->n;
    s->n_rows_computed += slot->active->rows;
    for (int ids = 0; ids < RK_N_IDS; ids++)
        if (s->rows[ids] != NULL && !rk_row_cache_fetch_next(s->rows[ids], &failure))
            note_failure(s, g_steal_pointer(&failure));
    return TRUE;
}

// Submits the list that is due for longest, if one is and a slot is free.
static gboolean
submit_due(RkSession *s)
{
    if (s->n_busy == s->n_slots)
        return FALSE;
    RkServeSize *due = NULL;
    uint64_t now_ns = rk_clock_ns();
    gboolean hurry = atomic_load_explicit(&s->flushing, memory_order_relaxed);
    for (uint32_t i = 0; i < s->n_sizes; i++) {
        RkServeSize *size = &s->size[i];
        gboolean is_due = size->n_waiting == size->most ||
                          (size->n_waiting > 0 && (hurry || now_ns >= size->deadline_ns));
        if (is_due && (due == NULL || size->deadline_ns < due->deadline_ns))
            due = size;
    }
    return due != NULL && submit(s, due);
}

static void
answer_query(RkSession *s, const RkServeSlot *slot, uint32_t q, uint64_t done_ns)
{
    const RkPending *p = slot->pending[q];
    uint64_t start_ns = rk_clock_ns();
    const float *scores = rk_plan_output(slot->active->plan, 0, NULL);
    memcpy(s->scores, scores + (size_t)q * slot->size->cols,
           p->query.n_candidates * sizeof *s->scores);
    uint64_t read_ns = rk_clock_ns();
    RkAnswer answer = {.id = p->query.id, .batch = slot->n, .item = s->top, .score = s->best};
    answer.n = rk_select_top(s->scores, p->query.n_candidates, s->k, s->place, s->best);
    for (uint32_t i = 0; i < answer.n; i++)
        s->top[i] = p->query.candidates[s->place[i]];
    if (s->answers != NULL && s->use_answers && !(p->query.flags & RK_QUERY_FRESH))
        rk_answer_cache_put(s->answers, p->key, s->clock_ns(s->clock_data), &answer);
    uint64_t selected_ns = rk_clock_ns();
    uint64_t before_ns = p->ready_ns - p->issued_ns - p->parse_ns - p->lookup_ns;
    const uint64_t ns[RK_N_STAGES] = {
        [RK_STAGE_PARSE] = p->parse_ns,
        [RK_STAGE_LOOKUP] = p->lookup_ns,
        [RK_STAGE_WAIT] = before_ns + slot->fed_ns - p->ready_ns,
        [RK_STAGE_UPLOAD] = slot->submitted_ns - slot->fed_ns,
        [RK_STAGE_GPU] = done_ns - slot->submitted_ns,
        [RK_STAGE_READBACK] = read_ns - start_ns,
        [RK_STAGE_SELECT] = selected_ns - read_ns,
    };
    for (int i = 0; i < RK_N_STAGES; i++)
        answer.stage_ns[i] = (uint32_t)MIN(ns[i], UINT32_MAX);
    give(s, &answer);
}

// Answers the oldest batch, if it is done or is to be waited for.
static gboolean
finish_oldest(RkSession *s, gboolean wait)
{
    RkServeSlot *slot = &s->slot[s->oldest];
    GError *failure = NULL;
    if (s->n_busy == 0 || (!wait && !rk_plan_is_done(slot->active->plan)))
        return FALSE;
    gboolean done = rk_plan_wait(slot->active->plan, &failure);
    uint64_t done_ns = rk_clock_ns();
    for (uint32_t q = 0; done && q < slot->n; q++)
        answer_query(s, slot, q, done_ns);
    if (done)
        release(s, slot);
    else
        fail_batch(s, slot, failure);
    s->oldest = (s->oldest + 1) % s->n_slots; // its plan's output was needed until now
    s->n_busy--;
    return TRUE;
}

// ---- the loop ------------------------------------------------------------------------------

static uint64_t
next_deadline(const RkSession *s)
{
    uint64_t until_ns = UINT64_MAX;
    for (uint32_t i = 0; i < s->n_sizes; i++)
        if (s->size[i].n_waiting > 0)
            until_ns = MIN(until_ns, s->size[i].deadline_ns);
    return until_ns;
}

static gboolean
has_waiting(const RkSession *s)
{
    return next_deadline(s) != UINT64_MAX;
}

static void
rest(RkSession *s, uint64_t idle_since_ns)
{
    if (s->n_busy == s->n_slots) {
        finish_oldest(s, TRUE);
        return;
    }
    uint64_t now_ns = rk_clock_ns();
    if (now_ns - idle_since_ns < s->spin_ns) {
        relax();
        return;
    }
    uint64_t until_ns = next_deadline(s);
    if (s->n_busy > 0)
        until_ns = MIN(until_ns, now_ns + SLICE_NS);
    rk_query_queue_announce(&s->queue);
    if (atomic_load(&s->stopping) || (atomic_load(&s->flushing) && has_waiting(s)))
        until_ns = 0;
    if (s->n_busy == 0 && until_ns == UINT64_MAX)
        tell_flushed(s);
    rk_query_queue_sleep(&s->queue, until_ns);
}

gpointer
rk_session_serve(gpointer data)
{
    RkSession *s = data;
    uint64_t idle_since_ns = rk_clock_ns();
    prctl(PR_SET_TIMERSLACK, 1000ul); // ns: delays are tens of microseconds
    while (!atomic_load_explicit(&s->stopping, memory_order_relaxed)) {
        gboolean any = finish_oldest(s, FALSE);
        any |= take_queries(s);
        any |= submit_due(s);
        if (any)
            idle_since_ns = rk_clock_ns();
        else
            rest(s, idle_since_ns);
    }
    return NULL;
}
