// SPDX-License-Identifier: GPL-3.0-or-later
//
// A bounded queue of queries from one issuing thread to one serving thread. Neither ever waits for
// the other: a push to a full queue is refused, and the server sleeps on a semaphore that the
// issuer posts only when it must.
#pragma once

#include "serve/system.h"

#include <semaphore.h>
#include <stdatomic.h>

typedef struct {
    RkQuery query;
    uint64_t issued_ns;
} RkQueued;

typedef struct {
    RkQueued *ring; // [mask + 1]
    uint32_t mask;
    _Alignas(64) _Atomic uint32_t tail; // the issuer's: the next to be written
    _Alignas(64) _Atomic uint32_t head; // the server's: the next to be read
    _Alignas(64) _Atomic int sleeping;
    sem_t wake;
} RkQueryQueue;

// Room for at least n queries.
gboolean rk_query_queue_init(RkQueryQueue *queue, uint32_t n, GError **error);
void rk_query_queue_clear(RkQueryQueue *queue);

// Issuer. How many of the queries were taken.
uint32_t rk_query_queue_push(RkQueryQueue *queue, const RkQuery *queries, uint32_t n);

// Any thread: the server looks at the queue again.
void rk_query_queue_wake(RkQueryQueue *queue);

// Server. FALSE when there is none.
gboolean rk_query_queue_pop(RkQueryQueue *queue, RkQueued *query);

// Server: says that it is about to sleep. What else may call for it is to be looked at between this
// and the sleep, which must follow.
void rk_query_queue_announce(RkQueryQueue *queue);

// Server: sleeps until something is pushed or it is woken, or until rk_clock_ns() is `until_ns`
// (0: not at all; UINT64_MAX: for ever). It may return early.
void rk_query_queue_sleep(RkQueryQueue *queue, uint64_t until_ns);
