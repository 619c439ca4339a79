// SPDX-License-Identifier: GPL-3.0-or-later
//
// Text from data, made safe to show, and its size by Pango. A measure belongs to one thread.
#pragma once

#include <pango/pango.h>

// Outside text as one line: valid UTF-8, control characters and line ends become spaces, characters
// that turn the direction of what follows go. NULL gives "". Free it.
char *rk_text_clean(const char *text);

// Escaped for XML and HTML, in content and in quoted attributes; cleaned first. Appends.
void rk_text_escape(GString *to, const char *text);

#define RK_FONT "DejaVu Sans" // fontconfig depends on it, so that it is on every Debian machine

typedef struct RkMeasure RkMeasure;

// `family` NULL is RK_FONT; `scale` multiplies every size (large text in the app), usually 1.
RkMeasure *rk_measure_new(const char *family, double scale);
void rk_measure_free(RkMeasure *measure);

// Width in px of a line at a font size in px.
double rk_measure_width(RkMeasure *measure, const char *text, double size, gboolean bold);

// As it is when it fits into `width` px, else shortened in the middle with an ellipsis. Free it.
char *rk_measure_fit(RkMeasure *measure, const char *text, double size, gboolean bold,
                     double width);

double rk_measure_scale(const RkMeasure *measure);

// The laid-out line, for whoever draws it; the measure's, until the next call.
PangoLayout *rk_measure_layout(RkMeasure *measure, const char *text, double size, gboolean bold);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkMeasure, rk_measure_free)
