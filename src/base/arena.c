// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/arena.h"

#include <string.h>

#define BLOCK_BYTES ((size_t)64 * 1024) // a graph of a few hundred nodes fits in one block
#define ALIGN       ((size_t)16)        // widest scalar type on every supported ABI

typedef struct Block {
    struct Block *next;
    size_t used;
    size_t size;
} Block;

struct RkArena {
    Block *head;
};

_Static_assert(sizeof(Block) <= 2 * ALIGN, "block header fits its padding");

static Block *
block_new(size_t payload)
{
    size_t size = MAX(payload, BLOCK_BYTES);
    Block *block = g_malloc0(2 * ALIGN + size);
    block->size = size;
    return block;
}

RkArena *
rk_arena_new(void)
{
    RkArena *arena = g_new0(RkArena, 1);
    arena->head = block_new(0);
    return arena;
}

void
rk_arena_free(RkArena *arena)
{
    if (arena == NULL)
        return;
    for (Block *block = arena->head; block != NULL;) {
        Block *next = block->next;
        g_free(block);
        block = next;
    }
    g_free(arena);
}

void *
rk_arena_alloc(RkArena *arena, size_t n, size_t size)
{
    size_t bytes;
    if (!g_size_checked_mul(&bytes, n, size) || bytes > G_MAXSIZE / 2)
        g_error("arena: %zu objects of %zu bytes overflow", n, size);
    bytes = (bytes + ALIGN - 1) & ~(ALIGN - 1);
    Block *block = arena->head;
    if (block->size - block->used < bytes) {
        block = block_new(bytes);
        block->next = arena->head;
        arena->head = block;
    }
    void *p = (char *)block + 2 * ALIGN + block->used;
    block->used += bytes;
    return p;
}

char *
rk_arena_strdup(RkArena *arena, const char *text)
{
    size_t bytes = strlen(text) + 1;
    return memcpy(rk_arena_alloc(arena, bytes, 1), text, bytes);
}
