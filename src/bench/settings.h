// SPDX-License-Identifier: GPL-3.0-or-later
//
// All that can be set about a load: what is asked, when, how much of it, and what makes a result
// valid. One table for `--set`, a suite's "load", sweep axes and the app.
#pragma once

#include "base/params.h"

// scenario  single   one query at a time
//           multi    `streams` at a time, the next ones once all are answered (or any, as
//                    streams.next says)
//           server   open loop: queries come when they come, by `arrivals`
//           offline  all at once: throughput
//           replay   server with the dataset's own events, users and times
extern const RkParam rk_load_params[];
extern const size_t rk_n_load_params;
