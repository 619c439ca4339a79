// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/timer.h"

#include "base/clock.h"

#include <errno.h>
#include <time.h>

#define AWAIT_SPIN_NS 20000u // a wake-up by the system takes about as long

typedef struct {
    RkTimer base;
    uint64_t spin_ns;
    GMutex mutex;
    GCond cond;
    gint waiting; // atomic
} RealTimer;

static inline void
relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static uint64_t
real_now(RkTimer *timer)
{
    return rk_clock_ns();
}

static void
real_sleep_until(RkTimer *timer, uint64_t until_ns)
{
    const RealTimer *t = (RealTimer *)timer;
    uint64_t now = rk_clock_ns();
    if (until_ns > now + t->spin_ns) {
        uint64_t wake = until_ns - t->spin_ns;
        const struct timespec at = {.tv_sec = (time_t)(wake / 1000000000u),
                                    .tv_nsec = (long)(wake % 1000000000u)};
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
            ;
    }
    while (rk_clock_ns() < until_ns)
        relax();
}

static gboolean
reached(const uint64_t *count, uint64_t wanted)
{
    return __atomic_load_n(count, __ATOMIC_SEQ_CST) >= wanted;
}

static void
real_await(RkTimer *timer, const uint64_t *count, uint64_t wanted, uint64_t until_ns)
{
    RealTimer *t = (RealTimer *)timer;
    uint64_t spin_end = MIN(rk_clock_ns() + AWAIT_SPIN_NS, until_ns);
    do {
        if (reached(count, wanted))
            return;
        relax();
    } while (rk_clock_ns() < spin_end);
    g_mutex_lock(&t->mutex);
    g_atomic_int_set(&t->waiting, 1);
    while (!reached(count, wanted) && rk_clock_ns() < until_ns)
        if (!g_cond_wait_until(&t->cond, &t->mutex, (gint64)MIN(until_ns / 1000 + 1, INT64_MAX)))
            break;
    g_atomic_int_set(&t->waiting, 0);
    g_mutex_unlock(&t->mutex);
}

static void
real_told(RkTimer *timer)
{
    RealTimer *t = (RealTimer *)timer;
    if (!g_atomic_int_get(&t->waiting))
        return;
    g_mutex_lock(&t->mutex);
    g_cond_signal(&t->cond);
    g_mutex_unlock(&t->mutex);
}

static void
real_free(RkTimer *timer)
{
    RealTimer *t = (RealTimer *)timer;
    g_mutex_clear(&t->mutex);
    g_cond_clear(&t->cond);
    g_free(t);
}

RkTimer *
rk_timer_new(uint64_t spin_ns)
{
    RealTimer *t = g_new0(RealTimer, 1);
    t->base = (RkTimer){.now = real_now,
                        .sleep_until = real_sleep_until,
                        .await = real_await,
                        .told = real_told,
                        .free = real_free};
    t->spin_ns = spin_ns;
    g_mutex_init(&t->mutex);
    g_cond_init(&t->cond);
    return &t->base;
}

void
rk_timer_free(RkTimer *timer)
{
    if (timer != NULL && timer->free != NULL)
        timer->free(timer);
}
