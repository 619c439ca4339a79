// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/batch-private.h"

#include <string.h>

const RkParam rk_batch_params[] = {
    {"batch", RK_PARAM_INT, 1, 1 << 22, "1024", "samples", NULL, "Samples a step"},
    {"shuffle", RK_PARAM_CHOICE, 0, 0, "epoch", NULL, "epoch|none",
     "A new order every epoch, or the stored one"},
    {"drop-last", RK_PARAM_BOOL, 0, 0, "false", NULL, NULL,
     "Leave out the last batch when it is not full"},
    {"loader.threads", RK_PARAM_INT, 0, 64, "1", NULL, NULL,
     "Threads that fill batches ahead; 0 fills them when they are asked for"},
    {"label.binary", RK_PARAM_BOOL, 0, 0, "false", NULL, NULL, "Make labels 0 or 1 by a threshold"},
    {"label.threshold", RK_PARAM_REAL, -1e30, 1e30, "1", NULL, NULL,
     "Labels at or above it are 1 (label.binary)"},
    {"bag.capacity", RK_PARAM_INT, 1, 100000, "16", "values", NULL,
     "Values of a multi-valued field that a batch has room for, a sample on average"},
    {"bag.overflow", RK_PARAM_CHOICE, 0, 0, "error", NULL, "error|truncate",
     "What to do when the values of a batch's bags don't fit: stop, or leave out the last ones"},
    {"history.parts", RK_PARAM_CHOICE, 0, 0, "auto", NULL, "auto|train|all",
     "Parts whose events are in histories: up to the samples' own, training alone, or all"},
    {"sequence.windows", RK_PARAM_CHOICE, 0, 0, "last", NULL, "last|all",
     "A user with more events than fit gives the last of them, or one sample for each stretch"},
};
const size_t rk_n_batch_params = G_N_ELEMENTS(rk_batch_params);

// ---- kinds -------------------------------------------------------------------------------------

typedef enum {
    NEEDS_FIELD = 1 << 0,
    NEEDS_WIDTH = 1 << 1,
    NEEDS_HISTORY = 1 << 2,
    NEEDS_SEQUENCES = 1 << 3,
    NEEDS_NEGATIVES = 1 << 4,
    NEEDS_OF = 1 << 5,
    NEEDS_ITEM = 1 << 6,
    IS_FLOAT = 1 << 7,
} KindFlags;

static const struct {
    const char *name;
    KindFlags flags;
    unsigned columns; // bits 1 << RkColumnType that `field` may have
    unsigned of;      // bits 1 << RkBatchKind that it may derive from
} KINDS[RK_N_BATCH_KINDS] = {
    [RK_BATCH_CODE] = {"code", NEEDS_FIELD, 1 << RK_COLUMN_CODE},
    [RK_BATCH_BAG] = {"bag", NEEDS_FIELD, 1 << RK_COLUMN_CODES},
    [RK_BATCH_ENDS] = {"ends", NEEDS_OF, .of = 1 << RK_BATCH_BAG},
    [RK_BATCH_NUMBER] = {"number", NEEDS_FIELD | IS_FLOAT, 1 << RK_COLUMN_REAL},
    [RK_BATCH_TIME] = {"time", NEEDS_FIELD, 1 << RK_COLUMN_TIME},
    [RK_BATCH_LABEL] = {"label", IS_FLOAT},
    [RK_BATCH_WEIGHT] = {"weight", IS_FLOAT},
    [RK_BATCH_HISTORY] = {"history", NEEDS_WIDTH | NEEDS_HISTORY},
    [RK_BATCH_HISTORY_LENGTH] = {"history length", NEEDS_OF, .of = 1 << RK_BATCH_HISTORY},
    [RK_BATCH_TARGET] = {"target", NEEDS_WIDTH | NEEDS_HISTORY | NEEDS_SEQUENCES},
    [RK_BATCH_NEGATIVES] = {"negatives", NEEDS_WIDTH | NEEDS_NEGATIVES | NEEDS_ITEM},
    [RK_BATCH_CANDIDATES] = {"candidates", NEEDS_WIDTH | NEEDS_NEGATIVES | NEEDS_ITEM},
    [RK_BATCH_ROW] = {"row", 0},
    [RK_BATCH_LOG_Q] = {"log q", NEEDS_OF | NEEDS_NEGATIVES | IS_FLOAT,
                        .of = 1 << RK_BATCH_CODE | 1 << RK_BATCH_TARGET | 1 << RK_BATCH_NEGATIVES |
                              1 << RK_BATCH_CANDIDATES},
    [RK_BATCH_SORTED] = {"sorted", NEEDS_OF,
                         .of = 1 << RK_BATCH_CODE | 1 << RK_BATCH_BAG | 1 << RK_BATCH_HISTORY |
                               1 << RK_BATCH_TARGET | 1 << RK_BATCH_NEGATIVES |
                               1 << RK_BATCH_CANDIDATES},
};

const char *
rk_batch_kind_name(RkBatchKind kind)
{
    g_assert((unsigned)kind < RK_N_BATCH_KINDS);
    return KINDS[kind].name;
}

gboolean
rk_batch_kind_is_float(RkBatchKind kind)
{
    g_assert((unsigned)kind < RK_N_BATCH_KINDS);
    return (KINDS[kind].flags & IS_FLOAT) != 0;
}

// T of the table's histories, 0 without.
static uint32_t
history_width(const RkBatchOptions *options)
{
    for (uint32_t i = 0; i < options->n_columns; i++)
        if (options->columns[i].kind == RK_BATCH_HISTORY ||
            options->columns[i].kind == RK_BATCH_TARGET)
            return options->columns[i].width;
    return 0;
}

uint64_t
rk_batch_column_words(const RkBatchOptions *options, uint32_t i, uint32_t batch)
{
    const RkBatchColumn *column = &options->columns[i];
    uint64_t times = options->samples == RK_SAMPLES_SEQUENCES ? history_width(options) : 1;
    uint64_t words = 0;
    switch (column->kind) {
    case RK_BATCH_BAG:
        return (uint64_t)batch * (column->width > 0 ? column->width : column->capacity);
    case RK_BATCH_HISTORY:
    case RK_BATCH_TARGET:
        return (uint64_t)batch * column->width;
    case RK_BATCH_NEGATIVES:
        return batch * times * column->width;
    case RK_BATCH_CANDIDATES:
        return batch * times * ((uint64_t)column->width + 1);
    case RK_BATCH_LOG_Q:
        return rk_batch_column_words(options, column->of[0], batch);
    case RK_BATCH_SORTED:
        for (uint32_t k = 0; k < column->n_of; k++)
            words += 3 * rk_batch_column_words(options, column->of[k], batch);
        return words;
    default:
        return batch;
    }
}

// ---- checking ----------------------------------------------------------------------------------

static gboolean
refuse(const RkBatchColumn *column, const char *cause, GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't make the column %s (%s) of a batch: %s",
                column->name != NULL ? column->name : "?", KINDS[column->kind].name, cause);
    return FALSE;
}

static gboolean
check_of(const RkBatchOptions *options, uint32_t i, GError **error)
{
    const RkBatchColumn *column = &options->columns[i];
    if (!(KINDS[column->kind].flags & NEEDS_OF))
        return TRUE;
    uint32_t most = column->kind == RK_BATCH_SORTED ? RK_BATCH_MAX_OF : 1;
    if (column->n_of == 0 || column->n_of > most)
        return refuse(column, "it must name the column that it derives from.", error);
    for (uint32_t k = 0; k < column->n_of; k++)
        if (column->of[k] >= i ||
            !(KINDS[column->kind].of & (1u << options->columns[column->of[k]].kind)))
            return refuse(column, "it can't derive from that column.", error);
    return TRUE;
}

static gboolean
check_shape(const RkBatchOptions *options, uint32_t i, GError **error)
{
    const RkBatchColumn *column = &options->columns[i];
    KindFlags flags = KINDS[column->kind].flags;
    if ((flags & NEEDS_WIDTH) && column->width == 0)
        return refuse(column, "its width is 0.", error);
    if ((flags & NEEDS_HISTORY) && column->width != history_width(options))
        return refuse(column, "all histories and targets have one width.", error);
    if ((flags & NEEDS_SEQUENCES) && options->samples != RK_SAMPLES_SEQUENCES)
        return refuse(column, "only sequences have targets.", error);
    if ((flags & NEEDS_NEGATIVES) && !rk_negatives_needs(options->negatives).any)
        return refuse(column, "no negatives are drawn. Set negatives=uniform, say.", error);
    if ((flags & NEEDS_ITEM) && rk_frame_n_items(options->frame) == 0)
        return refuse(column, "the events have no item. Import with an item field.", error);
    if ((flags & NEEDS_NEGATIVES) && column->kind != RK_BATCH_LOG_Q &&
        rk_batch_column_words(options, i, 1) > RK_NEGATIVES_MAX_DRAWS)
        return refuse(column, "a sample can't have so many negatives.", error);
    if (column->kind == RK_BATCH_BAG && column->width == 0 && column->capacity == 0)
        return refuse(column, "it has room for no value. Give it a width or a capacity.", error);
    return TRUE;
}

static gboolean
resolve_field(const RkBatchOptions *options, RkBatchSlotColumn *column, GError **error)
{
    const RkFrame *frame = options->frame;
    column->field = -1;
    if (!(KINDS[column->about.kind].flags & NEEDS_FIELD))
        return TRUE;
    column->field = column->about.field != NULL ? rk_frame_find(frame, column->about.field, error)
                                                : frame->item;
    if (column->field < 0)
        return column->about.field != NULL ? FALSE
                                           : refuse(&column->about, "it names no field.", error);
    if (options->samples == RK_SAMPLES_POINTWISE &&
        rk_frame_field(frame, column->field)->of_item_past)
        return refuse(&column->about,
                      "what an item had before isn't known for negatives. Draw them beside each "
                      "sample instead, or leave the feature out.",
                      error);
    if (KINDS[column->about.kind].columns & (1u << rk_frame_field(frame, column->field)->type))
        return TRUE;
    g_autofree char *cause =
        g_strdup_printf("the field %s is of the kind %s.", column->about.field,
                        rk_field_kind_name(rk_frame_field(frame, column->field)->kind));
    return refuse(&column->about, cause, error);
}

static gboolean
resolve_columns(RkBatchPlan *plan, const RkBatchOptions *options, GError **error)
{
    plan->columns = g_new0(RkBatchSlotColumn, MAX(options->n_columns, 1));
    plan->n_columns = options->n_columns;
    plan->width = history_width(options);
    for (uint32_t i = 0; i < options->n_columns; i++) {
        RkBatchSlotColumn *column = &plan->columns[i];
        column->about = options->columns[i];
        g_assert((unsigned)column->about.kind < RK_N_BATCH_KINDS);
        if (!check_of(options, i, error) || !check_shape(options, i, error) ||
            !resolve_field(options, column, error))
            return FALSE;
        column->words = rk_batch_column_words(options, i, plan->batch);
        if (column->words > UINT32_MAX / 3)
            return refuse(&column->about, "it is too large. Lower the batch.", error);
    }
    if (options->samples == RK_SAMPLES_SEQUENCES && plan->width == 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't make batches of sequences: no column is a history or a target.");
        return FALSE;
    }
    return TRUE;
}

// ---- the plan ----------------------------------------------------------------------------------

static gboolean
set_negatives(RkBatchPlan *plan, const RkBatchOptions *options, GError **error)
{
    RkNegativesNeeds needs = rk_negatives_needs(options->negatives);
    if (!needs.any)
        return TRUE;
    if (needs.batch && options->samples == RK_SAMPLES_POINTWISE) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't draw in-batch negatives for a pointwise loss: they are samples of the "
                    "batch themselves. Set negatives=uniform or popularity.");
        return FALSE;
    }
    RkNegativesOptions drawing = {
        .set = options->negatives,
        .seed = options->seed,
        .n_items = rk_frame_n_items(plan->frame),
    };
    if (needs.count && (drawing.count = rk_frame_item_counts(plan->frame, error)) == NULL)
        return FALSE;
    if (needs.lists && (drawing.lists = rk_frame_negative_lists(plan->frame, error)) == NULL)
        return FALSE;
    if ((needs.seen_train || needs.seen_all) &&
        (drawing.seen = rk_frame_seen(plan->frame, needs.seen_all, error)) == NULL)
        return FALSE;
    plan->in_batch = needs.batch;
    plan->negatives = rk_negatives_new(&drawing, error);
    return plan->negatives != NULL;
}

static void
set_parts(RkBatchPlan *plan, const RkParams *set)
{
    const char *which = rk_params_text(set, "history.parts");
    unsigned up_to = plan->parts;
    while (up_to & (up_to + 1)) // every lower bit too
        up_to |= up_to >> 1;
    plan->history_parts = strcmp(which, "train") == 0 ? 1u << RK_PART_TRAIN
                          : strcmp(which, "all") == 0 ? (1u << RK_N_PARTS) - 1
                                                      : up_to;
}

static gboolean
build(RkBatchPlan *plan, const RkBatchOptions *options, const RkParams *set, GError **error)
{
    plan->frame = options->frame;
    plan->samples = options->samples;
    plan->parts = options->parts;
    plan->seed = options->seed;
    plan->batch = (uint32_t)rk_params_int(set, "batch");
    plan->shuffle = strcmp(rk_params_text(set, "shuffle"), "none") != 0;
    plan->binary = rk_params_bool(set, "label.binary");
    plan->threshold = (float)rk_params_real(set, "label.threshold");
    plan->truncate = strcmp(rk_params_text(set, "bag.overflow"), "truncate") == 0;
    set_parts(plan, set);
    if (!resolve_columns(plan, options, error) || !set_negatives(plan, options, error))
        return FALSE;
    if (plan->width > 0 && (plan->history = rk_frame_history(plan->frame, error)) == NULL)
        return FALSE;
    if (plan->samples == RK_SAMPLES_POINTWISE && plan->negatives == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't expand samples by negatives: none are drawn. Set negatives=uniform.");
        return FALSE;
    }
    plan->n_each = plan->samples == RK_SAMPLES_POINTWISE
                       ? 1 + (uint32_t)rk_params_int(options->negatives, "negatives.n")
                       : 1;
    return rk_batch_list(plan, options, set, error);
}

RkBatchPlan *
rk_batch_plan_new(const RkBatchOptions *options, GError **error)
{
    g_autoptr(RkParams) defaults = rk_params_new(rk_batch_params, rk_n_batch_params);
    g_autoptr(RkBatchPlan) plan = g_new0(RkBatchPlan, 1);
    return build(plan, options, options->batch != NULL ? options->batch : defaults, error)
               ? g_steal_pointer(&plan)
               : NULL;
}

void
rk_batch_plan_free(RkBatchPlan *plan)
{
    if (plan == NULL)
        return;
    g_free(plan->columns);
    g_free(plan->list);
    rk_imbalance_free(plan->imbalance);
    rk_negatives_free(plan->negatives);
    g_free(plan);
}

RkBatchWork *
rk_batch_work_new(const RkBatchPlan *plan)
{
    RkBatchWork *work = g_new0(RkBatchWork, 1);
    uint32_t **arrays[] = {&work->sample, &work->row, &work->user, &work->item, &work->other};
    for (size_t i = 0; i < G_N_ELEMENTS(arrays); i++)
        *arrays[i] = g_new0(uint32_t, plan->batch);
    work->at = g_new(uint64_t, plan->batch);
    uint64_t n_sorted = 0;
    for (uint32_t i = 0; i < plan->n_columns; i++)
        if (plan->columns[i].about.kind == RK_BATCH_SORTED)
            n_sorted = MAX(n_sorted, plan->columns[i].words / 3);
    work->sort = g_new(uint32_t, 5 * n_sorted + 2); // indices, packed, scratch
    if (plan->samples == RK_SAMPLES_SEQUENCES) {
        work->place = g_new0(uint32_t, (size_t)plan->batch * (plan->width + 1));
        work->n_place = g_new0(uint32_t, plan->batch);
    }
    if (plan->in_batch)
        work->pool = g_new0(uint32_t, (size_t)plan->batch * MAX(plan->width, 1));
    return work;
}

void
rk_batch_work_free(RkBatchWork *work)
{
    if (work == NULL)
        return;
    uint32_t *arrays[] = {work->sample, work->row,     work->user, work->item, work->other,
                          work->place,  work->n_place, work->pool, work->sort};
    for (size_t i = 0; i < G_N_ELEMENTS(arrays); i++)
        g_free(arrays[i]);
    g_free(work->at);
    g_free(work);
}
