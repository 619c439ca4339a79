// SPDX-License-Identifier: GPL-3.0-or-later
//
// Makes a row's samples concrete: shapes, values, graph. Tests compare with them, the tuner and
// `rankine kernels` time them. Any thread.
#pragma once

#include "graph/graph.h"

uint32_t rk_sample_n_in(const RkOp *op, const RkSample *sample);
RkTensor rk_sample_tensor(const RkSample *sample, uint32_t i);

// Values of every input as the packed dtype can hold them; [n_in] arrays that the caller frees
// with rk_sample_free_values(). The same seed gives the same values.
double **rk_sample_values(const RkOp *op, const RkSample *sample, uint64_t seed);
void rk_sample_free_values(double **values, uint32_t n_in);

// The op on the sample's inputs: u32 ones are INPUT nodes, others PARAM nodes, named "in0" and on.
// in[i] receives each node, RK_NONE where the sample leaves one out. Returns the op's node.
RkRef rk_sample_build(RkGraph *graph, const RkOp *op, const RkSample *sample, RkRef *in);
