// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/imbalance.h"

#include "base/rng.h"
#include "dataset/streams.h"

#include <math.h>
#include <string.h>

const RkParam rk_imbalance_params[] = {
    {"balance", RK_PARAM_CHOICE, 0, 0, "none", NULL, "none|oversample|undersample",
     "Repeat rows of the rarer label, or leave out rows of the more frequent one"},
    {"balance.ratio", RK_PARAM_REAL, 0.001, 1, "1", NULL, NULL,
     "Rows of the rarer label for each of the other, after balancing"},
    {"class-weight", RK_PARAM_CHOICE, 0, 0, "none", NULL, "none|balanced|given",
     "Weight samples by label: so that both weigh the same, or as given"},
    {"class-weight.negative", RK_PARAM_REAL, 0, 1e6, "1", NULL, NULL, "Weight of label 0 (given)"},
    {"class-weight.positive", RK_PARAM_REAL, 0, 1e6, "1", NULL, NULL, "Weight of label 1 (given)"},
};
const size_t rk_n_imbalance_params = G_N_ELEMENTS(rk_imbalance_params);

struct RkImbalance {
    uint64_t seed;
    uint32_t n[2]; // rows of a class
    uint32_t m[2]; // samples of a class, an epoch
};

static gboolean
check_classes(const char *setting, const uint64_t n[2], GError **error)
{
    if (n[0] > 0 && n[1] > 0)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't set %s: every label is %s. Set label.binary=true and label.threshold so "
                "that both labels come, or leave it at none.",
                setting, n[0] > 0 ? "0" : "1");
    return FALSE;
}

RkImbalance *
rk_imbalance_new(const RkParams *set, uint64_t seed, const uint64_t n[2], GError **error)
{
    const char *kind = set != NULL ? rk_params_text(set, "balance") : "none";
    if (strcmp(kind, "none") == 0 || !check_classes("balance", n, error))
        return NULL;
    gboolean over = strcmp(kind, "oversample") == 0;
    int rare = n[1] <= n[0];
    double ratio = rk_params_real(set, "balance.ratio");
    uint64_t m[2] = {n[0], n[1]};
    if (over)
        m[rare] = MAX(n[rare], (uint64_t)llround(ratio * (double)n[!rare]));
    else
        m[!rare] = MIN(n[!rare], (uint64_t)llround((double)n[rare] / ratio));
    if (n[0] + n[1] >= UINT32_MAX || m[0] + m[1] >= UINT32_MAX) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't balance by %s: an epoch would have %" G_GUINT64_FORMAT
                    " rows, 2^32 - 2 at most are possible. Lower balance.ratio.",
                    kind, m[0] + m[1]);
        return NULL;
    }
    RkImbalance *imbalance = g_new(RkImbalance, 1);
    *imbalance =
        (RkImbalance){seed, {(uint32_t)n[0], (uint32_t)n[1]}, {(uint32_t)m[0], (uint32_t)m[1]}};
    return imbalance;
}

void
rk_imbalance_free(RkImbalance *imbalance)
{
    g_free(imbalance);
}

uint32_t
rk_imbalance_n(const RkImbalance *imbalance)
{
    return imbalance->m[0] + imbalance->m[1];
}

// Sample i of m from n rows: every row as often as it goes into m, and those that come once more
// are a random subset.
static uint32_t
pick(const RkImbalance *imbalance, uint32_t epoch, int class, uint32_t i)
{
    uint32_t n = imbalance->n[class], whole = imbalance->m[class] / n;
    if (i < whole * n)
        return i % n;
    uint64_t seed = imbalance->seed ^ ((uint64_t)RK_STREAM_BALANCE << 32);
    return (uint32_t)rk_rng_permute(seed, epoch, n, i - whole * n);
}

uint32_t
rk_imbalance_at(const RkImbalance *imbalance, uint32_t epoch, uint32_t i, int *class)
{
    g_assert(i < rk_imbalance_n(imbalance));
    *class = i >= imbalance->m[0];
    return pick(imbalance, epoch, *class, *class ? i - imbalance->m[0] : i);
}

gboolean
rk_imbalance_weights(const RkParams *set, const uint64_t n[2], float weight[2], GError **error)
{
    const char *kind = set != NULL ? rk_params_text(set, "class-weight") : "none";
    weight[0] = weight[1] = 1;
    if (strcmp(kind, "given") == 0) {
        weight[0] = (float)rk_params_real(set, "class-weight.negative");
        weight[1] = (float)rk_params_real(set, "class-weight.positive");
    } else if (strcmp(kind, "balanced") == 0) {
        if (!check_classes("class-weight=balanced", n, error))
            return FALSE;
        for (int class = 0; class < 2; class ++)
            weight[class] = (float)((double)(n[0] + n[1]) / (2.0 * (double)n[class]));
    }
    return TRUE;
}
