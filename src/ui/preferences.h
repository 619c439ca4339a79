// SPDX-License-Identifier: GPL-3.0-or-later
//
// The window of preferences: appearance, notifications, the device, and where things are kept. What
// is changed holds at once. Main thread.
#pragma once

#include "ui/app_session.h"

GtkWidget *rk_preferences_new(GtkWindow *parent, RkAppSession *session);
