// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/system.h"

const char *
rk_stage_name(RkStage stage)
{
    static const char *const names[RK_N_STAGES] = {
        [RK_STAGE_PARSE] = "parse",   [RK_STAGE_LOOKUP] = "lookup",
        [RK_STAGE_WAIT] = "wait",     [RK_STAGE_UPLOAD] = "upload",
        [RK_STAGE_GPU] = "gpu",       [RK_STAGE_READBACK] = "readback",
        [RK_STAGE_SELECT] = "select",
    };
    g_return_val_if_fail(stage < RK_N_STAGES, NULL);
    return names[stage];
}

void
rk_system_free(RkSystem *system)
{
    if (system != NULL)
        system->class->free(system);
}
