// SPDX-License-Identifier: GPL-3.0-or-later
//
// Models of the zoo on made-up rows, to be compressed: their scores in double precision and on a
// device.
#pragma once

#include "compress/compress.h"
#include "graph/eval.h"
#include "plan/plan.h"

enum { RIG_B = 16 };

// Starts a test program and opens its device, which ends with it; runs the tests and closes it.
RkDevice *rig_begin(int *argc, char ***argv);
int rig_end(RkDevice *device); // the exit status

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

// Where a graph's parameters and inputs come from; that of a model alone.
typedef struct {
    const RkWeight *(*weight)(const void *data, const char *name);
    void (*fill)(const char *input, const RkTensor *tensor, void *to);
    const void *data;
} RigSource;
RigSource rig_source(const RkCompressed *model);

// A graph for RIG_B rows: every node in double precision; one node's values on the device. Free.
RkEval *rig_evaluate(const RkGraph *graph, const RigSource *source);
float *rig_compute(RkDevice *device, const RkGraph *graph, RkRef output, const RigSource *source);

// The same model with every parameter as plain values again.
RkCompressed *rig_plain(const RkCompressed *model);

// Activations that a device would show, the same at every call: RkPassContext.activations.
gboolean rig_activations(RkPassContext *context, const RkCompressed *model,
                         void (*visit)(void *to, const char *name, const float *x, uint64_t rows,
                                       uint32_t cols),
                         void *to, GError **error);

double rig_size(const double *scores); // of RIG_B: their root mean square
