// SPDX-License-Identifier: GPL-3.0-or-later
//
// An X server in memory (Xvfb) for one test program; it ends with the program. Main thread.
#pragma once

#include <glib.h>

// Starts one of that size and sets DISPLAY. FALSE when the machine has no Xvfb or it doesn't start:
// `why` then says so, static.
gboolean rk_screen_start(int width, int height, const char **why);

// Ends it. Without one it does nothing.
void rk_screen_stop(void);
