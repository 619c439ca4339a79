// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/clean-private.h"

#include <math.h>
#include <string.h>

const RkParam rk_clean_params[] = {
    {"clean.label", RK_PARAM_CHOICE, 0, 0, "keep", NULL, "keep|binary|positive",
     "Make the label 0 or 1 by a threshold, or keep only rows at or above it"},
    {"clean.label.threshold", RK_PARAM_REAL, -1e300, 1e300, "4", NULL, NULL,
     "Labels from here on are positive"},
    {"clean.duplicates", RK_PARAM_CHOICE, 0, 0, "keep", NULL, "keep|first|last",
     "Which of several equal events stays, in time"},
    {"clean.duplicates.by", RK_PARAM_CHOICE, 0, 0, "pair", NULL, "pair|row",
     "What makes events equal: user and item, or all columns"},
    {"clean.k-core.user", RK_PARAM_INT, 0, 1000000, "0", "events", NULL,
     "Remove users with fewer events, repeatedly"},
    {"clean.k-core.item", RK_PARAM_INT, 0, 1000000, "0", "events", NULL,
     "Remove items with fewer events, repeatedly"},
    {"clean.missing", RK_PARAM_CHOICE, 0, 0, "keep", NULL,
     "keep|drop|constant|mean|median|most-frequent", "What becomes of missing cells"},
    {"clean.missing.value", RK_PARAM_TEXT, 0, 0, "0", NULL, NULL,
     "The constant that fills missing cells"},
    {"clean.missing.fields", RK_PARAM_TEXT, 0, 0, "", NULL, NULL,
     "Other ways for some fields: age=median,city=constant:none,time=drop"},
    {"clean.outliers", RK_PARAM_CHOICE, 0, 0, "keep", NULL, "keep|clip|missing|drop",
     "What becomes of numbers outside two quantiles of the training part"},
    {"clean.outliers.low", RK_PARAM_REAL, 0, 1, "0.01", NULL, NULL, "The lower quantile"},
    {"clean.outliers.high", RK_PARAM_REAL, 0, 1, "0.99", NULL, NULL, "The upper quantile"},
    {"clean.outliers.fields", RK_PARAM_TEXT, 0, 0, "", NULL, NULL,
     "The fields to look at, with commas between; all numbers if empty"},
    {"clean.rare", RK_PARAM_CHOICE, 0, 0, "keep", NULL, "keep|fold|hash",
     "Rare categories become one, or one of clean.rare.buckets by hash"},
    {"clean.rare.min", RK_PARAM_INT, 1, 1e9, "10", "rows", NULL,
     "A category in fewer training rows is rare"},
    {"clean.rare.buckets", RK_PARAM_INT, 1, 1e6, "100", NULL, NULL, "Buckets of clean.rare=hash"},
    {"clean.rare.fields", RK_PARAM_TEXT, 0, 0, "", NULL, NULL,
     "The fields to look at, with commas between; all categories if empty"},
};
const size_t rk_n_clean_params = G_N_ELEMENTS(rk_clean_params);

#define UNSEEN (UINT32_MAX - 1) // in RkWords.code; a code is at most UINT32_MAX - 2

gboolean
rk_clean_wanted(const RkParams *clean)
{
    static const char *const CHOICES[] = {"clean.label", "clean.duplicates", "clean.missing",
                                          "clean.outliers", "clean.rare"};
    for (size_t i = 0; i < G_N_ELEMENTS(CHOICES); i++)
        if (strcmp(rk_params_text(clean, CHOICES[i]), "keep") != 0)
            return TRUE;
    return rk_params_int(clean, "clean.k-core.user") > 0 ||
           rk_params_int(clean, "clean.k-core.item") > 0 ||
           *rk_params_text(clean, "clean.missing.fields") != '\0';
}

// ---- plan --------------------------------------------------------------------------------------

static int
add_words(RkClean *clean, const RkField *field, GError **error)
{
    for (guint w = 0; w < clean->words->len; w++)
        if (strcmp(g_array_index(clean->words, RkWords, w).name, field->vocabulary) == 0)
            return (int)w;
    const RkVocabulary *raw = clean->input.vocabulary(clean->input.data, field->vocabulary, error);
    if (raw == NULL)
        return -1;
    RkWords words = {.name = field->vocabulary, .raw = raw, .n = rk_vocabulary_size(raw)};
    g_array_append_val(clean->words, words);
    return (int)clean->words->len - 1;
}

// A rule for each column and a bitmap of all rows for each table.
static gboolean
prepare(RkClean *clean, GError **error)
{
    const RkSchema *schema = clean->schema;
    clean->keep = g_new0(uint8_t *, schema->tables->len);
    for (uint32_t t = 0; t < schema->tables->len; t++) {
        const RkTable *table = rk_schema_table(schema, t);
        uint64_t n_bytes = clean->input.source->n_rows(clean->input.source, t) / 8 + 1;
        clean->keep[t] = g_malloc(n_bytes);
        memset(clean->keep[t], 0xff, n_bytes);
        for (uint32_t c = 0; c < table->fields->len; c++) {
            const RkField *field = rk_table_field(table, c);
            int vocabulary = -1;
            if (field->vocabulary != NULL && (vocabulary = add_words(clean, field, error)) < 0)
                return FALSE;
            RkRule rule = {.table = t,
                           .column = c,
                           .field = field,
                           .name = g_strdup_printf("%s.%s", table->name, field->name),
                           .vocabulary = vocabulary,
                           .fill = NAN,
                           .fill_code = RK_CODE_MISSING};
            g_array_append_val(clean->rules, rule);
        }
    }
    const RkTable *events = rk_events_table(schema);
    clean->user = rk_table_find_kind(events, RK_FIELD_USER);
    clean->item = rk_table_find_kind(events, RK_FIELD_ITEM);
    clean->time = rk_table_find_kind(events, RK_FIELD_TIMESTAMP);
    clean->label = rk_table_find_kind(events, RK_FIELD_LABEL);
    return TRUE;
}

// The raw rows for finding the split: removed ones name no user and no time, so none is a user's
// last event or counted in a share.
typedef struct {
    RkChunkSource source;
    RkClean *clean;
} Masked;

static uint64_t
masked_n_rows(RkChunkSource *source, uint32_t table)
{
    RkChunkSource *raw = ((Masked *)source)->clean->input.source;
    return raw->n_rows(raw, table);
}

static RkChunk *
masked_read(RkChunkSource *source, uint32_t table, uint32_t i, const gboolean *columns,
            GError **error)
{
    RkClean *clean = ((Masked *)source)->clean;
    RkChunkSource *raw = clean->input.source;
    RkChunk *chunk = raw->read(raw, table, i, columns, error);
    for (uint32_t k = 0; chunk != NULL && table == 0 && k < chunk->n_rows; k++) {
        if (rk_kept(clean->keep[0], chunk->first_row + k))
            continue;
        if (clean->user >= 0 && chunk->columns[clean->user].n_rows > 0)
            chunk->columns[clean->user].code[k] = RK_CODE_MISSING;
        if (clean->time >= 0 && chunk->columns[clean->time].n_rows > 0)
            chunk->columns[clean->time].time[k] = INT64_MIN;
    }
    return chunk;
}

static RkSplit *
split_raw(RkClean *clean, GError **error)
{
    Masked masked = {{clean->schema, masked_n_rows, masked_read}, clean};
    uint32_t n_users = 0;
    for (guint w = 0; w < clean->words->len; w++)
        if (strcmp(g_array_index(clean->words, RkWords, w).name, "user") == 0)
            n_users = g_array_index(clean->words, RkWords, w).n;
    return rk_split_build(&masked.source, clean->input.split, clean->input.seed, n_users,
                          clean->input.progress, error);
}

static uint64_t
count_kept(const RkClean *clean, uint32_t table)
{
    uint64_t n_rows = clean->input.source->n_rows(clean->input.source, table), n = 0;
    for (uint64_t row = 0; row < n_rows; row++)
        n += rk_kept(clean->keep[table], row);
    return n;
}

// Chance knows no rows, so it is drawn anew for the rows that stay, which keeps the split one line;
// not where something was fitted to the part that was drawn first, except with folds, where no fit
// can suit every one of them.
static gboolean
split_clean(RkClean *clean, const RkSplit *raw, GError **error)
{
    g_autoptr(GBytes) bits = rk_split_to_bytes(raw);
    gboolean folds = strcmp(rk_split_kind(raw), "k-fold") == 0;
    if (bits != NULL || (rk_clean_fits(clean) && !folds)) {
        clean->split = rk_split_filter(raw, clean->keep[0]);
        return TRUE;
    }
    clean->split = rk_split_resize(raw, clean->report.n_rows_out);
    return clean->split != NULL;
}

static gboolean
check_rest(RkClean *clean, GError **error)
{
    clean->report.n_rows_out = count_kept(clean, 0);
    if (clean->report.n_rows_out > 0 || clean->report.n_rows_in == 0)
        return TRUE;
    const char *last = "cleaning";
    for (guint s = 0; s < clean->report.steps->len; s++) {
        const RkCleanStep *step = clean->report.steps->pdata[s];
        if (step->n_rows_removed > 0)
            last = step->step;
    }
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "Can't clean the events: none of %" G_GUINT64_FORMAT
                " rows is left after %s. Ask for less.",
                clean->report.n_rows_in, last);
    return FALSE;
}

static gboolean
plan(RkClean *clean, GError **error)
{
    static gboolean (*const STEPS[])(RkClean *, GError **) = {
        prepare,
        rk_clean_rules,
        rk_clean_count,
        rk_clean_label,
        rk_clean_drop_missing,
        rk_clean_duplicates,
        rk_clean_k_core,
        check_rest,
    };
    clean->report.n_rows_in = clean->input.source->n_rows(clean->input.source, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(STEPS); i++)
        if (!STEPS[i](clean, error))
            return FALSE;
    g_autoptr(RkSplit) built = NULL;
    const RkSplit *raw = clean->input.given;
    if (raw == NULL)
        raw = built = split_raw(clean, error);
    if (raw == NULL)
        return FALSE;
    if (rk_clean_fits(clean) && (!rk_clean_fit(clean, raw, error) || !check_rest(clean, error)))
        return FALSE;
    return split_clean(clean, raw, error) && rk_clean_count(clean, error);
}

RkClean *
rk_clean_plan(const RkCleanInput *input, GError **error)
{
    g_autoptr(RkClean) clean = g_new0(RkClean, 1);
    clean->input = *input;
    clean->schema = input->source->schema;
    clean->rules = g_array_new(FALSE, TRUE, sizeof(RkRule));
    clean->words = g_array_new(FALSE, TRUE, sizeof(RkWords));
    clean->report.steps = g_ptr_array_new_with_free_func((GDestroyNotify)rk_clean_step_free);
    return plan(clean, error) ? g_steal_pointer(&clean) : NULL;
}

void
rk_clean_free(RkClean *clean)
{
    if (clean == NULL)
        return;
    for (guint r = 0; r < clean->rules->len; r++) {
        g_free(g_array_index(clean->rules, RkRule, r).name);
        g_free(g_array_index(clean->rules, RkRule, r).constant);
    }
    for (guint w = 0; w < clean->words->len; w++) {
        g_free(g_array_index(clean->words, RkWords, w).code);
        g_free(g_array_index(clean->words, RkWords, w).count);
    }
    for (uint32_t t = 0; clean->keep != NULL && t < clean->schema->tables->len; t++)
        g_free(clean->keep[t]);
    g_free(clean->keep);
    g_array_unref(clean->rules);
    g_array_unref(clean->words);
    g_ptr_array_unref(clean->report.steps);
    rk_split_free(clean->split);
    g_free(clean);
}

const RkSplit *
rk_clean_split(const RkClean *clean)
{
    return clean->split;
}

const RkCleanReport *
rk_clean_report(const RkClean *clean)
{
    return &clean->report;
}

// ---- writing -----------------------------------------------------------------------------------

static uint32_t
fold_of(const RkClean *clean, const char *text, uint32_t length)
{
    uint32_t hash = 2166136261u; // FNV-1a
    for (uint32_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    return hash % (uint32_t)rk_params_int(clean->input.clean, "clean.rare.buckets");
}

static gboolean
is_rare(const RkClean *clean, const RkWords *words, uint32_t code)
{
    return words->count != NULL &&
           words->count[code] < (uint32_t)rk_params_int(clean->input.clean, "clean.rare.min");
}

static uint32_t
intern(const RkClean *clean, RkWords *words, uint32_t code)
{
    char scratch[RK_VOCABULARY_SCRATCH];
    uint32_t length = 0;
    const char *text = rk_vocabulary_text(words->raw, code, scratch, &length);
    if (!is_rare(clean, words, code))
        return rk_vocabulary_intern(words->out, text, length);
    if (strcmp(rk_params_text(clean->input.clean, "clean.rare"), "fold") == 0)
        return rk_vocabulary_intern(words->out, "(rare)", 6);
    char name[32];
    int n = g_snprintf(name, sizeof name, "(rare %u)", fold_of(clean, text, length));
    return rk_vocabulary_intern(words->out, name, (uint32_t)n);
}

static void
recode(const RkClean *clean, RkRule *rule, RkWords *words, uint32_t *code, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (code[i] == RK_CODE_MISSING) {
            if (rule->missing <= RK_MISSING_DROP)
                continue;
            if (rule->missing == RK_MISSING_CONSTANT) {
                code[i] = rk_vocabulary_intern(words->out, rule->constant,
                                               (uint32_t)strlen(rule->constant));
                rule->n_filled++;
                continue;
            }
            if (rule->fill_code == RK_CODE_MISSING) // no training row has a value
                continue;
            code[i] = rule->fill_code;
            rule->n_filled++;
        } else if (rule->rare) {
            rule->n_rare += is_rare(clean, words, code[i]);
        }
        if (words->code[code[i]] == UNSEEN)
            words->code[code[i]] = intern(clean, words, code[i]);
        code[i] = words->code[code[i]];
    }
}

typedef struct {
    RkClean *clean;
    RkChunkSink *out;
    uint64_t n_written;
    uint32_t *rows; // [RK_CHUNK_ROWS]
} WritePass;

static gboolean
write_chunk(const RkChunk *raw, void *data, GError **error)
{
    WritePass *p = data;
    RkClean *clean = p->clean;
    uint32_t n = 0;
    for (uint32_t i = 0; i < raw->n_rows; i++)
        if (rk_kept(clean->keep[raw->table], raw->first_row + i))
            p->rows[n++] = i;
    if (n == 0)
        return TRUE;
    g_autoptr(RkChunk) chunk = rk_chunk_gather(raw, p->rows, n);
    chunk->first_row = p->n_written;
    p->n_written += n;
    rk_clean_apply(clean, chunk);
    for (guint r = 0; r < clean->rules->len; r++) {
        RkRule *rule = &g_array_index(clean->rules, RkRule, r);
        if (rule->table != chunk->table || rule->vocabulary < 0)
            continue;
        RkColumn *column = &chunk->columns[rule->column];
        RkWords *words = &g_array_index(clean->words, RkWords, rule->vocabulary);
        recode(clean, rule, words, column->code, column->offset != NULL ? column->offset[n] : n);
    }
    return p->out->chunk(p->out, chunk, error);
}

static void
report_values(RkClean *clean)
{
    for (guint r = 0; r < clean->rules->len; r++) {
        RkRule *rule = &g_array_index(clean->rules, RkRule, r);
        rk_clean_report_rule(clean, rule);
    }
}

gboolean
rk_clean_write(RkClean *clean, RkChunkSink *out,
               RkVocabulary *(*vocabulary)(void *data, const char *name), void *data,
               GError **error)
{
    for (guint w = 0; w < clean->words->len; w++) {
        RkWords *words = &g_array_index(clean->words, RkWords, w);
        g_return_val_if_fail(words->code == NULL, FALSE);
        words->out = vocabulary(data, words->name);
        words->code = g_new(uint32_t, MAX(words->n, 1));
        for (uint32_t i = 0; i < words->n; i++)
            words->code[i] = UNSEEN;
    }
    g_autofree uint32_t *rows = g_new(uint32_t, RK_CHUNK_ROWS);
    for (uint32_t t = 0; t < clean->schema->tables->len; t++) {
        WritePass p = {.clean = clean, .out = out, .rows = rows};
        if (!rk_scan_told(clean->input.source, t, NULL, 0, write_chunk, &p, "Writing",
                          clean->input.progress, error))
            return FALSE;
    }
    report_values(clean);
    return TRUE;
}
