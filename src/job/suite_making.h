// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a suite has to make before its first measurement, and what is known of the time that takes.
// Reads the store and makes nothing. Caller's thread.
#pragma once

#include "job/suite_run.h"

typedef struct {
    gboolean data;       // the dataset isn't there yet
    uint32_t n_train;    // models to train
    uint32_t n_compress; // models to make of trained ones
    uint32_t n_timed;    // of n_train: those whose time earlier runs tell
    double seconds;      // of these
    GPtrArray *untimed;  // of char *, kinds of the others, each once ("neumf"), in order
} RkSuiteMaking;

void rk_suite_making_clear(RkSuiteMaking *making);

// Names in the store of the trained model that a trial (of `specs`, RkTrialSpec) serves and of what
// is made of it, the same without compression. Free them.
void rk_suite_making_names(const RkSuite *suite, const RkTrialSpec *spec, char **trained,
                           char **stored);

// `store` may be NULL: then all is to be made. A model's time is that of the newest finished run of
// its kind for as many events and epochs, whatever the other settings and the device were, so it is
// an order of magnitude. Without such a run, or before the number of events is known, the kind is
// among `untimed`.
gboolean rk_suite_making(RkStore *store, const RkSuite *suite, const GPtrArray *specs,
                         RkSuiteMaking *making, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RkSuiteMaking, rk_suite_making_clear)
