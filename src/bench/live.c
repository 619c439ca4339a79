// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/live.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

#define PERIOD_US 66667 // 15 a second
#define N_SLOTS   15u   // looks that figures are over: a second
#define SUB       32u   // buckets an octave: 2.2 % wide each
#define N_BUCKETS (48u * SUB)

typedef struct {
    uint64_t begin_ns; // of what was answered since then
    uint32_t n;
    uint32_t count[N_BUCKETS]; // by latency
} Slot;

struct RkLive {
    RkLoadRecords *const *records; // atomic
    RkLiveFunc func;
    void *data;
    GThread *thread;
    GMutex mutex;
    GCond cond;
    gboolean stop;
    // The looking thread's.
    uint64_t n_seen; // records looked at so far
    GArray *waiting; // uint64_t: of them, those without an answer
    uint64_t n_done;
    Slot slot[N_SLOTS]; // a ring
    uint32_t at, n_slots;
    uint32_t sum[N_BUCKETS]; // of the slots
    uint64_t n;              // in them
};

// ---- buckets -------------------------------------------------------------------------------

static uint32_t
bucket_of(uint64_t ns)
{
    if (ns < SUB)
        return (uint32_t)ns;
    const uint32_t octave = 63u - (uint32_t)__builtin_clzll(ns); // at least 5
    const uint32_t within = (uint32_t)(ns >> (octave - 5u)) & (SUB - 1u);
    return MIN((octave - 4u) * SUB + within, N_BUCKETS - 1u);
}

// Its middle.
static double
bucket_ns(uint32_t bucket)
{
    if (bucket < SUB)
        return bucket;
    const double low = ldexp(SUB + bucket % SUB, (int)(bucket / SUB) - 1);
    return low + ldexp(0.5, (int)(bucket / SUB) - 1);
}

static double
quantile_ms(const RkLive *live, double share)
{
    const uint64_t rank = (uint64_t)ceil(share * (double)live->n);
    uint64_t n = 0;
    for (uint32_t b = 0; live->n > 0 && b < N_BUCKETS; b++) {
        n += live->sum[b];
        if (n >= rank)
            return bucket_ns(b) * 1e-6;
    }
    return NAN;
}

// ---- looking -------------------------------------------------------------------------------

// The ring's next slot, empty: what was in it is old.
static Slot *
next_slot(RkLive *live, uint64_t now_ns)
{
    Slot *slot = &live->slot[live->at];
    for (uint32_t b = 0; slot->n > 0 && b < N_BUCKETS; b++)
        live->sum[b] -= slot->count[b];
    live->n -= slot->n;
    memset(slot, 0, sizeof *slot);
    slot->begin_ns = now_ns;
    live->at = (live->at + 1) % N_SLOTS;
    live->n_slots = MIN(live->n_slots + 1, N_SLOTS);
    return slot;
}

// Counts a record's answer; FALSE when there is none yet.
static gboolean
take(RkLive *live, const RkLoadRecords *records, uint64_t i, Slot *slot)
{
    const uint64_t done = __atomic_load_n(&records->record[i].done_ns, __ATOMIC_ACQUIRE);
    if (done == 0)
        return FALSE;
    const uint64_t from = records->scheduled_ns[i];
    const uint32_t bucket = bucket_of(done > from ? done - from : 0);
    slot->count[bucket]++;
    live->sum[bucket]++;
    slot->n++;
    live->n++;
    live->n_done++;
    return TRUE;
}

static void
collect(RkLive *live, const RkLoadRecords *records, Slot *slot)
{
    const uint64_t n = __atomic_load_n(&records->n_issued, __ATOMIC_ACQUIRE);
    guint kept = 0;
    uint64_t *waiting = (uint64_t *)(void *)live->waiting->data;
    for (guint w = 0; w < live->waiting->len; w++)
        if (!take(live, records, waiting[w], slot))
            waiting[kept++] = waiting[w];
    g_array_set_size(live->waiting, kept);
    for (; live->n_seen < n; live->n_seen++)
        if (!take(live, records, live->n_seen, slot))
            g_array_append_val(live->waiting, live->n_seen);
}

static void
look(RkLive *live, uint64_t *last_ns)
{
    const RkLoadRecords *records = __atomic_load_n(live->records, __ATOMIC_ACQUIRE);
    const uint64_t now = rk_clock_ns();
    if (records == NULL || now <= records->start_ns || records->start_ns == 0)
        return;
    Slot *slot = next_slot(live, MAX(*last_ns, records->start_ns));
    collect(live, records, slot);
    *last_ns = now;
    const Slot *oldest = &live->slot[live->n_slots < N_SLOTS ? 0 : live->at];
    const double seconds = (double)(now - oldest->begin_ns) * 1e-9;
    const RkLiveSample sample = {.t_s = (double)(now - records->start_ns) * 1e-9,
                                 .n_done = live->n_done,
                                 .qps = seconds > 0 ? (double)live->n / seconds : 0,
                                 .p50_ms = quantile_ms(live, 0.5),
                                 .p99_ms = quantile_ms(live, 0.99)};
    live->func(live->data, &sample);
}

static gpointer
run(gpointer data)
{
    RkLive *live = data;
    uint64_t last_ns = 0;
    g_mutex_lock(&live->mutex);
    gboolean last = FALSE;
    while (!last) {
        const gint64 until = g_get_monotonic_time() + PERIOD_US;
        while (!live->stop && g_cond_wait_until(&live->cond, &live->mutex, until))
            ;
        last = live->stop;
        look(live, &last_ns);
    }
    g_mutex_unlock(&live->mutex);
    return NULL;
}

RkLive *
rk_live_start(RkLoadRecords *const *records, RkLiveFunc func, void *data)
{
    RkLive *live = g_new0(RkLive, 1);
    live->records = records;
    live->func = func;
    live->data = data;
    live->waiting = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_mutex_init(&live->mutex);
    g_cond_init(&live->cond);
    live->thread = g_thread_new("rk-live", run, live);
    return live;
}

void
rk_live_stop(RkLive *live)
{
    if (live == NULL)
        return;
    g_mutex_lock(&live->mutex);
    live->stop = TRUE;
    g_cond_signal(&live->cond);
    g_mutex_unlock(&live->mutex);
    g_thread_join(live->thread);
    g_array_unref(live->waiting);
    g_mutex_clear(&live->mutex);
    g_cond_clear(&live->cond);
    g_free(live);
}
