// SPDX-License-Identifier: GPL-3.0-or-later
//
// The row that an op is. Everything about an op is in its row and its shader: shape rule,
// gradient, double-precision oracle, cost, kernels, samples, tolerance. Tests walk the rows; no
// code elsewhere names an op. Rows are const; no Vulkan type appears here. Any thread.
#pragma once

#include "base/bind.h"
#include "base/caps.h"
#include "graph/tensor.h"

typedef struct RkGraph RkGraph;
typedef struct RkOp RkOp;
typedef struct RkKernel RkKernel;
typedef uint32_t RkRef; // a node of a graph

#define RK_MAX_ATTRS 48u
#define RK_NONE      UINT32_MAX // no node: an optional input left out, no gradient

typedef union {
    int32_t i;
    float f;
} RkAttr;

// An op applied to tensors whose extents are known.
typedef struct {
    const RkOp *op;
    uint32_t n_in;
    const RkTensor *in; // [n_in]; an optional input left out has present[i] FALSE
    const gboolean *present;
    RkTensor out;
    uint32_t n_attr;
    const RkAttr *attr;
} RkOpArgs;

// The same with the batch size open, for the shape rule.
typedef struct {
    const RkOp *op;
    uint32_t n_in;
    const RkType *in;
    const gboolean *present;
    uint32_t n_attr;
    const RkAttr *attr;
} RkOpTypes;

typedef struct {
    double flops;
    double bytes; // the fewest that must move: each input read once, the output written once
} RkCost;

// --- kernels ---------------------------------------------------------------------------------

enum {
    RK_OPERAND_OUT = -1,     // the output tensor
    RK_OPERAND_SCRATCH = -2, // list->scratch_bytes of uninitialised memory, the node's own
};

typedef struct {
    int32_t operand; // 0..n_in-1 is an input
    RkBindKind kind;
    gboolean writes;
    uint64_t offset, bytes; // part of the operand; bytes 0 is all of it
} RkOperand;

// One dispatch of a kernel. Everything in it is fixed when the plan is recorded.
typedef struct {
    const char *shader; // embedded SPIR-V name
    uint32_t n_operands;
    RkOperand operand[RK_MAX_BINDINGS]; // binding i of set 0
    uint32_t n_spec;
    uint32_t spec[RK_MAX_SPEC]; // constant_id i
    uint32_t n_push;
    uint32_t push[RK_MAX_PUSH];
    uint32_t grid[3]; // workgroups
} RkDispatch;

typedef struct {
    GArray *dispatches; // of RkDispatch; a barrier stands between two of them
    uint64_t scratch_bytes;
} RkDispatchList;

// Builders; `d` is valid until the next rk_dispatch_add().
RkDispatch *rk_dispatch_add(RkDispatchList *list, const char *shader);
void rk_dispatch_read(RkDispatch *d, int32_t operand, RkBindKind kind);
void rk_dispatch_write(RkDispatch *d, int32_t operand, RkBindKind kind); // also read and write
void rk_dispatch_spec(RkDispatch *d, uint32_t value);
void rk_dispatch_push(RkDispatch *d, uint32_t value);
void rk_dispatch_push_float(RkDispatch *d, float value);
// A grid of at least n workgroups in x and y within the device's limits; shaders compute their
// linear index with RK_GROUP (shaders/lib/grid.glsl) and check it against n.
void rk_dispatch_grid(RkDispatch *d, const RkCaps *caps, uint64_t n_groups);

// Whether the device can see the tensor through that kind of binding.
gboolean rk_bind_fits(const RkCaps *caps, RkBindKind kind, const RkTensor *tensor);

// One way to compute an op. Variants of one shader differ in `param` alone.
struct RkKernel {
    const char *name; // "texel 8x8"
    const char *shader;
    uint32_t param[8]; // the family's own: tile, unroll, local size
    gboolean (*supports)(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args);
    void (*record)(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args,
                   RkDispatchList *list);
};

// --- tests read these ---------------------------------------------------------------------------

typedef enum {
    RK_FILL_NORMAL,
    RK_FILL_POSITIVE, // 0.1 to 2
    RK_FILL_UNIT,     // 0 to 1
    RK_FILL_BINARY,   // 0 or 1
    RK_FILL_INDEX,    // whole numbers below `limit`
    RK_FILL_OFFSETS,  // [n]: 0 = first <= ... <= last = limit, with empty bags
    RK_FILL_INTEGER,  // the whole range of an integer dtype
    RK_FILL_CONSTANT, // `value` everywhere
} RkFill;

typedef struct {
    RkDtype dtype;
    uint32_t rank;
    uint32_t dim[RK_MAX_RANK];
    RkFill fill;
    uint32_t limit;
    float value;
    gboolean absent; // an optional input left out
} RkSampleInput;

typedef struct {
    const char *name; // "odd sizes"
    uint32_t n_in;    // 0: as many as the row takes
    RkSampleInput in[12];
    uint32_t n_attr;
    RkAttr attr[RK_MAX_ATTRS];
    gboolean no_grad; // not differentiable here (a kink, or too large for finite differences)
    gboolean bench;   // only timed by `rankine kernels`, too large for a test
} RkSample;

// --- the row
// --------------------------------------------------------------------------------------

enum {
    RK_OP_ALIAS = 1 << 0,   // the output is input 0's memory (reshape, in-place updates)
    RK_OP_HOST = 1 << 1,    // computed by `host` on a CPU thread from graph inputs, before a submit
    RK_OP_FUSED = 1 << 2,   // made by the fusion pass; models don't build it
    RK_OP_COMPOSE = 1 << 3, // pointwise: the fusion pass may join it with its neighbours
};

struct RkOp {
    const char *name;             // "matmul"
    const char *const *input;     // names of the inputs, NULL-terminated, optional ones end in '?';
                                  // a last name that ends in '*' stands for any number
    const char *const *attribute; // "i:axis" or "f:eps", NULL-terminated; NULL when none
    uint32_t flags;
    uint32_t writes;  // bit i: input i is updated in place
    uint32_t padded;  // bit i: UINT32_MAX in index input i stands for "none"
    const void *data; // the family's own

    // Shape rule: checks the inputs, fills *out. Fails with RK_ERROR_SHAPE.
    gboolean (*infer)(const RkOpTypes *types, RkType *out, GError **error);

    // Adds nodes that compute d loss / d input i from dy = d loss / d y, sets dx[i] (RK_NONE
    // beforehand). NULL: the op has no gradient. Embedding tables call rk_grad_rows() instead.
    void (*grad)(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx);

    // The reference in double precision: reads in[i] [numel], writes out [numel]; ops with
    // `writes` update in[i] as well. RK_OP_ALIAS ops leave out alone (it is in[0]).
    void (*oracle)(const RkOpArgs *args, double *const *in, double *out);

    // RK_OP_HOST: the same on packed data.
    void (*host)(const RkOpArgs *args, const void *const *in, void *out);

    // Index inputs: the exclusive limit of the values of input i, 0 where it is no index. The
    // plan checks every fed index tensor against it before a submit (`padded` allows UINT32_MAX
    // as well).
    uint32_t (*index_limit)(const RkOpArgs *args, uint32_t i);

    RkCost (*cost)(const RkOpArgs *args);

    uint32_t n_kernels;
    const RkKernel *kernels; // first supported is the default, unless `pick` is given
    const RkKernel *(*pick)(const RkCaps *caps, const RkOpArgs *args); // untuned choice or NULL

    // Fusion: tries to take the only consumer of `node` into it: returns the node that computes
    // `consumer`'s value instead, or RK_NONE.
    RkRef (*absorb)(RkGraph *graph, RkRef node, RkRef consumer);

    uint32_t n_samples;
    const RkSample *samples;
    // Fills the inputs that `fill` can't describe (sorted rows, 2:4 masks); NULL when none.
    void (*prepare)(const RkSample *sample, const RkTensor *in, double *const *values);
    double rtol, atol; // |gpu - oracle| <= atol + rtol * (|oracle| + rms(oracle)); reason beside it
};
