// SPDX-License-Identifier: GPL-3.0-or-later
//
// Parameters that a form (models/form.h) says to be stored otherwise: the tensors that stand for
// them, and the layers that compute with those. Only files in src/models include this.
#pragma once

#include "models/model.h"

typedef enum {
    RK_PART_WEIGHT, // the parameter's own name
    RK_PART_SCALE,
    RK_PART_OFFSET,
    RK_PART_X_SCALE,
    RK_PART_MASK, // or places
    RK_PART_MAP,
    RK_PART_LEFT, // whole parameters of their own
    RK_PART_RIGHT,
    RK_N_PACKED_PARTS,
} RkPackedPart;

typedef struct {
    RkRef ref; // stands for the parameter in model code; never computed
    const char *name;
    const RkParamForm *form;
    RkType type; // of the values
    int feature;
    gboolean dense;
    RkRef part[RK_N_PACKED_PARTS];
} RkPackedParam;

// Makes the tensors of a parameter of such values; returns what stands for it.
RkRef rk_packed_add(RkModelBuild *build, const RkParamForm *form, const char *name, RkType type,
                    RkInit init, int feature, gboolean dense);

// Of build->packed; NULL for a plain parameter. Valid until the next parameter is made.
const RkPackedParam *rk_packed_find(const RkModelBuild *build, RkRef ref);

// A tensor of the state, part of `of`, whatever the form says.
RkRef rk_model_add_part(RkModelBuild *build, const char *name, RkType type, RkInit init,
                        int feature, const char *of);
// A parameter as the form says.
RkRef rk_model_add_param(RkModelBuild *build, const char *name, RkType type, RkInit init,
                         int feature, gboolean dense);
