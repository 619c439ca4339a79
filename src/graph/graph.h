// SPDX-License-Identifier: GPL-3.0-or-later
//
// A model: a static SSA graph, an array of nodes in execution order, built once and then only
// read. Errors stick: after the first, building goes on harmlessly and rk_graph_check() reports
// it, so model code needs no check at each line. Owner's thread while it is built; any after.
#pragma once

#include "base/arena.h"
#include "graph/op.h"

typedef enum {
    RK_NODE_OP,
    RK_NODE_INPUT, // fed by the host at every step
    RK_NODE_PARAM, // persistent on the device, shared by every plan of a model
    RK_NODE_FILL,  // a constant, `value` everywhere
} RkNodeKind;

typedef struct {
    RkNodeKind kind;
    const RkOp *op;   // of an OP
    const char *name; // of an INPUT or PARAM; a label or NULL on others
    RkType type;
    uint32_t n_in;
    const RkRef *in;
    uint32_t n_attr;
    const RkAttr *attr;
    double value; // of a FILL
} RkNode;

RkGraph *rk_graph_new(void);
void rk_graph_free(RkGraph *graph);
RkGraph *rk_graph_copy(const RkGraph *graph);

// Sources. Names are unique in a graph.
RkRef rk_graph_input(RkGraph *graph, const char *name, RkType type);
RkRef rk_graph_param(RkGraph *graph, const char *name, RkType type);
RkRef rk_graph_fill(RkGraph *graph, RkType type, double value);

// An op on earlier nodes; in[i] RK_NONE leaves an optional input out. attr may be NULL when the
// row has no attributes. Returns RK_NONE after an error.
RkRef rk_graph_op(RkGraph *graph, const RkOp *op, uint32_t n_in, const RkRef *in, uint32_t n_attr,
                  const RkAttr *attr);

// Says that a model's shapes don't fit, in the words of whoever builds it.
void rk_graph_fail(RkGraph *graph, const char *format, ...) G_GNUC_PRINTF(2, 3);
// Says that a setting can't be, an error of usage, with what to give instead.
void rk_graph_refuse(RkGraph *graph, const char *format, ...) G_GNUC_PRINTF(2, 3);
void rk_graph_label(RkGraph *graph, RkRef ref, const char *label); // for dumps and profiles

uint32_t rk_graph_size(const RkGraph *graph);
const RkNode *rk_graph_node(const RkGraph *graph, RkRef ref);
const RkType *rk_graph_type(const RkGraph *graph, RkRef ref); // a scalar f32 for RK_NONE
RkRef rk_graph_find(const RkGraph *graph, const char *name);  // INPUT or PARAM; RK_NONE
RkArena *rk_graph_arena(RkGraph *graph);

// FALSE with the first error of building: shapes that don't fit, a name used twice.
gboolean rk_graph_check(const RkGraph *graph, GError **error);

// Binds a node's types at a batch size. args point into the arena.
gboolean rk_graph_bind(const RkGraph *graph, RkRef ref, uint32_t batch, RkArena *arena,
                       RkOpArgs *args, GError **error);

// Text, one node a line, and Graphviz dot. Caller frees.
char *rk_graph_dump_text(const RkGraph *graph);
char *rk_graph_dump_dot(const RkGraph *graph);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkGraph, rk_graph_free)
