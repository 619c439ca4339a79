// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/compare.h"

#include <string.h>

#define MAX_SLICES 32u // of a field; the last holds the rest

// ---- two evaluations -----------------------------------------------------------------------

static gboolean
same_questions(const RkEvaluation *a, const RkEvaluation *b)
{
    if (strcmp(a->protocol, b->protocol) != 0 || a->n != b->n ||
        (a->ranked == NULL) != (b->ranked == NULL))
        return FALSE;
    if (a->ranked != NULL)
        return memcmp(a->ranked->user, b->ranked->user, a->n * sizeof *a->ranked->user) == 0;
    return memcmp(a->row, b->row, a->n * sizeof *a->row) == 0;
}

// Units numbered from 0 without gaps, so that each draw is of users that were asked.
static uint32_t *
compact_units(const RkEvaluation *e, uint32_t *n_units)
{
    uint32_t *unit = g_new(uint32_t, MAX(e->n, 1));
    g_autofree uint32_t *number = g_new(uint32_t, MAX(e->n_units, 1));
    memset(number, 0xff, e->n_units * sizeof *number);
    *n_units = 0;
    for (uint64_t i = 0; i < e->n; i++) {
        uint32_t *known = &number[e->unit[i]];
        if (*known == UINT32_MAX)
            *known = (*n_units)++;
        unit[i] = *known;
    }
    return unit;
}

gboolean
rk_compare_evaluations(const RkEvaluation *a, const RkEvaluation *b, const RkFigure *figure,
                       uint64_t seed, RkInterval *interval, GError **error)
{
    if (!same_questions(a, b)) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't compare: the models were asked about different samples (%s of "
                    "%" G_GUINT64_FORMAT " %s, %s of %" G_GUINT64_FORMAT "). Name one --protocol "
                    "for both and train both on one split.",
                    a->protocol, a->n, a->n_are, b->protocol, b->n);
        return FALSE;
    }
    uint32_t n_units = 0;
    g_autofree uint32_t *unit = a->unit != NULL ? compact_units(a, &n_units) : NULL;
    const RkBootstrapOptions options = {
        .n_resamples = 1000, .level = 0.95, .seed = seed, .unit = unit, .n_units = n_units};
    return rk_bootstrap(figure->metric, figure->k, &a->answers, &b->answers, &options, interval,
                        error);
}

// ---- slices --------------------------------------------------------------------------------

static const struct {
    uint64_t below;
    const char *name;
} ACTIVITY[] = {{1, "0 (cold)"},
                {5, "1 to 4"},
                {20, "5 to 19"},
                {100, "20 to 99"},
                {UINT64_MAX, "100 and more"}};

static uint32_t
activity_of(uint64_t n)
{
    uint32_t i = 0;
    while (n >= ACTIVITY[i].below && i + 1 < G_N_ELEMENTS(ACTIVITY))
        i++;
    return i;
}

static gboolean
fail_item(const char *by, GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't slice by %s: a user's full ranking is of many items. Slice by user, or use "
                "--protocol sampled:100.",
                by);
    return FALSE;
}

// Values of a field (an id or a category) of each event, [n_rows] codes, in a frame of its own.
typedef struct {
    RkFrame *frame;
    uint32_t *code;
    uint32_t n_rows, n_codes;
} FieldCodes;

static void
clear_codes(FieldCodes *codes)
{
    rk_frame_free(codes->frame);
    g_free(codes->code);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FieldCodes, clear_codes)

static gboolean
read_codes(RkDataset *dataset, const char *field, FieldCodes *codes, GError **error)
{
    const RkFrameOptions frame = {.source = rk_dataset_source(dataset),
                                  .vocabulary_size = rk_dataset_vocabulary_size_of,
                                  .vocabulary_data = dataset,
                                  .fields = &field,
                                  .n_fields = 1,
                                  .positive_from = -1e30};
    codes->frame = rk_frame_new(&frame, error);
    if (codes->frame == NULL)
        return FALSE;
    codes->n_rows = rk_frame_n_rows(codes->frame);
    codes->n_codes = rk_frame_n_codes(codes->frame, field);
    codes->code = g_new(uint32_t, MAX(codes->n_rows, 1));
    const RkBatchColumn columns[] = {{.name = "code", .kind = RK_BATCH_CODE, .field = field},
                                     {.name = "row", .kind = RK_BATCH_ROW}};
    g_autoptr(RkParams) set = rk_params_new(rk_batch_params, rk_n_batch_params);
    const RkLoaderOptions options = {.batch = {.frame = codes->frame,
                                               .parts = (1u << RK_N_PARTS) - 1,
                                               .columns = columns,
                                               .n_columns = G_N_ELEMENTS(columns),
                                               .batch = set},
                                     .n_slots = 2,
                                     .n_epochs = 1};
    if (!rk_params_set(set, "shuffle", "none", error))
        return FALSE;
    g_autoptr(RkLoader) loader = rk_loader_new(&options, error);
    RkBatch batch;
    int more = -1;
    while (loader != NULL && (more = rk_loader_next(loader, &batch, error)) == 1) {
        const uint32_t *code = rk_loader_column(loader, batch.slot, 0);
        const uint32_t *row = rk_loader_column(loader, batch.slot, 1);
        for (uint32_t i = 0; i < batch.n; i++)
            codes->code[row[i]] = code[i];
        rk_loader_release(loader, batch.slot);
    }
    return more == 0;
}

static void
add_activity_names(GPtrArray *names)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ACTIVITY); i++)
        g_ptr_array_add(names, g_strdup_printf("%s training events", ACTIVITY[i].name));
}

static gboolean
slice_by_user(const RkEvaluation *e, const RkTrainFeatures *f, uint32_t *slice, GPtrArray *names,
              GError **error)
{
    const RkSeenItems *seen = rk_frame_seen(f->frame, FALSE, error);
    if (seen == NULL || e->unit == NULL)
        return FALSE;
    for (uint64_t i = 0; i < e->n; i++) {
        uint32_t n;
        rk_seen_items_of(seen, e->unit[i], &n);
        slice[i] = activity_of(n);
    }
    add_activity_names(names);
    return TRUE;
}

static gboolean
slice_by_item(const RkEvaluation *e, const RkTrainFeatures *f, uint32_t *slice, GPtrArray *names,
              GError **error)
{
    g_auto(FieldCodes) codes = {0};
    if (e->row == NULL)
        return fail_item("item", error);
    const uint64_t *counts = rk_frame_item_counts(f->frame, error);
    if (counts == NULL ||
        !read_codes(f->dataset, f->data.features[f->data.item].name, &codes, error))
        return FALSE;
    for (uint64_t i = 0; i < e->n; i++) {
        uint32_t item = codes.code[e->row[i]];
        slice[i] = item < codes.n_codes ? activity_of(counts[item]) : UINT32_MAX;
    }
    add_activity_names(names);
    return TRUE;
}

// The vocabulary of a field, "FIELD" or "TABLE.FIELD" as frames name it.
static const char *
vocabulary_of(RkDataset *dataset, const char *field)
{
    const RkSchema *schema = rk_dataset_schema(dataset);
    const char *dot = strrchr(field, '.');
    for (uint32_t t = 0; t < schema->tables->len; t++) {
        const RkTable *table = rk_schema_table(schema, t);
        for (uint32_t i = 0; i < table->fields->len; i++) {
            const RkField *one = rk_table_field(table, i);
            if (one->vocabulary != NULL &&
                (strcmp(one->name, field) == 0 || (dot != NULL && strcmp(one->name, dot + 1) == 0)))
                return one->vocabulary;
        }
    }
    return NULL;
}

typedef struct {
    uint32_t code;
    uint64_t n;
} Frequency;

static int
more_frequent(const void *a, const void *b)
{
    const Frequency *x = a, *y = b;
    if (x->n != y->n)
        return x->n < y->n ? 1 : -1;
    return (x->code > y->code) - (x->code < y->code);
}

// The most frequent codes get slices of their own, in order; the others share the last.
static void
fold_codes(uint32_t *slice, uint64_t n, uint32_t n_codes, const RkVocabulary *vocabulary,
           GPtrArray *names)
{
    g_autofree Frequency *list = g_new0(Frequency, MAX(n_codes, 1));
    g_autofree uint32_t *to = g_new(uint32_t, MAX(n_codes, 1));
    for (uint32_t c = 0; c < n_codes; c++)
        list[c].code = c;
    for (uint64_t i = 0; i < n; i++)
        if (slice[i] < n_codes)
            list[slice[i]].n++;
    qsort(list, n_codes, sizeof *list, more_frequent);
    uint32_t n_own = n_codes <= MAX_SLICES ? n_codes : MAX_SLICES - 1;
    for (uint32_t c = 0; c < n_codes; c++) {
        to[list[c].code] = MIN(c, n_own);
        char scratch[RK_VOCABULARY_SCRATCH];
        if (c < n_own)
            g_ptr_array_add(names,
                            g_strdup(rk_vocabulary_text(vocabulary, list[c].code, scratch, NULL)));
    }
    if (n_own < n_codes)
        g_ptr_array_add(names, g_strdup_printf("%u others", n_codes - n_own));
    for (uint64_t i = 0; i < n; i++)
        slice[i] = slice[i] < n_codes ? to[slice[i]] : UINT32_MAX;
}

static gboolean
slice_by_field(const RkEvaluation *e, const RkTrainFeatures *f, const char *by, uint32_t *slice,
               GPtrArray *names, GError **error)
{
    g_auto(FieldCodes) codes = {0}, user = {0};
    const char *name = vocabulary_of(f->dataset, by);
    if (name == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't slice by %s: %s has no such categorical field. See rankine dataset %s.",
                    by, rk_dataset_name(f->dataset), rk_dataset_name(f->dataset));
        return FALSE;
    }
    const RkVocabulary *vocabulary = rk_dataset_vocabulary(f->dataset, name, error);
    if (vocabulary == NULL || !read_codes(f->dataset, by, &codes, error))
        return FALSE;
    if (e->row != NULL) {
        for (uint64_t i = 0; i < e->n; i++)
            slice[i] = codes.code[e->row[i]];
    } else { // a user's: the same in each of the user's events, or it is no field of users
        if (!read_codes(f->dataset, f->data.features[f->data.user].name, &user, error))
            return FALSE;
        g_autofree uint32_t *of_user = g_new(uint32_t, MAX(user.n_codes, 1));
        memset(of_user, 0xff, user.n_codes * sizeof *of_user);
        for (uint32_t r = 0; r < user.n_rows; r++) {
            if (user.code[r] >= user.n_codes)
                continue;
            uint32_t *known = &of_user[user.code[r]];
            if (*known != UINT32_MAX && *known != codes.code[r])
                return fail_item(by, error);
            *known = codes.code[r];
        }
        for (uint64_t i = 0; i < e->n; i++)
            slice[i] = of_user[e->unit[i]];
    }
    fold_codes(slice, e->n, codes.n_codes, vocabulary, names);
    return TRUE;
}

uint32_t *
rk_slice_evaluation(const RkEvaluation *evaluation, const RkTrainFeatures *features, const char *by,
                    GPtrArray **names, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    g_autofree uint32_t *slice = g_new(uint32_t, MAX(evaluation->n, 1));
    gboolean done;
    if (strcmp(by, "user") == 0 && features->data.user >= 0)
        done = slice_by_user(evaluation, features, slice, found, error);
    else if (strcmp(by, "item") == 0 && features->data.item >= 0)
        done = slice_by_item(evaluation, features, slice, found, error);
    else
        done = slice_by_field(evaluation, features, by, slice, found, error);
    if (!done)
        return NULL;
    *names = g_steal_pointer(&found);
    return g_steal_pointer(&slice);
}
