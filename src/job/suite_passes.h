// SPDX-License-Identifier: GPL-3.0-or-later
//
// The compression that a trial's settings ask for. Any thread.
#pragma once

#include "report/results.h"

// Passes as rk_pass_parse() takes them, in passes.def's order; empty for a model as it was trained.
// Free them.
GStrv rk_suite_passes(const GArray *settings);
