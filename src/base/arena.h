// SPDX-License-Identifier: GPL-3.0-or-later
//
// A bump allocator: objects of one lifetime (a graph, a plan) live together and go together.
// Owner's thread only. Memory comes zeroed and aligned to 16 bytes.
#pragma once

#include <glib.h>

typedef struct RkArena RkArena;

RkArena *rk_arena_new(void);
void rk_arena_free(RkArena *arena);

// n * size zeroed bytes, aligned to 16; aborts on overflow as g_new() does. Owned by the arena.
void *rk_arena_alloc(RkArena *arena, size_t n, size_t size);
char *rk_arena_strdup(RkArena *arena, const char *text);

#define rk_arena_new0(arena, type, n) ((type *)rk_arena_alloc((arena), (n), sizeof(type)))

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkArena, rk_arena_free)
