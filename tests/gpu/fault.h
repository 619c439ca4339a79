// SPDX-License-Identifier: GPL-3.0-or-later
//
// Steers the fault layer (fault_layer.c) from inside a test. Call fault_load() before the first
// device is opened; every device after that goes through the layer, which does nothing until armed.
#pragma once

#include <dlfcn.h>
#include <glib.h>

typedef struct {
    void (*arm)(const char *spec);    // "vkQueueSubmit:2:-4", "vkCreateBuffer:1+:-2"; NULL disarms
    int (*fired)(void);               // how often the armed call failed
    void (*limits)(const char *spec); // "timestampValidBits:0,heapSize:67108864"; NULL lifts
} Fault;

static inline Fault
fault_load(void)
{
    const char *build = g_getenv("RANKINE_TEST_BUILD");
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *near = g_path_get_dirname(self ? self : "."); // run by hand: <build>/tests
    g_autofree char *folder =
        build ? g_build_filename(build, "tests", "gpu", NULL) : g_build_filename(near, "gpu", NULL);
    g_autofree char *library = g_build_filename(folder, "librankine-fault-layer.so", NULL);
    g_setenv("VK_ADD_LAYER_PATH", folder, TRUE);
    g_setenv("VK_INSTANCE_LAYERS", "VK_LAYER_RANKINE_fault", TRUE);
    void *handle = dlopen(library, RTLD_NOW); // the copy that the loader will get, too
    if (handle == NULL)
        g_error("Can't load the fault layer: %s. Build it, and set RANKINE_TEST_BUILD.", dlerror());
    Fault fault;
    *(void **)&fault.arm = dlsym(handle, "rk_fault_arm");
    *(void **)&fault.fired = dlsym(handle, "rk_fault_fired");
    *(void **)&fault.limits = dlsym(handle, "rk_fault_limits");
    return fault;
}
