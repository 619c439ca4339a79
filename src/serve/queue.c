// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/queue.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>

gboolean
rk_query_queue_init(RkQueryQueue *queue, uint32_t n, GError **error)
{
    uint32_t size = 2;
    while (size < n && size < 1u << 30)
        size *= 2;
    memset(queue, 0, sizeof *queue);
    queue->ring = g_try_new0(RkQueued, size);
    queue->mask = size - 1;
    if (queue->ring != NULL && sem_init(&queue->wake, 0, 0) == 0)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                "Can't make a queue of %u queries: %s. Lower queue.", size, g_strerror(errno));
    g_clear_pointer(&queue->ring, g_free);
    return FALSE;
}

void
rk_query_queue_clear(RkQueryQueue *queue)
{
    if (queue->ring == NULL)
        return;
    sem_destroy(&queue->wake);
    g_clear_pointer(&queue->ring, g_free);
}

uint32_t
rk_query_queue_push(RkQueryQueue *queue, const RkQuery *queries, uint32_t n)
{
    uint32_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    uint32_t head = atomic_load_explicit(&queue->head, memory_order_acquire);
    uint32_t room = queue->mask + 1 - (tail - head);
    uint64_t now_ns = rk_clock_ns();
    n = MIN(n, room);
    for (uint32_t i = 0; i < n; i++)
        queue->ring[(tail + i) & queue->mask] = (RkQueued){queries[i], now_ns};
    // Ordered before the look at `sleeping`, as the server orders its own before it sleeps.
    atomic_store_explicit(&queue->tail, tail + n, memory_order_seq_cst);
    if (n > 0)
        rk_query_queue_wake(queue);
    return n;
}

void
rk_query_queue_wake(RkQueryQueue *queue)
{
    if (atomic_load_explicit(&queue->sleeping, memory_order_seq_cst) &&
        atomic_exchange_explicit(&queue->sleeping, 0, memory_order_seq_cst))
        sem_post(&queue->wake);
}

gboolean
rk_query_queue_pop(RkQueryQueue *queue, RkQueued *query)
{
    uint32_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
    if (head == atomic_load_explicit(&queue->tail, memory_order_acquire))
        return FALSE;
    *query = queue->ring[head & queue->mask];
    atomic_store_explicit(&queue->head, head + 1, memory_order_release);
    return TRUE;
}

void
rk_query_queue_announce(RkQueryQueue *queue)
{
    atomic_store_explicit(&queue->sleeping, 1, memory_order_seq_cst);
}

void
rk_query_queue_sleep(RkQueryQueue *queue, uint64_t until_ns)
{
    struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000u),
                             .tv_nsec = (long)(until_ns % 1000000000u)};
    uint32_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
    gboolean forever = until_ns == UINT64_MAX;
    if (head != atomic_load_explicit(&queue->tail, memory_order_seq_cst)) {
        until = (struct timespec){0};
        forever = FALSE;
    }
    int result =
        forever ? sem_wait(&queue->wake) : sem_clockwait(&queue->wake, CLOCK_MONOTONIC, &until);
    // Who took the flag has posted, or is about to: that post must not be left for the next sleep.
    if (result != 0 && !atomic_exchange(&queue->sleeping, 0))
        while (sem_wait(&queue->wake) != 0 && errno == EINTR)
            ;
}
