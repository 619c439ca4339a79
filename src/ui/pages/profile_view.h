// SPDX-License-Identifier: GPL-3.0-or-later
//
// A profile as a preferences page: numbers, histograms, one expander a field. Main thread.
#pragma once

#include "dataset/profile.h"

#include <adwaita.h>

// Adds its groups to a page. The profile stays the caller's.
void rk_profile_view_add(AdwPreferencesPage *page, const RkProfile *profile);
