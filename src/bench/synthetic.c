// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/synthetic.h"

#include "base/clock.h"
#include "base/rng.h"
#include "bench/fixed.h"

#define STREAM_SERVICE 0x6c640600u
#define TOP            10u
#define SPIN_NS        50000u // of the server's own waits

// A query from its issue to its answer.
typedef struct {
    RkQuery query;
    uint64_t issued_ns, begun_ns, done_ns;
} Pending;

typedef struct {
    RkSystem base;
    RkTimer timer; // of a simulated one
    RkSyntheticSpec spec;
    uint64_t now_ns;  // of a simulated one
    uint64_t free_ns; // when the server ends what it has
    uint64_t first_ns;
    uint64_t n_issued, n_answered;
    GQueue pending; // of Pending, in order
    // Real time only.
    RkTimer *clock;
    GThread *thread;
    GMutex mutex; // guards pending and what is counted
    GCond grown, drained;
    gboolean stop;
} Synthetic;

static uint64_t
service_ns(const Synthetic *s, uint64_t n)
{
    if (s->spec.law != RK_SERVICE_EXPONENTIAL)
        return s->spec.law == RK_SERVICE_CONSTANT ? s->spec.mean_ns : 0;
    uint64_t e = (uint64_t)rk_fixed_exponential(rk_rng_u64(s->spec.seed, STREAM_SERVICE, n));
    return (uint64_t)(((unsigned __int128)s->spec.mean_ns * e) >> RK_FIXED_BITS);
}

// When the one server, which serves in order, begins and ends a query that comes now.
static void
plan(Synthetic *s, Pending *p)
{
    if (s->n_issued == 0)
        s->first_ns = p->issued_ns;
    p->begun_ns = MAX(p->issued_ns, s->free_ns);
    uint64_t stall = s->first_ns + s->spec.stall_at_ns;
    if (s->spec.stall_ns > 0 && p->begun_ns >= stall && p->begun_ns < stall + s->spec.stall_ns)
        p->begun_ns = stall + s->spec.stall_ns;
    p->done_ns = p->begun_ns + service_ns(s, s->n_issued++);
    s->free_ns = p->done_ns;
}

static void
answer(Synthetic *s, const Pending *p, uint64_t done_ns)
{
    uint32_t item[TOP];
    float score[TOP];
    const RkQuery *q = &p->query;
    uint32_t n = MIN(q->n_candidates, TOP);
    gboolean forgotten =
        s->spec.forgets > 0 && !(q->flags & RK_QUERY_FRESH) && q->id % s->spec.forgets == 0;
    for (uint32_t i = 0; i < n; i++) {
        item[i] = q->candidates[forgotten ? q->n_candidates - 1 - i : i];
        score[i] = -(float)i;
    }
    const RkAnswer a = {.id = q->id,
                        .done_ns = done_ns,
                        .stage_ns = {[RK_STAGE_WAIT] = (uint32_t)(p->begun_ns - p->issued_ns),
                                     [RK_STAGE_GPU] = (uint32_t)(p->done_ns - p->begun_ns)},
                        .batch = 1,
                        .n = n,
                        .item = item,
                        .score = score};
    s->base.answered(s->base.answered_data, &a);
}

// ---- simulated time ------------------------------------------------------------------------

// Answers what is done until then; time stands at the last answer.
static gboolean
step(Synthetic *s, uint64_t until_ns)
{
    const Pending *head = g_queue_peek_head(&s->pending);
    if (head == NULL || head->done_ns > until_ns)
        return FALSE;
    g_autofree Pending *p = g_queue_pop_head(&s->pending);
    s->now_ns = MAX(s->now_ns, p->done_ns);
    s->n_answered++;
    answer(s, p, p->done_ns);
    return TRUE;
}

static Synthetic *
of_timer(RkTimer *timer)
{
    return (Synthetic *)((char *)timer - G_STRUCT_OFFSET(Synthetic, timer));
}

static uint64_t
simulated_now(RkTimer *timer)
{
    return of_timer(timer)->now_ns;
}

static void
simulated_sleep_until(RkTimer *timer, uint64_t until_ns)
{
    Synthetic *s = of_timer(timer);
    while (step(s, until_ns))
        ;
    s->now_ns = MAX(s->now_ns, until_ns);
}

static void
simulated_await(RkTimer *timer, const uint64_t *count, uint64_t wanted, uint64_t until_ns)
{
    Synthetic *s = of_timer(timer);
    while (*count < wanted && step(s, until_ns))
        ;
    if (*count < wanted)
        s->now_ns = MAX(s->now_ns, until_ns);
}

static void
simulated_told(RkTimer *timer)
{
}

// ---- real time -----------------------------------------------------------------------------

static gpointer
serve(gpointer data)
{
    Synthetic *s = data;
    g_mutex_lock(&s->mutex);
    for (;;) {
        while (g_queue_is_empty(&s->pending) && !s->stop)
            g_cond_wait(&s->grown, &s->mutex);
        g_autofree Pending *p = g_queue_peek_head(&s->pending);
        if (p == NULL)
            break;
        g_mutex_unlock(&s->mutex);
        s->clock->sleep_until(s->clock, p->done_ns);
        answer(s, p, rk_clock_ns());
        g_mutex_lock(&s->mutex);
        g_queue_pop_head(&s->pending);
        s->n_answered++;
        if (g_queue_is_empty(&s->pending))
            g_cond_broadcast(&s->drained);
    }
    g_mutex_unlock(&s->mutex);
    return NULL;
}

// ---- the system ----------------------------------------------------------------------------

static uint32_t
issue(RkSystem *system, const RkQuery *queries, uint32_t n)
{
    Synthetic *s = (Synthetic *)system;
    uint64_t now = s->spec.simulated ? s->now_ns : rk_clock_ns();
    uint32_t taken = 0;
    if (s->clock != NULL)
        g_mutex_lock(&s->mutex);
    for (; taken < n; taken++) {
        if (s->spec.capacity > 0 && s->pending.length >= s->spec.capacity)
            break;
        Pending p = {.query = queries[taken], .issued_ns = now};
        plan(s, &p);
        if (s->spec.law == RK_SERVICE_INSTANT && p.done_ns <= now) {
            s->n_answered++;
            answer(s, &p, now);
            continue;
        }
        g_queue_push_tail(&s->pending, g_memdup2(&p, sizeof p));
    }
    if (s->clock != NULL) {
        g_cond_signal(&s->grown);
        g_mutex_unlock(&s->mutex);
    }
    return taken;
}

static gboolean
flush(RkSystem *system, GError **error)
{
    Synthetic *s = (Synthetic *)system;
    if (s->clock == NULL) {
        while (step(s, UINT64_MAX))
            ;
        return TRUE;
    }
    g_mutex_lock(&s->mutex);
    while (!g_queue_is_empty(&s->pending))
        g_cond_wait(&s->drained, &s->mutex);
    g_mutex_unlock(&s->mutex);
    return TRUE;
}

static void
free_synthetic(RkSystem *system)
{
    Synthetic *s = (Synthetic *)system;
    if (s->thread != NULL) {
        g_mutex_lock(&s->mutex);
        s->stop = TRUE;
        g_cond_signal(&s->grown);
        g_mutex_unlock(&s->mutex);
        g_thread_join(s->thread);
    }
    g_queue_clear_full(&s->pending, g_free);
    rk_timer_free(s->clock);
    g_mutex_clear(&s->mutex);
    g_cond_clear(&s->grown);
    g_cond_clear(&s->drained);
    g_free(s);
}

static const RkSystemClass SYNTHETIC = {
    .name = "synthetic", .issue = issue, .flush = flush, .free = free_synthetic};

RkSystem *
rk_synthetic_new(const RkSyntheticSpec *spec)
{
    Synthetic *s = g_new0(Synthetic, 1);
    s->base.class = &SYNTHETIC;
    s->spec = *spec;
    s->now_ns = 1; // records count a time of 0 as none
    s->timer = (RkTimer){.now = simulated_now,
                         .sleep_until = simulated_sleep_until,
                         .await = simulated_await,
                         .told = simulated_told};
    g_queue_init(&s->pending);
    g_mutex_init(&s->mutex);
    g_cond_init(&s->grown);
    g_cond_init(&s->drained);
    if (!spec->simulated && (spec->law != RK_SERVICE_INSTANT || spec->stall_ns > 0)) {
        s->clock = rk_timer_new(SPIN_NS);
        s->thread = g_thread_new("rk-synthetic", serve, s);
    }
    return &s->base;
}

RkTimer *
rk_synthetic_timer(RkSystem *system)
{
    Synthetic *s = (Synthetic *)system;
    return s->spec.simulated ? &s->timer : NULL;
}
