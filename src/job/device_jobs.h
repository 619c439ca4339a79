// SPDX-License-Identifier: GPL-3.0-or-later
//
// Jobs over Vulkan devices.
#pragma once

#include "gpu/ceilings.h"
#include "job/workspace.h"

// Lists the devices. Result: GArray of RkDeviceInfo, empty where the machine has none.
RkJobSpec rk_devices_job(RkWorkspace *workspace);

// Measures what a device (by index) does at best; `title` is shown. Result: RkCeilings, to
// g_free().
RkJobSpec rk_ceilings_job(RkWorkspace *workspace, uint32_t index, const char *title);
