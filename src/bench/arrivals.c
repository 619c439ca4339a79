// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/arrivals.h"

#include "base/rng.h"
#include "bench/fixed.h"

#include <math.h>
#include <string.h>

#define TIME_BITS 16 // behind the point of a time in nanoseconds, so that gaps lose nothing

typedef struct {
    const RkParams *load;
    uint64_t seed;
    uint32_t stream;
    uint64_t rate;    // millionths of queries a second
    uint64_t span;    // Q16 ns: what is to be filled
    uint64_t n_gaps;  // draws so far
    uint64_t n_state; // ..
    GArray *at;
} Process;

uint64_t
rk_millionths(const RkParams *load, const char *name)
{
    return (uint64_t)llround(rk_params_real(load, name) * 1e6);
}

static uint64_t
mean_gap(uint64_t rate)
{
    return (uint64_t)(((unsigned __int128)1000000000000000u << TIME_BITS) / MAX(rate, 1));
}

static uint64_t
exponential(uint64_t mean, uint64_t random)
{
    unsigned __int128 e = (unsigned __int128)mean * (uint64_t)rk_fixed_exponential(random);
    return (uint64_t)(e >> RK_FIXED_BITS);
}

static uint64_t
draw_gap(Process *p, uint64_t mean)
{
    return exponential(mean, rk_rng_u64(p->seed, RK_STREAM_GAP + p->stream, p->n_gaps++));
}

static uint64_t
draw_state(Process *p)
{
    return rk_rng_u64(p->seed, RK_STREAM_STATE + p->stream, p->n_state++);
}

static void
add(Process *p, uint64_t time)
{
    uint64_t ns = time >> TIME_BITS;
    g_array_append_val(p->at, ns);
}

static void
poisson(Process *p)
{
    uint64_t mean = mean_gap(p->rate);
    for (uint64_t time = draw_gap(p, mean); time < p->span; time += draw_gap(p, mean))
        add(p, time);
}

static void
constant(Process *p)
{
    for (uint64_t i = 0;; i++) {
        uint64_t time =
            (uint64_t)(((unsigned __int128)i * 1000000000000000u << TIME_BITS) / MAX(p->rate, 1));
        if (time >= p->span)
            return;
        add(p, time);
    }
}

// A state that ends cuts the gap; the exponential law forgets, so the next one starts there.
static void
bursty(Process *p)
{
    const uint64_t ONE = 1000000;
    uint64_t ratio = rk_millionths(p->load, "burst.ratio");
    uint64_t share = rk_millionths(p->load, "burst.share");
    uint64_t length = rk_millionths(p->load, "burst.length_s") * 1000 << TIME_BITS;
    // rate = calm * (1 - share) + calm * ratio * share
    uint64_t parts = (ONE - share) + (uint64_t)((unsigned __int128)ratio * share / ONE);
    uint64_t calm = (uint64_t)((unsigned __int128)p->rate * ONE / parts);
    const uint64_t gap[2] = {mean_gap(calm),
                             mean_gap((uint64_t)((unsigned __int128)calm * ratio / ONE))};
    const uint64_t stay[2] = {(uint64_t)((unsigned __int128)length * (ONE - share) / share),
                              length};
    unsigned state = rk_fixed_scale(draw_state(p), ONE) < share;
    uint64_t time = 0;
    while (time < p->span) {
        uint64_t end = time + exponential(stay[state], draw_state(p));
        for (uint64_t next = time + draw_gap(p, gap[state]); next < MIN(end, p->span);
             next += draw_gap(p, gap[state]))
            add(p, next);
        time = end;
        state = !state;
    }
}

static void
ramp(Process *p)
{
    const uint64_t ONE = 1000000;
    uint64_t from = MIN(rk_millionths(p->load, "ramp.from"), ONE);
    uint64_t mean = mean_gap(p->rate);
    for (uint64_t time = draw_gap(p, mean); time < p->span; time += draw_gap(p, mean)) {
        uint64_t grown = (uint64_t)((unsigned __int128)(ONE - from) * time / p->span);
        if (rk_fixed_scale(draw_state(p), ONE) < from + grown)
            add(p, time);
    }
}

static const struct {
    const char *name;
    void (*run)(Process *p);
} PROCESSES[] = {{"poisson", poisson}, {"constant", constant}, {"bursty", bursty}, {"ramp", ramp}};

GArray *
rk_arrivals_new(const RkParams *load, uint64_t seed, uint32_t stream, double seconds)
{
    Process p = {.load = load,
                 .seed = seed,
                 .stream = stream,
                 .rate = rk_millionths(load, "qps"),
                 .span = (uint64_t)llround(seconds * 1e6) * 1000 << TIME_BITS,
                 .at = g_array_new(FALSE, FALSE, sizeof(uint64_t))};
    const char *name = rk_params_text(load, "arrivals");
    for (size_t i = 0; i < G_N_ELEMENTS(PROCESSES); i++)
        if (strcmp(PROCESSES[i].name, name) == 0)
            PROCESSES[i].run(&p);
    return p.at;
}

GArray *
rk_arrivals_replay(const RkParams *load, const RkTrafficEvent *event, uint64_t n)
{
    const uint64_t SECOND = 1000000000;
    GArray *at = g_array_sized_new(FALSE, FALSE, sizeof(uint64_t), (guint)n);
    uint64_t same = 0; // events of the second at hand
    for (uint64_t i = 0, first = 0; i < n; i++) {
        if (i == 0 || event[i].time_s != event[first].time_s) {
            first = i;
            for (same = 1; i + same < n && event[i + same].time_s == event[i].time_s;)
                same++;
        }
        uint64_t ns = (uint64_t)(event[i].time_s - event[0].time_s) * SECOND +
                      (uint64_t)((unsigned __int128)SECOND * (i - first) / same);
        g_array_append_val(at, ns);
    }
    uint64_t speed = rk_millionths(load, "replay.speed"), rate = rk_millionths(load, "qps");
    uint64_t last = n > 0 ? g_array_index(at, uint64_t, n - 1) : 0;
    unsigned __int128 multiply = 1000000, divide = speed;
    if (speed == 0) { // the last of n comes at (n - 1) / qps
        multiply = (unsigned __int128)(MAX(n, 1) - 1) * 1000000000000000u / MAX(rate, 1);
        divide = MAX(last, 1);
    }
    for (uint64_t i = 0; i < n; i++) {
        uint64_t *ns = &g_array_index(at, uint64_t, i);
        *ns = (uint64_t)(*ns * multiply / divide);
    }
    return at;
}
