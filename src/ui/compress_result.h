// SPDX-License-Identifier: GPL-3.0-or-later
//
// A compressed model beside its parent, as a table and in words. Main thread.
#pragma once

#include "job/model_jobs.h"

#include <gtk/gtk.h>

GtkWidget *rk_compress_result_view_new(const RkCompressResult *result);
