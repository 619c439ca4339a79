// SPDX-License-Identifier: GPL-3.0-or-later
//
// SASRec (Kang and McAuley, ICDM 2018, https://arxiv.org/abs/1808.09781): causal self-attention
// over the items of a user's past predicts the next one. Blocks are those of the authors' code:
// queries are normalized and what they attend to is not, no projection after the heads, residuals
// of the normalized inputs. Histories are padded behind, so place 0 is the oldest item that is
// there. Dropout is on what attention gives instead of on its weights, which are never stored.
#include "models/layers.h"
#include "ops/ops.h"

#include <math.h>

static const RkParam PARAMS[] = {
    {"dim", RK_PARAM_INT, 1, 4096, "50", NULL, NULL, "Size of the item vectors"},
    {"history", RK_PARAM_INT, 1, 1024, "50", "items", NULL, "The longest past that is looked at"},
    {"blocks", RK_PARAM_INT, 1, 16, "2", NULL, NULL, "Self-attention blocks"},
    {"heads", RK_PARAM_INT, 1, 64, "1", NULL, NULL, "Heads of each, a divisor of dim"},
    {"heads.cut", RK_PARAM_TEXT, 0, 0, "", NULL, NULL,
     "Heads that pruning took out, blocks.0.1+blocks.1.0 for the second of the first block and the "
     "first of the second"},
    {"dropout", RK_PARAM_REAL, 0, 0.95, "0.2", NULL, NULL, "Share of hidden units left out"},
    {"init.std", RK_PARAM_REAL, 0, 10, "0.02", NULL, NULL,
     "Standard deviation that vectors start with"},
};

static const RkParamDefault DEFAULTS[] = {
    {"samples", "sequences"}, {"negatives", "uniform"}, {"negatives.n", "1"},
    {"beta2", "0.98"},        {"batch", "128"},         {NULL, NULL},
};

static const float EPS = 1e-8f; // of the normalizations, the authors'

static RkRef
norm(RkModelBuild *b, const char *block, const char *name, RkRef x)
{
    g_autofree char *gain = g_strdup_printf("%s%s.weight", block, name);
    g_autofree char *offset = g_strdup_printf("%s%s.bias", block, name);
    RkType type = rk_type(RK_F32, 1, rk_layer_dim(b, x, -1));
    return rk_layer_norm(b->graph, x, rk_model_param(b, gain, type, (RkInit){RK_INIT_CONSTANT, 1}),
                         rk_model_param(b, offset, type, (RkInit){0}), EPS);
}

static RkRef
linear(RkModelBuild *b, const char *block, const char *name, RkRef x, uint32_t n, RkAct act)
{
    g_autofree char *layer = g_strconcat(block, name, NULL);
    return rk_layer_linear(b, layer, x, n, act, (RkInit){RK_INIT_GLOROT, 0}, TRUE);
}

static gboolean
is_cut(const RkModelBuild *b, const char *block, uint32_t head)
{
    g_auto(GStrv) cut = g_strsplit(rk_params_text(b->set, "heads.cut"), "+", -1);
    g_autofree char *name = g_strdup_printf("%s%u", block, head);
    return g_strv_contains((const char *const *)cut, name);
}

// What the heads that are left say, f32 [B, T, D]: each in its own channels, zeros in those of the
// others.
static RkRef
spread_heads(RkModelBuild *b, const char *block, RkRef seen, uint32_t heads, uint32_t width)
{
    RkGraph *g = b->graph;
    g_autofree RkRef *part = g_new(RkRef, heads);
    RkType none = *rk_graph_type(g, seen);
    none.dim[2] = RK_DIM(width);
    for (uint32_t head = 0, at = 0; head < heads; head++) {
        gboolean cut = is_cut(b, block, head);
        part[head] = cut ? rk_graph_fill(g, none, 0) : rk_slice(g, seen, 2, at, at + width);
        at += cut ? 0 : width;
    }
    return rk_concat(g, 2, heads, part);
}

// What the heads of a block see, f32 [B, T, D]; RK_NONE when none is left.
static RkRef
attend(RkModelBuild *b, const char *block, RkRef q, RkRef x)
{
    uint32_t dim = (uint32_t)rk_params_int(b->set, "dim");
    uint32_t heads = (uint32_t)rk_params_int(b->set, "heads"), left = 0;
    for (uint32_t head = 0; head < heads; head++)
        left += !is_cut(b, block, head);
    if (left == 0)
        return RK_NONE;
    uint32_t n = dim / heads * left;
    RkRef seen = rk_attention(b->graph, linear(b, block, "query", q, n, RK_ACT_NONE),
                              linear(b, block, "key", x, n, RK_ACT_NONE),
                              linear(b, block, "value", x, n, RK_ACT_NONE),
                              rk_model_history_length(b), left, TRUE);
    return left == heads ? seen : spread_heads(b, block, seen, heads, dim / heads);
}

// One block: x f32 [B, T, D], mask f32 [B, T, 1].
static RkRef
block(RkModelBuild *b, uint32_t number, RkRef x, RkRef mask)
{
    RkGraph *g = b->graph;
    double dropout = rk_params_real(b->set, "dropout");
    uint32_t dim = (uint32_t)rk_params_int(b->set, "dim");
    g_autofree char *name = g_strdup_printf("blocks.%u.", number);
    RkRef q = norm(b, name, "attention.norm", x), seen = attend(b, name, q, x);
    if (seen != RK_NONE)
        q = rk_add(g, q, rk_layer_dropout(b, seen, dropout));
    x = norm(b, name, "forward.norm", q);
    RkRef hidden = linear(b, name, "forward.0", x, dim, RK_ACT_RELU);
    hidden = linear(b, name, "forward.1", rk_layer_dropout(b, hidden, dropout), dim, RK_ACT_NONE);
    return rk_mul(g, rk_add(g, x, rk_layer_dropout(b, hidden, dropout)), mask);
}

typedef struct {
    RkRef table;  // of the items, [items, D]
    RkRef states; // [B, T, D] after each item, not yet normalized
    RkRef valid;  // [B, T]: 1 where there is an item
} Parts;

static Parts
parts_of(RkModelBuild *b)
{
    RkGraph *g = b->graph;
    uint32_t dim = (uint32_t)rk_params_int(b->set, "dim"), n = b->data->history;
    double deviation = rk_params_real(b->set, "init.std");
    if (dim % (uint32_t)rk_params_int(b->set, "heads") != 0)
        rk_graph_refuse(g,
                        "Can't build SASRec: dim=%u is no multiple of heads=%u. Set heads to a "
                        "divisor of dim, such as 1.",
                        dim, (uint32_t)rk_params_int(b->set, "heads"));
    RkRef history = rk_model_history(b);
    Parts p = {.table = rk_model_table(b, "item.weight", b->data->item, dim, deviation),
               .valid = rk_label_weight(g, history, rk_model_n_items(b))};
    RkRef places = rk_model_param(b, "place.weight", rk_type(RK_F32, 2, RK_DIM(n), RK_DIM(dim)),
                                  (RkInit){RK_INIT_NORMAL, deviation});
    RkRef mask = rk_reshape(g, p.valid, rk_type(RK_F32, 3, RK_BATCH(1), RK_DIM(n), RK_DIM(1)));
    RkRef x = rk_scale(g, rk_layer_gather(b, p.table, history), (float)sqrt(dim));
    x = rk_layer_dropout(b, rk_add(g, x, places), rk_params_real(b->set, "dropout"));
    x = rk_mul(g, x, mask);
    for (uint32_t i = 0; i < (uint32_t)rk_params_int(b->set, "blocks"); i++)
        x = block(b, i, x, mask);
    p.states = x;
    return p;
}

// The state after the last item, f32 [B, D]: where an item is and none follows. Without a past it
// is the offset of the normalization alone.
static RkRef
last_state(RkModelBuild *b, const Parts *p)
{
    RkGraph *g = b->graph;
    uint32_t n = b->data->history;
    RkRef is_last = p->valid;
    if (n > 1)
        is_last = rk_sub(g, p->valid, rk_pad(g, rk_slice(g, p->valid, 1, 1, n), 1, 0, 1));
    RkRef column = rk_reshape(g, is_last, rk_type(RK_F32, 3, RK_BATCH(1), RK_DIM(n), RK_DIM(1)));
    return norm(b, "", "norm", rk_sum(g, rk_mul(g, p->states, column), 1, FALSE));
}

static RkRef
score(RkModelBuild *b, RkRef items)
{
    RkGraph *g = b->graph;
    Parts p = parts_of(b);
    items = rk_layer_items(b, items);
    if (rk_graph_type(g, items)->rank < 3)
        return rk_layer_dot(b, last_state(b, &p), rk_layer_gather(b, p.table, items));
    RkRef x = norm(b, "", "norm", p.states);
    RkType one = rk_type(RK_F32, 4, RK_BATCH(1), RK_DIM(b->data->history), RK_DIM(1),
                         rk_layer_dim(b, x, -1));
    return rk_sum(g, rk_mul(g, rk_reshape(g, x, one), rk_layer_gather(b, p.table, items)), -1,
                  FALSE);
}

static RkRef
rank(RkModelBuild *b)
{
    Parts p = parts_of(b);
    return rk_layer_scores(b, last_state(b, &p), p.table);
}

const RkModel rk_model_sasrec = {
    .name = "sasrec",
    .title = "SASRec",
    .paper = "Kang and McAuley, ICDM 2018, https://arxiv.org/abs/1808.09781",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .defaults = DEFAULTS,
    .needs = RK_NEEDS_ITEM | RK_NEEDS_HISTORY,
    .candidates = TRUE,
    .score = score,
    .rank = rank,
};
