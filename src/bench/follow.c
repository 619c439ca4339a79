// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/follow.h"

#define PERIOD_US 66667 // 15 a second

struct RkFollow {
    RkAnswerSample *const *samples; // atomic
    uint64_t n;
    uint32_t n_steps;
    RkFollowFunc func;
    void *data;
    GThread *thread;
    GMutex mutex;
    GCond cond;
    gboolean stop;
    // The looking thread's.
    uint64_t n_first;
    uint32_t step; // that was told last
};

static uint64_t
count_of(const RkFollow *follow, uint32_t step)
{
    return (follow->n * step + follow->n_steps - 1) / follow->n_steps;
}

static void
look(RkFollow *follow)
{
    const RkAnswerSample *sample = __atomic_load_n(follow->samples, __ATOMIC_ACQUIRE);
    if (sample == NULL)
        return;
    while (follow->n_first < follow->n &&
           __atomic_load_n(&sample[follow->n_first].is_kept, __ATOMIC_ACQUIRE))
        follow->n_first++;
    while (follow->step < follow->n_steps &&
           count_of(follow, follow->step + 1) <= follow->n_first) {
        const uint64_t before = count_of(follow, follow->step);
        const uint64_t n = count_of(follow, ++follow->step);
        if (n > before) // fewer than steps: not each has one
            follow->func(follow->data, sample, n);
    }
}

static gpointer
run(gpointer data)
{
    RkFollow *follow = data;
    gboolean last = FALSE;
    g_mutex_lock(&follow->mutex);
    while (!last) {
        const gint64 until = g_get_monotonic_time() + PERIOD_US;
        while (!follow->stop && g_cond_wait_until(&follow->cond, &follow->mutex, until))
            ;
        last = follow->stop;
        look(follow);
    }
    g_mutex_unlock(&follow->mutex);
    return NULL;
}

RkFollow *
rk_follow_start(RkAnswerSample *const *samples, uint64_t n, uint32_t n_steps, RkFollowFunc func,
                void *data)
{
    RkFollow *follow = g_new0(RkFollow, 1);
    follow->samples = samples;
    follow->n = n;
    follow->n_steps = n_steps;
    follow->func = func;
    follow->data = data;
    g_mutex_init(&follow->mutex);
    g_cond_init(&follow->cond);
    follow->thread = g_thread_new("rk-follow", run, follow);
    return follow;
}

void
rk_follow_stop(RkFollow *follow)
{
    if (follow == NULL)
        return;
    g_mutex_lock(&follow->mutex);
    follow->stop = TRUE;
    g_cond_signal(&follow->cond);
    g_mutex_unlock(&follow->mutex);
    g_thread_join(follow->thread);
    g_mutex_clear(&follow->mutex);
    g_cond_clear(&follow->cond);
    g_free(follow);
}
