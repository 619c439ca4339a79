// SPDX-License-Identifier: GPL-3.0-or-later
//
// A stored model in detail: what it is, where it comes from, what was measured. Main thread.
#pragma once

#include "job/model_jobs.h"
#include "store/model.h"

#include <adwaita.h>

// Fills an empty page. `measured` (may be NULL) is what was measured since the start.
void rk_model_detail_add(AdwPreferencesPage *page, const GPtrArray *models,
                         const RkStoredModel *model, const RkMeasuredModel *measured);

// "auc 0.7912, logloss 0.4412": the first metrics that a model was stored with; NULL without any.
char *rk_model_metrics_text(const RkStoredModel *model, guint n);

// The models as a tree: GArray of RkModelPlace, a parent before its children.
typedef struct {
    const RkStoredModel *model;
    guint depth;
} RkModelPlace;
GArray *rk_model_tree(const GPtrArray *models);
