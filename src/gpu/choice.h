// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which of several devices to open. Any thread.
#pragma once

#include "gpu/device.h"

// The one that `wanted` names (index, part of the name in any case, UUID), the best type first
// where several match. NULL
// takes RANKINE_DEVICE, and if that is unset or empty the best of all. NULL with RK_ERROR_NOT_FOUND
// and a list of what there is.
const RkDeviceInfo *rk_device_choose(const RkDeviceInfo *infos, uint32_t n, const char *wanted,
                                     GError **error);
