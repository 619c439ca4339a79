// SPDX-License-Identifier: GPL-3.0-or-later
#include "ops/sample.h"

#include "base/rng.h"

#include <string.h>

uint32_t
rk_sample_n_in(const RkOp *op, const RkSample *sample)
{
    if (sample->n_in > 0)
        return sample->n_in;
    uint32_t n = 0;
    while (op->input[n] != NULL)
        n++;
    return n;
}

RkTensor
rk_sample_tensor(const RkSample *sample, uint32_t i)
{
    const RkSampleInput *in = &sample->in[i];
    RkTensor tensor = {.dtype = in->dtype, .rank = in->rank};
    memcpy(tensor.dim, in->dim, sizeof tensor.dim);
    return tensor;
}

static double
draw(const RkSampleInput *in, uint64_t seed, uint32_t stream, uint64_t n, uint64_t numel)
{
    double u = rk_rng_double(seed, stream, n);
    switch (in->fill) {
    case RK_FILL_NORMAL:
        return rk_rng_normal(seed, stream, n);
    case RK_FILL_POSITIVE:
        return 0.1 + 1.9 * u;
    case RK_FILL_UNIT:
        return u;
    case RK_FILL_BINARY:
        return u < 0.5;
    case RK_FILL_INDEX:
        return rk_rng_below(seed, stream, n, in->limit);
    case RK_FILL_OFFSETS: // uneven, with empty bags, ending at the limit
        return n + 1 == numel ? in->limit : (double)(n * in->limit / (numel - 1) / 3 * 3);
    case RK_FILL_INTEGER:
        return in->dtype == RK_I4   ? (double)rk_rng_below(seed, stream, n, 16) - 8
               : in->dtype == RK_I8 ? (double)rk_rng_below(seed, stream, n, 256) - 128
                                    : (double)rk_rng_u32(seed, stream, n);
    case RK_FILL_CONSTANT:
        return in->value;
    }
    return 0;
}

double **
rk_sample_values(const RkOp *op, const RkSample *sample, uint64_t seed)
{
    uint32_t n_in = rk_sample_n_in(op, sample);
    double **values = g_new0(double *, n_in + 1);
    g_autofree RkTensor *tensors = g_new0(RkTensor, n_in + 1);
    for (uint32_t i = 0; i < n_in; i++) {
        tensors[i] = rk_sample_tensor(sample, i);
        uint64_t numel = rk_tensor_numel(&tensors[i]);
        values[i] = g_new0(double, numel + 1);
        for (uint64_t k = 0; k < numel; k++)
            values[i][k] = draw(&sample->in[i], seed, i, k, numel);
    }
    if (op->prepare != NULL)
        op->prepare(sample, tensors, values);
    for (uint32_t i = 0; i < n_in; i++) { // what the dtype can hold
        g_autofree void *packed = g_malloc0(rk_tensor_bytes(&tensors[i]) + 4);
        rk_tensor_pack(&tensors[i], values[i], packed);
        rk_tensor_unpack(&tensors[i], packed, values[i]);
    }
    return values;
}

void
rk_sample_free_values(double **values, uint32_t n_in)
{
    for (uint32_t i = 0; i < n_in; i++)
        g_free(values[i]);
    g_free(values);
}

RkRef
rk_sample_build(RkGraph *graph, const RkOp *op, const RkSample *sample, RkRef *in)
{
    uint32_t n_in = rk_sample_n_in(op, sample);
    for (uint32_t i = 0; i < n_in; i++) {
        const RkSampleInput *input = &sample->in[i];
        g_autofree char *name = g_strdup_printf("in%u", i);
        RkType type = {.dtype = input->dtype, .rank = input->rank};
        for (uint32_t axis = 0; axis < input->rank; axis++)
            type.dim[axis] = RK_DIM(input->dim[axis]);
        in[i] = input->absent            ? RK_NONE
                : input->dtype == RK_U32 ? rk_graph_input(graph, name, type)
                                         : rk_graph_param(graph, name, type);
    }
    return rk_graph_op(graph, op, n_in, in, sample->n_attr, sample->attr);
}
