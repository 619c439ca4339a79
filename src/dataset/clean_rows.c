// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which rows stay: label, missing cells, k-core (duplicates: clean_duplicates.c). Each step sees
// the rows that the steps before it left.
#include "dataset/clean-private.h"

#include <math.h>
#include <string.h>

static gboolean
pass(RkClean *clean, uint32_t table, const int *columns, uint32_t n, RkScanFunc func, void *data,
     GError **error)
{
    return rk_scan_told(clean->input.source, table, columns, n, func, data, "Cleaning",
                        clean->input.progress, error);
}

// ---- label -------------------------------------------------------------------------------------

typedef struct {
    RkClean *clean;
    uint64_t n_removed;
} LabelPass;

static gboolean
keep_positive(const RkChunk *chunk, void *data, GError **error)
{
    LabelPass *p = data;
    const double *label = chunk->columns[p->clean->label].real;
    for (uint32_t i = 0; i < chunk->n_rows; i++)
        if (!(label[i] >= p->clean->threshold)) { // NaN goes too
            rk_remove(p->clean->keep[0], chunk->first_row + i);
            p->n_removed++;
        }
    return TRUE;
}

gboolean
rk_clean_label(RkClean *clean, GError **error)
{
    const char *how = rk_params_text(clean->input.clean, "clean.label");
    clean->threshold = rk_params_real(clean->input.clean, "clean.label.threshold");
    if (strcmp(how, "keep") == 0)
        return TRUE;
    if (clean->label < 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't set clean.label to %s: the events have no label. Mark one (--set "
                    "FIELD.kind=label) or leave the setting out.",
                    how);
        return FALSE;
    }
    clean->binary = TRUE;
    LabelPass p = {.clean = clean};
    if (strcmp(how, "positive") == 0 && !pass(clean, 0, &clean->label, 1, keep_positive, &p, error))
        return FALSE;
    rk_clean_add_step(
        clean, "label", NULL, p.n_removed, 0,
        g_strdup_printf("%g and above is 1, %s", clean->threshold,
                        strcmp(how, "positive") == 0 ? "rows below removed" : "below is 0"));
    return TRUE;
}

// ---- missing cells -----------------------------------------------------------------------------

static gboolean
is_missing(const RkColumn *column, uint32_t row)
{
    switch (column->type) {
    case RK_COLUMN_CODE:
        return column->code[row] == RK_CODE_MISSING;
    case RK_COLUMN_REAL:
        return isnan(column->real[row]);
    case RK_COLUMN_TIME:
        return column->time[row] == INT64_MIN;
    case RK_COLUMN_CODES:
    case RK_COLUMN_TEXT:
        return column->offset[row] == column->offset[row + 1];
    }
    g_assert_not_reached();
}

typedef struct {
    RkClean *clean;
    uint64_t *n_removed; // [rules]
} DropPass;

static gboolean
drop_missing(const RkChunk *chunk, void *data, GError **error)
{
    DropPass *p = data;
    uint8_t *keep = p->clean->keep[chunk->table];
    for (guint r = 0; r < p->clean->rules->len; r++) {
        const RkRule *rule = &g_array_index(p->clean->rules, RkRule, r);
        if (rule->table != chunk->table || rule->missing != RK_MISSING_DROP)
            continue;
        const RkColumn *column = &chunk->columns[rule->column];
        for (uint32_t i = 0; i < chunk->n_rows; i++)
            if (is_missing(column, i) && rk_kept(keep, chunk->first_row + i)) {
                rk_remove(keep, chunk->first_row + i);
                p->n_removed[r]++;
            }
    }
    return TRUE;
}

gboolean
rk_clean_drop_missing(RkClean *clean, GError **error)
{
    g_autofree uint64_t *n_removed = g_new0(uint64_t, clean->rules->len + 1);
    g_autofree int *columns = g_new(int, clean->rules->len + 1);
    DropPass p = {clean, n_removed};
    for (uint32_t t = 0; t < clean->schema->tables->len; t++) {
        uint32_t n = 0;
        for (guint r = 0; r < clean->rules->len; r++) {
            const RkRule *rule = &g_array_index(clean->rules, RkRule, r);
            if (rule->table == t && rule->missing == RK_MISSING_DROP)
                columns[n++] = (int)rule->column;
        }
        if (n > 0 && !pass(clean, t, columns, n, drop_missing, &p, error))
            return FALSE;
    }
    for (guint r = 0; r < clean->rules->len; r++) {
        const RkRule *rule = &g_array_index(clean->rules, RkRule, r);
        if (rule->missing == RK_MISSING_DROP)
            rk_clean_add_step(clean, "missing", rule->name, n_removed[r], 0,
                              g_strdup("rows without it removed"));
    }
    return TRUE;
}

// ---- k-core ------------------------------------------------------------------------------------

typedef struct {
    RkClean *clean;
    uint32_t *code[2]; // users and items of the rows that stay; NULL where not asked for
    uint64_t *row;
    uint64_t n;
} Events;

static gboolean
gather_events(const RkChunk *chunk, void *data, GError **error)
{
    Events *e = data;
    const int column[2] = {e->clean->user, e->clean->item};
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        if (!rk_kept(e->clean->keep[0], chunk->first_row + i))
            continue;
        for (int k = 0; k < 2; k++)
            if (e->code[k] != NULL)
                e->code[k][e->n] = chunk->columns[column[k]].code[i];
        e->row[e->n++] = chunk->first_row + i;
    }
    return TRUE;
}

static uint32_t
vocabulary_size(const RkClean *clean, int column)
{
    const RkField *field = rk_table_field(rk_events_table(clean->schema), (uint32_t)column);
    for (guint w = 0; w < clean->words->len; w++)
        if (strcmp(g_array_index(clean->words, RkWords, w).name, field->vocabulary) == 0)
            return g_array_index(clean->words, RkWords, w).n;
    g_assert_not_reached();
}

static void
count_codes(const Events *e, int k, uint32_t *count, uint32_t n_codes)
{
    memset(count, 0, sizeof *count * n_codes);
    for (uint64_t i = 0; i < e->n; i++)
        if (e->code[k][i] < n_codes)
            count[e->code[k][i]]++;
}

// Removes the events of users or items with fewer than `least`; returns how many went. Events
// without the id go as well.
static uint64_t
peel(Events *e, int k, uint32_t least, uint32_t *count, uint32_t n_codes)
{
    count_codes(e, k, count, n_codes);
    uint64_t to = 0;
    for (uint64_t i = 0; i < e->n; i++) {
        if (e->code[k][i] >= n_codes || count[e->code[k][i]] < least) {
            rk_remove(e->clean->keep[0], e->row[i]);
            continue;
        }
        for (int j = 0; j < 2; j++)
            if (e->code[j] != NULL)
                e->code[j][to] = e->code[j][i];
        e->row[to++] = e->row[i];
    }
    uint64_t gone = e->n - to;
    e->n = to;
    return gone;
}

// Rows of side tables about users or items that no event names any more.
typedef struct {
    RkClean *clean;
    uint32_t *count[2];
    int column[2];
    uint64_t n_removed;
} SidePass;

static gboolean
drop_unnamed(const RkChunk *chunk, void *data, GError **error)
{
    SidePass *p = data;
    uint8_t *keep = p->clean->keep[chunk->table];
    for (int k = 0; k < 2; k++) {
        if (p->column[k] < 0 || p->count[k] == NULL)
            continue;
        const uint32_t *code = chunk->columns[p->column[k]].code;
        for (uint32_t i = 0; i < chunk->n_rows; i++)
            if ((code[i] == RK_CODE_MISSING || p->count[k][code[i]] == 0) &&
                rk_kept(keep, chunk->first_row + i)) {
                rk_remove(keep, chunk->first_row + i);
                p->n_removed++;
            }
    }
    return TRUE;
}

static gboolean
drop_side_rows(RkClean *clean, uint32_t *const count[2], GError **error)
{
    for (uint32_t t = 1; t < clean->schema->tables->len; t++) {
        const RkTable *table = rk_schema_table(clean->schema, t);
        SidePass p = {
            clean,
            {count[0], count[1]},
            {rk_table_find_kind(table, RK_FIELD_USER), rk_table_find_kind(table, RK_FIELD_ITEM)},
            0};
        if (p.column[0] < 0 && p.column[1] < 0)
            continue;
        if (!pass(clean, t, p.column, 2, drop_unnamed, &p, error))
            return FALSE;
        if (p.n_removed > 0)
            rk_clean_add_step(clean, "k-core", table->name, p.n_removed, 0,
                              g_strdup("rows about removed users and items removed"));
    }
    return TRUE;
}

static gboolean
peel_all(RkClean *clean, Events *e, const uint32_t least[2], GError **error)
{
    const int column[2] = {clean->user, clean->item};
    uint32_t *count[2] = {NULL, NULL}, n_codes[2] = {0, 0};
    for (int k = 0; k < 2; k++)
        if (e->code[k] != NULL) {
            n_codes[k] = vocabulary_size(clean, column[k]);
            count[k] = g_new0(uint32_t, MAX(n_codes[k], 1));
        }
    uint64_t n_before = e->n, gone = 1;
    uint32_t rounds = 0;
    for (; gone > 0; rounds++) {
        gone = 0;
        for (int k = 0; k < 2; k++)
            if (least[k] > 0)
                gone += peel(e, k, least[k], count[k], n_codes[k]);
    }
    rk_clean_add_step(clean, "k-core", NULL, n_before - e->n, 0,
                      g_strdup_printf("at least %u events a user, %u an item; %u rounds", least[0],
                                      least[1], rounds));
    for (int k = 0; k < 2; k++)
        if (count[k] != NULL)
            count_codes(e, k, count[k], n_codes[k]);
    gboolean done = drop_side_rows(clean, count, error);
    g_free(count[0]);
    g_free(count[1]);
    return done;
}

gboolean
rk_clean_k_core(RkClean *clean, GError **error)
{
    const uint32_t least[2] = {(uint32_t)rk_params_int(clean->input.clean, "clean.k-core.user"),
                               (uint32_t)rk_params_int(clean->input.clean, "clean.k-core.item")};
    const int columns[3] = {clean->user, clean->item, -1};
    if (least[0] == 0 && least[1] == 0)
        return TRUE;
    for (int k = 0; k < 2; k++)
        if (least[k] > 0 && columns[k] < 0) {
            g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                        "Can't set clean.k-core.%s: the events name no %s. Mark the field (--set "
                        "FIELD.kind=%s) or leave the setting out.",
                        k == 0 ? "user" : "item", k == 0 ? "user" : "item",
                        k == 0 ? "user" : "item");
            return FALSE;
        }
    uint64_t n_rows = clean->input.source->n_rows(clean->input.source, 0);
    Events e = {.clean = clean, .row = g_new(uint64_t, n_rows + 1)};
    for (int k = 0; k < 2; k++)
        e.code[k] = columns[k] >= 0 ? g_new(uint32_t, n_rows + 1) : NULL;
    gboolean done =
        pass(clean, 0, columns, 2, gather_events, &e, error) && peel_all(clean, &e, least, error);
    g_free(e.code[0]);
    g_free(e.code[1]);
    g_free(e.row);
    return done;
}
