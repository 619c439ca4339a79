// SPDX-License-Identifier: GPL-3.0-or-later
//
// What can be added to a sweep: models, axes, settings of the load, limits. Main thread.
#pragma once

#include "job/suite_draft.h"
#include "job/suite_served.h"
#include "ui/app_session.h"
#include "ui/picker.h"

// Ids are "stored:NAME" and "zoo:NAME".
void rk_tune_fill_models(RkPicker *picker, RkAppSession *session);

// Ids are names of parameters that the draft doesn't have yet: those of the load, or all.
void rk_tune_fill_axes(RkPicker *picker, const RkSuiteDraft *draft, const RkSuiteTables *tables,
                       gboolean load_only);

// Ids are names of gates.
void rk_tune_fill_limits(RkPicker *picker, const RkSuiteDraft *draft);

// What a row of the draft means, with its range or choices. Free it; NULL for an unknown one.
char *rk_tune_row_help(const RkSuiteDraft *draft, const RkSuiteTables *tables, RkDraftPart part,
                       const char *name);

// Values to begin with: every choice of a few, else the default. Free it.
char *rk_tune_first_values(const RkSuiteDraft *draft, const RkSuiteTables *tables,
                           const char *name);
