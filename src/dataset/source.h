// SPDX-License-Identifier: GPL-3.0-or-later
//
// Where an importer's bytes come from: a file, standard input or memory, decompressed on the way
// when the bytes begin as gzip or zstd do (several members behind each other too). A source is
// read once, front to back, by one thread; rk_source_taken() may be asked from any.
#pragma once

#include "base/error.h"

#include <stdint.h>

typedef struct RkSource RkSource;

// `path` is a file or "-" for standard input. RK_ERROR_NOT_FOUND when it can't be opened.
RkSource *rk_source_open(const char *path, GError **error);

// The same over bytes in memory, with the name that messages use.
RkSource *rk_source_new_bytes(const char *name, GBytes *bytes);
void rk_source_free(RkSource *source);

// The file as messages call it: the path, or "standard input".
const char *rk_source_name(const RkSource *source);

// "gzip", "zstd", or NULL; known after the first peek or read.
const char *rk_source_compression(const RkSource *source);

// The first bytes (decompressed), up to `want` of them or all there are, without taking them.
// The memory is the source's and stays until it is freed. NULL on error; may be called once.
const char *rk_source_peek(RkSource *source, size_t want, size_t *n, GError **error);

// Takes bytes (decompressed) until the buffer holds n or the end has come; the count, or -1.
// RK_ERROR_DATA when the compressed data is damaged or stops too early.
gssize rk_source_read(RkSource *source, char *buffer, size_t n, GError **error);

// Whether it can be opened again: a file or memory, not a pipe.
gboolean rk_source_is_seekable(const RkSource *source);

// For progress: bytes of the file taken so far and in all, as they are stored; 0 if unknown.
uint64_t rk_source_taken(RkSource *source);
uint64_t rk_source_size(const RkSource *source);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkSource, rk_source_free)
