// SPDX-License-Identifier: GPL-3.0-or-later
//
// The clock that a load runs by: the machine's, or that of a simulation (synthetic.h), whose time
// passes only while somebody waits. Struct of functions, to be embedded as the first member.
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct RkTimer RkTimer;
struct RkTimer {
    uint64_t (*now)(RkTimer *timer); // ns, as rk_clock_ns()

    // Returns at that time or a little later. The issuer's thread.
    void (*sleep_until)(RkTimer *timer, uint64_t until_ns);

    // Returns once *count (atomic) is at least `wanted`, or at that time. The issuer's thread.
    void (*await)(RkTimer *timer, const uint64_t *count, uint64_t wanted, uint64_t until_ns);

    // The count has grown. Any thread; must not wait.
    void (*told)(RkTimer *timer);

    void (*free)(RkTimer *timer); // NULL when something else owns it
};

// The machine's clock: sleeps on the absolute time, then spins for the last spin_ns.
RkTimer *rk_timer_new(uint64_t spin_ns);
void rk_timer_free(RkTimer *timer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkTimer, rk_timer_free)
