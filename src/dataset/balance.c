// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/balance.h"

#include "base/rng.h"
#include "dataset/streams.h"

#include <math.h>
#include <string.h>

const RkParam rk_balance_params[] = {
    {"balance", RK_PARAM_CHOICE, 0, 0, "none", NULL, "none|oversample|undersample|weights",
     "What is done about classes of unequal size"},
    {"balance.ratio", RK_PARAM_REAL, 0.01, 1000, "1", NULL, NULL,
     "Negative rows to a positive one that sampling aims at"},
    {"balance.threshold", RK_PARAM_REAL, -1e300, 1e300, "0", NULL, NULL,
     "A label above it is positive"},
};
const size_t rk_n_balance_params = G_N_ELEMENTS(rk_balance_params);

struct RkBalance {
    uint64_t seed;
    float threshold;
    uint32_t n_rows;
    gboolean sampled;
    uint32_t n[2];     // rows of a class
    uint32_t *rows[2]; // [n] when sampled
    uint64_t quota[2]; // of an epoch
    float weight[2];
};

static void
count_classes(RkBalance *b, const float *label)
{
    for (uint32_t i = 0; i < b->n_rows; i++)
        b->n[label[i] > b->threshold]++;
    uint32_t present = (b->n[0] > 0) + (b->n[1] > 0);
    for (int c = 0; c < 2; c++)
        b->weight[c] = b->n[c] > 0 ? (float)((double)b->n_rows / ((double)present * b->n[c])) : 1;
}

// The class that there is too much of for the ratio is cut, or the other one is repeated.
static void
set_quotas(RkBalance *b, double ratio, gboolean over)
{
    double n0 = b->n[0], n1 = b->n[1];
    gboolean many_negatives = n0 > ratio * n1;
    b->quota[0] = b->n[0];
    b->quota[1] = b->n[1];
    if (many_negatives == over)
        b->quota[1] = (uint64_t)fmax(1, round(n0 / ratio));
    else
        b->quota[0] = (uint64_t)fmax(1, round(ratio * n1));
}

static gboolean
sample(RkBalance *b, const char *kind, double ratio, const float *label, GError **error)
{
    if (b->n[0] == 0 || b->n[1] == 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't %s: every label is %s %g. Set balance.threshold between the classes, "
                    "or balance=none.",
                    kind, b->n[0] == 0 ? "above" : "at most", (double)b->threshold);
        return FALSE;
    }
    set_quotas(b, ratio, strcmp(kind, "oversample") == 0);
    for (int c = 0; c < 2; c++)
        b->rows[c] = g_new(uint32_t, b->n[c]);
    uint32_t at[2] = {0};
    for (uint32_t i = 0; i < b->n_rows; i++) {
        int c = label[i] > b->threshold;
        b->rows[c][at[c]++] = i;
    }
    b->sampled = TRUE;
    return TRUE;
}

RkBalance *
rk_balance_new(const RkParams *params, const float *label, uint32_t n_rows, uint64_t seed,
               GError **error)
{
    const char *kind = params != NULL ? rk_params_text(params, "balance") : "none";
    g_autoptr(RkBalance) b = g_new0(RkBalance, 1);
    *b = (RkBalance){.seed = seed, .n_rows = n_rows, .weight = {1, 1}};
    if (strcmp(kind, "none") == 0)
        return g_steal_pointer(&b);
    b->threshold = (float)rk_params_real(params, "balance.threshold");
    if (label == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't balance classes by %s: the rows have no label. Mark one (rankine import "
                    "--set FIELD.kind=label), or set balance=none.",
                    kind);
        return NULL;
    }
    count_classes(b, label);
    if (strcmp(kind, "weights") != 0) {
        b->weight[0] = b->weight[1] = 1;
        if (!sample(b, kind, rk_params_real(params, "balance.ratio"), label, error))
            return NULL;
    }
    return g_steal_pointer(&b);
}

void
rk_balance_free(RkBalance *b)
{
    if (b == NULL)
        return;
    g_free(b->rows[0]);
    g_free(b->rows[1]);
    g_free(b);
}

uint64_t
rk_balance_n_rows(const RkBalance *b)
{
    return b->sampled ? b->quota[0] + b->quota[1] : b->n_rows;
}

// The j-th draw of a class: its rows in an order of the epoch's own, again and again.
static uint32_t
draw(const RkBalance *b, uint32_t epoch, int c, uint64_t j)
{
    uint64_t round = j / b->n[c];
    if (b->quota[c] == b->n[c])
        return b->rows[c][j];
    uint64_t seed = b->seed ^ (uint64_t)(RK_STREAM_BALANCE + (uint32_t)c) << 32 ^ round;
    return b->rows[c][rk_rng_permute(seed, epoch, b->n[c], j % b->n[c])];
}

uint32_t
rk_balance_row(const RkBalance *b, uint32_t epoch, uint64_t position, gboolean shuffle)
{
    uint64_t n = rk_balance_n_rows(b);
    uint64_t at = shuffle ? rk_rng_permute(b->seed, epoch, n, position) : position;
    if (!b->sampled)
        return (uint32_t)at;
    return at < b->quota[0] ? draw(b, epoch, 0, at) : draw(b, epoch, 1, at - b->quota[0]);
}

float
rk_balance_weight(const RkBalance *b, float label)
{
    return b->weight[label > b->threshold];
}
