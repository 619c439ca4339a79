// SPDX-License-Identifier: GPL-3.0-or-later
//
// Ids on their way to the sink: replaced by pseudonyms, and watched for repetition in side tables.
// The taker's thread.
#pragma once

#include "dataset/emit.h"
#include "dataset/pseudonym.h"

typedef struct RkImportIds RkImportIds;

// `schema` and `pseudonym` (NULL to leave ids as they are) must outlive it.
// Whether there is an id to be replaced: asking for pseudonyms and getting none would be a leak.
// RK_ERROR_USAGE when there isn't. TRUE without a pseudonym.
gboolean rk_import_ids_ready(const RkSchema *schema, const RkPseudonym *pseudonym, GError **error);

RkImportIds *rk_import_ids_new(const RkSchema *schema, const RkPseudonym *pseudonym);
void rk_import_ids_free(RkImportIds *ids);

// Looks at the key of a row of an ITEMS or USERS table: a side table says each thing once. Returns
// NULL when it is a new one, or what is wrong ("FILE: line 3, column 1 (movieId) repeats ..."),
// owned by the caller. Other tables pass.
char *rk_import_ids_check(RkImportIds *ids, const RkRowBatch *rows, uint32_t row);

// Replaces the ids of all rows.
void rk_import_ids_replace(RkImportIds *ids, RkEmitBatch *batch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkImportIds, rk_import_ids_free)
