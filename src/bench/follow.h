// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reading along in the answers that a load keeps: a thread of its own looks fifteen times a second
// how many of the first ones there are, and tells of each step once. Whoever answers does nothing
// for it.
#pragma once

#include "bench/loadgen.h"

// The first `n_first` answers are there and stay as they are. On the looking thread; the last calls
// come while rk_follow_stop() waits.
typedef void (*RkFollowFunc)(void *data, const RkAnswerSample *sample, uint64_t n_first);

typedef struct RkFollow RkFollow;

// `samples` is where the load generator puts them (atomic; NULL until then), `n` how many there
// will be; they must stay until rk_follow_stop(). `func` is called for up to `n_steps` counts that
// divide them evenly, the last of them `n`.
RkFollow *rk_follow_start(RkAnswerSample *const *samples, uint64_t n, uint32_t n_steps,
                          RkFollowFunc func, void *data);
void rk_follow_stop(RkFollow *follow);
