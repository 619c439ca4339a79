// SPDX-License-Identifier: GPL-3.0-or-later
//
// Models of the zoo on made-up rows, to be compressed: their scores in double precision and on a
// device.
#pragma once

#include "compress/compress.h"
#include "plan/plan.h"

enum { RIG_B = 16 };

// With weights drawn from a fixed seed, wide enough that nothing is empty after pruning.
RkCompressed *rig_model(const char *name);
RkCompressed *rig_model_with(const char *name, const char *assignment); // a setting of its own

// Parses and applies; context may be NULL (then nothing may be asked of it).
gboolean rig_apply(RkCompressed *model, const char *pass, RkPassContext *context, GError **error);

// Scores of the rows, [RIG_B]: by the graph's references in double precision; on the device. Free.
double *rig_reference(const RkCompressed *model);
float *rig_run(const RkCompressed *model, RkDevice *device);

// The rows: values of the input of that name.
void rig_fill(const char *input, const RkTensor *tensor, void *to);

// The same model with every parameter as plain values again.
RkCompressed *rig_plain(const RkCompressed *model);
