// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a device can do at best, measured on it: the roofs of a roofline. Owner's thread only.
#pragma once

#include "gpu/device.h"

typedef struct {
    double copy_gb_s;   // device-to-device copy, bytes read plus bytes written, 1e9 bytes a second
    double fp32_gflops; // independent multiply-add chains in registers, 2 operations each
    double fp16_gflops; // the same on 16-bit values, by the way that `fp16_how` names
    double int8_gops;   // the same on 8-bit integers, by the way that `int8_how` names
    double submit_us;   // submit and wait of an empty command buffer, median
    const char *fp16_how;
    const char *int8_how;
} RkCeilings;

// Measures at the first call (under two seconds), remembers for the device's life. The result
// belongs to the device. Fails as submitting and allocating do.
const RkCeilings *rk_device_ceilings(RkDevice *device, GError **error);
