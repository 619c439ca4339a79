// SPDX-License-Identifier: GPL-3.0-or-later
//
// Results with something in every member, for tests of exports and charts.
#pragma once

#include "report/results.h"

// `n_trials` trials over two axes; names have characters that every format must escape.
RkResults *results_rig_new(uint32_t n_trials);
