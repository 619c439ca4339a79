// SPDX-License-Identifier: GPL-3.0-or-later
//
// The pass `prune`: leaves out what matters least, by magnitude, by what the loss would change
// (Taylor, Molchanov et al., CVPR 2019, https://arxiv.org/abs/1906.10771) or at random, at once or
// along a cubic schedule with training between (Zhu and Gupta, https://arxiv.org/abs/1710.01878).
#include "compress/compress.h"
#include "compress/prune-private.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

static const RkParam PARAMS[] = {
    {"what", RK_PARAM_CHOICE, 0, 0, "neurons", NULL, "weights|2:4|neurons|heads|dims|rows",
     "Single weights of dense layers (masked), two of each four (2:4 sparse), neurons, heads of "
     "attention, dimensions of embeddings or rows of tables (all four are removed)"},
    {"ratio", RK_PARAM_REAL, 0, 0.999, "0.5", NULL, NULL, "Share that is left out"},
    {"by", RK_PARAM_CHOICE, 0, 0, "l2", NULL, "l1|l2|taylor|random|frequency",
     "What is left out first: small magnitudes, what the loss depends on least, anything, or rows "
     "that the data rarely names"},
    {"scope", RK_PARAM_CHOICE, 0, 0, "layer", NULL, "layer|global",
     "The ratio of each layer and table, or of all together"},
    {"only", RK_PARAM_TEXT, 0, 0, "", NULL, NULL, "Only the layer or table of this name"},
    {"bytes", RK_PARAM_REAL, 0, 1e15, "0", "bytes", NULL,
     "Find the smallest ratio that fits so many bytes; 0 takes ratio"},
    {"flops", RK_PARAM_REAL, 0, 1e15, "0", "FLOPs a sample", NULL,
     "Find the smallest ratio that fits so many operations; 0 takes ratio"},
    {"steps", RK_PARAM_INT, 1, 100, "1", NULL, NULL, "Steps of the cubic schedule"},
    {"epochs", RK_PARAM_REAL, 0, 1000, "0", "epochs", NULL, "Training after each step"},
};

static const struct {
    const char *name;
    gboolean (*prune)(const RkPrune *prune, RkCompressed *model, double ratio, GError **error);
    gboolean absolute; // what was pruned before counts in the ratio
} KINDS[] = {{"weights", rk_prune_weights, TRUE},  {"2:4", rk_prune_24, TRUE},
             {"neurons", rk_prune_neurons, FALSE}, {"heads", rk_prune_heads, FALSE},
             {"dims", rk_prune_dims, FALSE},       {"rows", rk_prune_rows, TRUE}};

static int
kind_of(const RkParams *set)
{
    const char *what = rk_params_text(set, "what");
    int kind = 0;
    while (strcmp(KINDS[kind].name, what) != 0)
        kind++;
    return kind;
}

// ---- scores --------------------------------------------------------------------------------

static gboolean
is_by(const RkPrune *prune, const char *by)
{
    return strcmp(rk_params_text(prune->set, "by"), by) == 0;
}

gboolean
rk_prune_wants(const RkPrune *prune, const char *name)
{
    const char *only = rk_params_text(prune->set, "only");
    return *only == '\0' || strcmp(only, name) == 0;
}

const char *
rk_prune_instead(const GArray *params)
{
    gboolean dense = FALSE, tables = FALSE;
    for (guint i = 0; i < params->len; i++) {
        const RkCompressedParam *p = &g_array_index(params, RkCompressedParam, i);
        dense |= p->dense;
        tables |= p->feature >= 0 && rk_tensor_cols(&p->type) > 1;
    }
    return dense && tables ? "Prune what=weights or what=rows."
           : dense         ? "Prune what=weights."
           : tables        ? "Prune what=rows or what=dims."
                           : "Quantize it instead.";
}

float *
rk_prune_scores(const RkPrune *prune, const RkCompressed *model, const RkCompressedParam *param)
{
    uint64_t n = rk_tensor_numel(&param->type);
    const RkWeight *taylor =
        prune->taylor != NULL ? rk_weights_find(prune->taylor, param->name) : NULL;
    float *score = rk_compressed_values(model, param);
    if (taylor != NULL && rk_tensor_numel(&taylor->type) == n) {
        for (uint64_t i = 0; i < n; i++) // what is pruned already stays so
            score[i] = score[i] != 0 ? ((const float *)taylor->packed)[i] : 0;
        return score;
    }
    uint32_t stream = g_str_hash(param->name);
    for (uint64_t i = 0; i < n; i++) {
        float v = score[i];
        if (is_by(prune, "random"))
            score[i] = v != 0 ? (float)(1 - rk_rng_double(prune->context->seed, stream, i)) : 0;
        else
            score[i] = is_by(prune, "l1") ? fabsf(v) : v * v;
    }
    return score;
}

// ---- choosing ------------------------------------------------------------------------------

static int
compare_units(const void *left, const void *right)
{
    const RkPruneUnit *a = left, *b = right;
    if (a->score != b->score)
        return a->score < b->score ? -1 : 1;
    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    return (a->unit > b->unit) - (a->unit < b->unit);
}

void
rk_prune_choose(GArray *units, uint32_t n_groups, double ratio, gboolean global, uint32_t least)
{
    RkPruneUnit *unit = (RkPruneUnit *)(void *)units->data;
    g_autofree uint64_t *left = g_new0(uint64_t, n_groups + 1);
    g_autofree uint64_t *quota = g_new0(uint64_t, n_groups + 1);
    uint64_t all = (uint64_t)(ratio * units->len + 1e-9);
    for (guint i = 0; i < units->len; i++)
        left[unit[i].group]++;
    for (uint32_t g = 0; g < n_groups; g++)
        quota[g] = (uint64_t)(ratio * (double)left[g] + 1e-9);
    qsort(unit, units->len, sizeof *unit, compare_units);
    for (guint i = 0; i < units->len; i++) {
        uint32_t g = unit[i].group;
        uint64_t *share = global ? &all : &quota[g];
        unit[i].pruned = *share > 0 && left[g] > least;
        *share -= unit[i].pruned;
        left[g] -= unit[i].pruned;
    }
}

// ---- the pass ------------------------------------------------------------------------------

static gboolean
prune_once(RkPrune *prune, RkCompressed *model, double ratio, GError **error)
{
    return KINDS[kind_of(prune->set)].prune(prune, model, ratio, error) &&
           rk_compressed_check(model, error);
}

// How much of a budget a model takes, the worse of both.
static gboolean
budget_share(const RkParams *set, const RkCompressed *model, RkCompressedSize *size, double *share,
             GError **error)
{
    double bytes = rk_params_real(set, "bytes"), flops = rk_params_real(set, "flops");
    if (!rk_compressed_size(model, size, error))
        return FALSE;
    *share = MAX(bytes > 0 ? (double)size->bytes / bytes : 0, flops > 0 ? size->flops / flops : 0);
    return TRUE;
}

// The share of a budget that pruning a copy takes.
static gboolean
try_ratio(RkPrune *prune, const RkCompressed *model, double ratio, RkCompressedSize *size,
          double *share, GError **error)
{
    g_autoptr(RkCompressed) copy = rk_compressed_copy(model);
    return prune_once(prune, copy, ratio, error) &&
           budget_share(prune->set, copy, size, share, error);
}

// The smallest ratio within the budget, by bisection to a thousandth.
static gboolean
find_ratio(RkPrune *prune, const RkCompressed *model, double *ratio, GError **error)
{
    const double MOST = 0.999;
    double low = 0, high = MOST, share;
    RkCompressedSize size;
    if (!budget_share(prune->set, model, &size, &share, error))
        return FALSE;
    *ratio = 0;
    if (share <= 1)
        return TRUE;
    if (!try_ratio(prune, model, MOST, &size, &share, error))
        return FALSE;
    if (share > 1) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't prune %s to the budget: the closest is %zu bytes and %.0f FLOPs a "
                    "sample. Allow more, prune something else (what=), or quantize it too.",
                    rk_params_text(prune->set, "what"), size.bytes, size.flops);
        return FALSE;
    }
    while (high - low > 0.001) {
        double middle = (low + high) / 2;
        if (!try_ratio(prune, model, middle, &size, &share, error))
            return FALSE;
        *(share <= 1 ? &high : &low) = middle;
    }
    *ratio = high;
    return TRUE;
}

static gboolean
need_scores(RkPrune *prune, const RkCompressed *model, GError **error)
{
    g_clear_pointer(&prune->taylor, rk_weights_free);
    if (!is_by(prune, "taylor"))
        return TRUE;
    prune->taylor = prune->context->taylor(prune->context, model, error);
    return prune->taylor != NULL;
}

static gboolean
needs_data(const RkParams *set)
{
    const char *by = rk_params_text(set, "by");
    return strcmp(by, "taylor") == 0 || strcmp(by, "frequency") == 0 ||
           rk_params_real(set, "epochs") > 0;
}

static gboolean
check_settings(const RkParams *set, GError **error)
{
    const char *why = NULL;
    gboolean budget = rk_params_real(set, "bytes") > 0 || rk_params_real(set, "flops") > 0;
    if (strcmp(rk_params_text(set, "by"), "frequency") == 0 &&
        strcmp(rk_params_text(set, "what"), "rows") != 0)
        why = "by=frequency is for what=rows";
    else if (budget && rk_params_is_set(set, "ratio"))
        why = "give a ratio or a budget, not both";
    else if (rk_params_int(set, "steps") > 1 && rk_params_real(set, "epochs") == 0)
        why = "steps without epochs between prune at once; add epochs=1";
    else if (budget && strcmp(rk_params_text(set, "what"), "weights") == 0)
        why = "masked weights stay whole in memory and count as operations, so that they meet no "
              "budget; give a ratio, or a budget to what=neurons or what=rows";
    else if (rk_params_real(set, "flops") > 0 && strcmp(rk_params_text(set, "what"), "rows") == 0)
        why = "rows of a table cost no FLOPs; give a budget of bytes";
    if (why != NULL)
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't prune: %s.", why);
    return why == NULL;
}

static gboolean
check_only(const RkParams *set, const RkCompressed *model, GError **error)
{
    const char *only = rk_params_text(set, "only");
    if (*only == '\0')
        return TRUE;
    g_autoptr(GArray) params = rk_compressed_params(model, error);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; params != NULL && i < params->len; i++) {
        g_ptr_array_add(names, (gpointer)g_array_index(params, RkCompressedParam, i).name);
        if (strcmp(g_ptr_array_index(names, i), only) == 0)
            return TRUE;
    }
    if (params == NULL)
        return FALSE;
    const char *near = rk_nearest_word(only, (const char *const *)names->pdata, names->len);
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't prune %s: %s has no layer or table of that name%s%s%s rankine model NAME "
                "lists them.",
                only, model->model->title, near != NULL ? ": did you mean \"" : ".",
                near != NULL ? near : "", near != NULL ? "\"?" : "");
    return FALSE;
}

static gboolean
apply(const RkParams *set, RkPassContext *context, RkCompressed *model, GError **error)
{
    RkPrune prune = {.set = set, .context = context};
    double ratio = rk_params_real(set, "ratio"), epochs = rk_params_real(set, "epochs"), done = 0;
    int64_t steps = rk_params_int(set, "steps");
    gboolean budget = rk_params_real(set, "bytes") > 0 || rk_params_real(set, "flops") > 0;
    gboolean fine = check_settings(set, error) && check_only(set, model, error) &&
                    need_scores(&prune, model, error) &&
                    (!budget || find_ratio(&prune, model, &ratio, error));
    for (int64_t step = 1; fine && step <= steps; step++) {
        double goal = ratio * (1 - pow(1 - (double)step / (double)steps, 3));
        double part = KINDS[kind_of(set)].absolute ? goal : 1 - (1 - goal) / (1 - done);
        fine = (step == 1 || need_scores(&prune, model, error)) &&
               prune_once(&prune, model, part, error) &&
               (epochs == 0 || context->train(context, model, epochs, error));
        done = goal;
    }
    g_clear_pointer(&prune.taylor, rk_weights_free);
    return fine;
}

const RkPass rk_pass_prune = {
    .name = "prune",
    .title = "Leave out weights, neurons, dimensions or rows",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .needs_data = needs_data,
    .apply = apply,
};
