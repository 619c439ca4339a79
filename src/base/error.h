// SPDX-License-Identifier: GPL-3.0-or-later
//
// The one error domain. A message reads: action + object + cause + what to do.
// Any thread.
#pragma once

#include <glib.h>

#define RK_ERROR (rk_error_quark())

typedef enum {
    RK_ERROR_FAILED,      // the work failed for a reason no other code names
    RK_ERROR_USAGE,       // the command line or the suite is wrong (exit status 2)
    RK_ERROR_DATA,        // outside data is malformed
    RK_ERROR_SHAPE,       // shapes, dtypes or indices that don't fit
    RK_ERROR_NOT_FOUND,   // a name, file, device or shader that isn't there
    RK_ERROR_UNSUPPORTED, // the device or the build can't do it
    RK_ERROR_MEMORY,      // host or device memory ran out, or a limit was passed
    RK_ERROR_DEVICE,      // a Vulkan call failed
    RK_ERROR_DEVICE_LOST, // the device is gone; recreate it and replay
    RK_ERROR_DATABASE,    // an SQLite call failed
    RK_ERROR_CANCELLED,   // interrupted (exit status 130)
} RkErrorCode;

GQuark rk_error_quark(void);
