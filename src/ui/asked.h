// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a widget asked a job for: when the job ends the widget may be gone, or want something else
// by then. Main thread.
#pragma once

#include "ui/app_session.h"

typedef struct {
    GWeakRef by;      // the object that asked
    GWeakRef session; // an RkAppSession
    char *name;       // what for, or NULL
    guint n;          // likewise
} RkAsked;

// Has `ended` called with an RkAsked of these when the job of `spec` has ended; the RkAsked is
// freed after that, or with the jobs.
void rk_asked(RkJobSpec *spec, void (*ended)(RkJob *, const RkJobSnapshot *, gpointer asked),
              gpointer by, RkAppSession *session, const char *name, guint n);
