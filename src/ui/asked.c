// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/asked.h"

static void
asked_free(gpointer data)
{
    RkAsked *asked = data;
    g_weak_ref_clear(&asked->by);
    g_weak_ref_clear(&asked->session);
    g_free(asked->name);
    g_free(asked);
}

void
rk_asked(RkJobSpec *spec, void (*ended)(RkJob *, const RkJobSnapshot *, gpointer), gpointer by,
         RkAppSession *session, const char *name, guint n)
{
    RkAsked *asked = g_new0(RkAsked, 1);
    g_weak_ref_init(&asked->by, by);
    g_weak_ref_init(&asked->session, session);
    asked->name = g_strdup(name);
    asked->n = n;
    spec->ended = ended;
    spec->ended_data = asked;
    spec->free_ended_data = asked_free;
}
