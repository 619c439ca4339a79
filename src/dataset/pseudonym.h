// SPDX-License-Identifier: GPL-3.0-or-later
//
// Ids replaced by a keyed hash: HMAC-SHA-256 (RFC 2104) of "user:" or "item:" and the id, its
// first 128 bits as 32 hexadecimal digits. Without the key nobody can go back or try ids out; with
// it the same id always gives the same pseudonym. Any thread.
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

#define RK_PSEUDONYM_DIGITS  32u
#define RK_PSEUDONYM_MIN_KEY 16u // bytes: 128 bits

typedef struct RkPseudonym RkPseudonym;

// Reads the key: the bytes of the file without white space at the end. RK_ERROR_USAGE when it is
// shorter than RK_PSEUDONYM_MIN_KEY. `items` replaces the ids of items as well as of users.
RkPseudonym *rk_pseudonym_load(const char *path, gboolean items, GError **error);

// The same from n bytes of memory; `name` is for messages.
RkPseudonym *rk_pseudonym_new(const char *key, size_t n, const char *name, gboolean items,
                              GError **error);
void rk_pseudonym_free(RkPseudonym *pseudonym); // wipes the key

// Whether ids of these ("user", "item") are to be replaced.
gboolean rk_pseudonym_wants(const RkPseudonym *pseudonym, const char *whose);

// Writes the digits for an id of n bytes; not NUL-terminated.
void rk_pseudonym_of(const RkPseudonym *pseudonym, const char *whose, const char *id, size_t n,
                     char digits[RK_PSEUDONYM_DIGITS]);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkPseudonym, rk_pseudonym_free)
