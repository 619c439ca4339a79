// SPDX-License-Identifier: GPL-3.0-or-later
//
// Kernels and samples of the losses. Shaders: shaders/loss.
#include "ops/loss-private.h"

#include "ops/sample-inputs.h"

#include <string.h>

static const RkLoss *
loss_of(const RkOpArgs *args)
{
    return args->op->data;
}

static uint64_t
rows_of(const RkOpArgs *args)
{
    return rk_tensor_rows(&args->in[rk_loss_input(args, 0)]);
}

static uint64_t
cols_of(const RkOpArgs *args)
{
    return rk_tensor_cols(&args->in[rk_loss_input(args, 0)]);
}

// Whether there is anything to write.
static gboolean
is_empty(const RkOpArgs *args)
{
    return rk_tensor_numel(&args->out) == 0;
}

// Binds the score's tensor where an input is left out.
static void
read_input(RkDispatch *d, const RkOpArgs *args, RkBindKind kind, uint32_t i, gboolean index)
{
    uint32_t input = rk_loss_input(args, i);
    gboolean given = input < args->n_in && args->present[input];
    if (index && kind != RK_BIND_STORAGE)
        kind = RK_BIND_TEXEL_U32X4;
    rk_dispatch_read(d, (int32_t)(given ? input : rk_loss_input(args, 0)), kind);
}

// The gradient g, the output and the grid.
static void
finish(RkDispatch *d, const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args)
{
    RkBindKind kind = (RkBindKind)kernel->param[1];
    uint64_t rows = rows_of(args), cols = cols_of(args);
    if (loss_of(args)->gradient)
        rk_dispatch_read(d, 0, kind);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_rowwise_grid(d, kernel, caps, rows, cols, cols % 4 == 0);
    rk_dispatch_push(d, (uint32_t)rows);
    rk_dispatch_push(d, (uint32_t)cols);
}

enum { LABEL, APART, DIAGONAL }; // POSITIVE of picked_softmax.comp

// NONE, VECTOR or MATRIX of picked_softmax.comp.
static uint32_t
form_of(const RkOpArgs *args, uint32_t i)
{
    uint32_t input = rk_loss_input(args, i);
    return args->present[input] ? args->in[input].rank : 0;
}

static void
record_cross_entropy(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args,
                     RkDispatchList *list)
{
    RkBindKind kind = (RkBindKind)kernel->param[1];
    if (is_empty(args))
        return;
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    for (uint32_t i = 0; i < RK_SAMPLED_INPUTS; i++) {
        gboolean label = i == RK_SAMPLED_POSITIVE_ID, index = label || i == RK_SAMPLED_ID;
        read_input(d, args, kind, label ? 1 : 0, index);
    }
    finish(d, kernel, caps, args);
    const uint32_t spec[] = {LABEL, 0, FALSE, 0};
    for (uint32_t i = 0; i < G_N_ELEMENTS(spec); i++)
        rk_dispatch_spec(d, spec[i]);
}

static void
record_sampled(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args,
               RkDispatchList *list)
{
    RkBindKind kind = (RkBindKind)kernel->param[1];
    if (is_empty(args))
        return;
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    for (uint32_t i = 0; i < RK_SAMPLED_INPUTS; i++)
        read_input(d, args, kind, i, i >= RK_SAMPLED_ID);
    finish(d, kernel, caps, args);
    gboolean apart = args->present[rk_loss_input(args, RK_SAMPLED_POSITIVE)];
    rk_dispatch_spec(d, apart ? APART : DIAGONAL);
    rk_dispatch_spec(d, form_of(args, RK_SAMPLED_LOG_Q));
    rk_dispatch_spec(d, args->present[rk_loss_input(args, RK_SAMPLED_LOG_Q_POSITIVE)]);
    rk_dispatch_spec(d, form_of(args, RK_SAMPLED_ID));
}

static void
record_target(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args,
              RkDispatchList *list)
{
    gboolean distill = loss_of(args)->kind == RK_LOSS_DISTILL;
    RkBindKind kind = (RkBindKind)kernel->param[1];
    if (is_empty(args))
        return;
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    read_input(d, args, kind, 0, FALSE);
    read_input(d, args, kind, 1, FALSE);
    finish(d, kernel, caps, args);
    rk_dispatch_spec(d, distill);
    rk_dispatch_push_float(d, distill ? args->attr[0].f : 1);
}

static void
record_bpr(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    RkBindKind kind = (RkBindKind)kernel->param[1];
    if (is_empty(args))
        return;
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    read_input(d, args, kind, 1, FALSE);
    read_input(d, args, kind, 0, FALSE);
    finish(d, kernel, caps, args);
}

#define PAIR(row, spv, record)                                                                     \
    [row] = RK_ROWWISE_TABLE(spv, record), [(row) + 1] = RK_ROWWISE_TABLE(spv "_grad", record)
const RkKernel rk_loss_kernels[RK_LOSS_N_ROWS][RK_ROWWISE_KERNELS] = {
    PAIR(RK_LOSS_CROSS_ENTROPY, "loss_picked", record_cross_entropy),
    PAIR(RK_LOSS_SAMPLED, "loss_picked", record_sampled),
    PAIR(RK_LOSS_SOFT, "loss_target", record_target),
    PAIR(RK_LOSS_DISTILL, "loss_target", record_target),
    PAIR(RK_LOSS_BPR, "loss_bpr", record_bpr),
};

// --- samples ------------------------------------------------------------------------------------

#define X(rows, cols) RK_S_ROWS(rows, cols)
#define V(n)          RK_S_VECTOR(n)
#define NONE          RK_S_ABSENT
#define ONCE          .no_grad = TRUE
#define BENCH         .no_grad = TRUE, .bench = TRUE
#define LABELS(n, of) RK_S_INDEX1(n, of)
#define ITEMS(n)      RK_S_INDEX1(n, 7) // few items, so that accidental hits are many
#define ITEMS2(n, m)  RK_S_INDEX2(n, m, 7)
#define P(rows, cols)                                                                              \
    {                                                                                              \
        .dtype = RK_F32, .rank = 2, .dim = {rows, cols}, .fill = RK_FILL_UNIT                      \
    }
#define X3(a, b, c)                                                                                \
    {                                                                                              \
        .dtype = RK_F32, .rank = 3, .dim = {a, b, c}, .fill = RK_FILL_NORMAL                       \
    }

#define CROSS_ENTROPY_SAMPLES(G)                                                                   \
    {"odd rows", .in = {G(5) X(5, 7), LABELS(5, 7)}},                                              \
        {"whole rows", .in = {G(9) X(9, 8), LABELS(9, 8)}},                                        \
        {"one sample", .in = {G(1) X(1, 3), LABELS(1, 3)}},                                        \
        {"one class", .in = {G(3) X(3, 1), LABELS(3, 1)}},                                         \
        {"padding labels", .in = {G(11) X(11, 6), LABELS(11, 6)}},                                 \
        {"huge logits", .in = {G(7) X(7, 5), LABELS(7, 5)}},                                       \
        {"long rows", .in = {G(3) X(3, 1003), LABELS(3, 1003)}, ONCE},                             \
        {"many rows", .in = {G(130) X(130, 50), LABELS(130, 50)}, ONCE},                           \
        {"no rows", .in = {G(0) X(0, 4), LABELS(0, 4)}, ONCE},                                     \
        {"catalogue, 256 x 3706", .in = {G(256) X(256, 3706), LABELS(256, 3706)}, BENCH},

#define SAMPLED_SAMPLES(G)                                                                         \
    {"scores alone", .in = {G(5) X(5, 7), V(5), NONE, NONE, NONE, NONE}},                          \
        {"shared candidates", .in = {G(9) X(9, 12), V(9), V(12), V(9), ITEMS(12), ITEMS(9)}},      \
        {"odd, shared candidates", .in = {G(6) X(6, 5), V(6), V(5), V(6), ITEMS(5), ITEMS(6)}},    \
        {"candidates by row", .in = {G(4) X(4, 7), V(4), X(4, 7), V(4), ITEMS2(4, 7), ITEMS(4)}},  \
        {"padding items", .in = {G(9) X(9, 6), V(9), V(6), NONE, ITEMS(6), ITEMS(9)}},             \
        {"huge logits", .in = {G(5) X(5, 6), V(5), V(6), V(5), ITEMS(6), ITEMS(5)}},               \
        {"one of each", .in = {G(1) X(1, 1), V(1), NONE, NONE, ITEMS(1), ITEMS(1)}},               \
        {"no candidates", .in = {G(3) X(3, 0), V(3), NONE, NONE, NONE, NONE}, ONCE},               \
        {"in batch", .in = {G(9) X(9, 9), NONE, V(9), NONE, ITEMS(9), NONE}},                      \
        {"in batch, scores alone", .in = {G(8) X(8, 8), NONE, NONE, NONE, NONE, NONE}},            \
        {"in batch, padding items", .in = {G(12) X(12, 12), NONE, V(12), NONE, ITEMS(12), NONE}},  \
        {"in batch, 133", .in = {G(133) X(133, 133), NONE, V(133), NONE, ITEMS(133), NONE}, ONCE}, \
        {"long rows", .in = {G(3) X(3, 1003), V(3), V(1003), V(3), ITEMS(1003), ITEMS(3)}, ONCE},  \
        {"in batch, 512",                                                                          \
         .in = {G(512) X(512, 512), NONE, V(512), NONE, RK_S_INDEX1(512, 3706), NONE}, BENCH},

#define SOFT_SAMPLES(G)                                                                            \
    {"odd rows", .in = {G(5) X(5, 7), P(5, 7)}}, {"whole rows", .in = {G(9) X(9, 8), P(9, 8)}},    \
        {"one sample", .in = {G(1) X(1, 3), P(1, 3)}},                                             \
        {"huge logits, certain targets", .in = {G(7) X(7, 5), P(7, 5)}, ONCE},                     \
        {"long rows", .in = {G(3) X(3, 1003), P(3, 1003)}, ONCE},                                  \
        {"no rows", .in = {G(0) X(0, 4), P(0, 4)}, ONCE},

#define T(t) .n_attr = 1, .attr = {{.f = t}}
#define DISTILL_SAMPLES(G)                                                                         \
    {"odd rows, T 2", .in = {G(5) X(5, 7), X(5, 7)}, T(2)},                                        \
        {"whole rows, T 1", .in = {G(9) X(9, 8), X(9, 8)}, T(1)},                                  \
        {"one sample, T 4", .in = {G(1) X(1, 3), X(1, 3)}, T(4)},                                  \
        {"huge logits, T 3", .in = {G(7) X(7, 5), X(7, 5)}, T(3), ONCE},                           \
        {"long rows, T 5", .in = {G(3) X(3, 1003), X(3, 1003)}, T(5), ONCE},                       \
        {"no rows", .in = {G(0) X(0, 4), X(0, 4)}, T(1), ONCE},                                    \
        {"catalogue, 256 x 3706", .in = {G(256) X(256, 3706), X(256, 3706)}, T(2), BENCH},

#define BPR_SAMPLES(G)                                                                             \
    {"odd rows", .in = {G(5) X(5, 7), V(5)}}, {"whole rows", .in = {G(9) X(9, 8), V(9)}},          \
        {"one negative", .in = {G(13) X(13, 1), V(13)}},                                           \
        {"one sample", .in = {G(1) X(1, 4), V(1)}}, {"huge logits", .in = {G(7) X(7, 5), V(7)}},   \
        {"many rows", .in = {G(1001) X(1001, 4), V(1001)}, ONCE},                                  \
        {"no rows", .in = {G(0) X(0, 4), V(0)}, ONCE},                                             \
        {"4096 x 8", .in = {G(4096) X(4096, 8), V(4096)}, BENCH},

// The samples of a loss and, with g in front, of its gradient.
#define NO_G(n)
#define WITH_G(n) V(n),
#define BOTH(SAMPLES)                                                                              \
    {                                                                                              \
        {SAMPLES(NO_G)},                                                                           \
        {                                                                                          \
            SAMPLES(WITH_G)                                                                        \
        }                                                                                          \
    }
const RkSample rk_loss_cross_entropy[2][10] = BOTH(CROSS_ENTROPY_SAMPLES);
const RkSample rk_loss_sampled[2][14] = BOTH(SAMPLED_SAMPLES);
const RkSample rk_loss_soft[2][6] = BOTH(SOFT_SAMPLES);
const RkSample rk_loss_distill[2][7] = BOTH(DISTILL_SAMPLES);
const RkSample rk_loss_bpr[2][8] = BOTH(BPR_SAMPLES);

static void
scale_to_huge(double *values, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        values[i] = values[i] < 0 ? -1e4 : 1e4 * (values[i] < 0.5 ? 0.999 : 1);
}

void
rk_loss_prepare(const RkSample *sample, const RkTensor *in, double *const *values)
{
    gboolean huge = g_str_has_prefix(sample->name, "huge logits");
    gboolean certain = g_str_has_suffix(sample->name, "certain targets");
    gboolean padding = strstr(sample->name, "padding") != NULL;
    for (uint32_t i = 0; i < RK_SAMPLED_INPUTS + 1; i++) {
        if (sample->in[i].rank == 0) // left out, or past the last
            continue;
        uint64_t n = rk_tensor_numel(&in[i]);
        if (huge && sample->in[i].dtype == RK_F32 && sample->in[i].fill == RK_FILL_NORMAL)
            scale_to_huge(values[i], n);
        for (uint64_t k = 0; certain && sample->in[i].fill == RK_FILL_UNIT && k < n; k++)
            values[i][k] = k % in[i].dim[1] == k / in[i].dim[1] % in[i].dim[1];
        for (uint64_t k = 1; padding && sample->in[i].dtype == RK_U32 && k < n; k += 3)
            values[i][k] = UINT32_MAX;
    }
}
