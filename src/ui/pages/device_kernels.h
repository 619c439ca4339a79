// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a device's kernels reach: the roofline, the time of each op, and what autotuning chose.
// Main thread.
#pragma once

#include "ui/app_session.h"

#define RK_TYPE_DEVICE_KERNELS (rk_device_kernels_get_type())
G_DECLARE_FINAL_TYPE(RkDeviceKernels, rk_device_kernels, RK, DEVICE_KERNELS, AdwBin)

// Follows the session's device.
GtkWidget *rk_device_kernels_new(RkAppSession *session);
