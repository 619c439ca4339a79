// SPDX-License-Identifier: GPL-3.0-or-later
//
// The files of Neural Collaborative Filtering (He et al., WWW 2017): NAME.train.rating and
// NAME.test.rating hold user, item, rating and time; NAME.test.negative holds a line for each test
// rating, "(user,item)" and the items to rank it against.
#include "dataset/csv.h"
#include "dataset/import-private.h"

#include <string.h>

typedef struct {
    gboolean negative;
    RkCsv csv;
} State;

// Cells of a line of a .negative file; FALSE when it isn't one.
static gboolean
split_negative(const char *line, size_t n, RkCell cells[3])
{
    const char *end = line + n;
    const char *comma = n > 1 && *line == '(' ? memchr(line, ',', n) : NULL;
    const char *close = comma ? memchr(comma, ')', (size_t)(end - comma)) : NULL;
    if (close == NULL || close + 1 >= end || close[1] != '\t' || comma == line + 1 ||
        close == comma + 1)
        return FALSE;
    cells[0] = (RkCell){.text = line + 1, .length = (uint32_t)(comma - line - 1)};
    cells[1] = (RkCell){.text = comma + 1, .length = (uint32_t)(close - comma - 1)};
    cells[2] = (RkCell){.text = close + 2, .length = (uint32_t)(end - close - 2)};
    while (cells[2].length > 0 && cells[2].text[cells[2].length - 1] == '\t')
        cells[2].length--;
    return TRUE;
}

// The number of tab-separated fields when all of them look like numbers, else 0.
static uint32_t
count_numbers(const char *line, size_t n)
{
    uint32_t n_fields = 1;
    for (size_t i = 0; i < n; i++)
        if (line[i] == '\t')
            n_fields++;
        else if (!g_ascii_isdigit(line[i]) && line[i] != '.')
            return 0;
    return n_fields;
}

static int
sniff(const RkImportFile *file, char **why)
{
    size_t n = 0;
    const char *line = rk_import_first_line(file, &n);
    RkCell cells[3];
    const uint32_t n_fields = count_numbers(line, n);
    if (split_negative(line, n, cells)) {
        *why = g_strdup("its first line is (user,item) and more items behind tabs");
        return strcmp(file->extension, "negative") == 0 ? 99 : 91;
    }
    if (strcmp(file->extension, "rating") != 0 || n_fields < 3 || n_fields > 4)
        return 0;
    *why = g_strdup_printf("it is called .rating and its first line has %u numbers", n_fields);
    return 98;
}

static gboolean
describe(RkImportFile *file, RkTable *table, GError **error)
{
    size_t n = 0;
    const char *line = rk_import_first_line(file, &n);
    RkCell cells[3];
    State *state = g_new0(State, 1);
    file->state = state;
    file->free_state = g_free;
    file->names_fields = TRUE;
    state->negative = split_negative(line, n, cells);
    const uint32_t n_fields = count_numbers(line, n);
    if (!state->negative && (n_fields < 3 || n_fields > 4)) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "Can't import %s: line 1 is neither \"user item rating time\" nor "
                    "\"(user,item) item item ...\" with tabs between. Try --format csv.",
                    file->name);
        return FALSE;
    }
    rk_import_add(table, "user", RK_FIELD_USER, "the first number");
    rk_import_add(table, "item", RK_FIELD_ITEM, "the second number");
    if (state->negative) {
        RkField *field =
            rk_import_add(table, "negatives", RK_FIELD_MULTI, "the items behind (user,item)");
        field->separator = '\t';
        g_free(field->vocabulary);
        field->vocabulary = g_strdup("item");
        table->role = RK_TABLE_OTHER;
        g_free(table->name);
        table->name = g_strdup("negatives");
    } else {
        rk_import_add(table, "rating", RK_FIELD_LABEL, "the third number");
        if (n_fields == 4)
            rk_import_add(table, "timestamp", RK_FIELD_TIMESTAMP, "the fourth number");
        table->role = RK_TABLE_EVENTS;
        state->csv = (RkCsv){.separator = "\t", .n_fields = n_fields};
    }
    file->n_fields = table->fields->len;
    return TRUE;
}

static gboolean
one_negative(gpointer data, RkEmit *emit, const RkBlock *block, const char *line, size_t n,
             GError **error)
{
    RkCell cells[3];
    if (!split_negative(line, n, cells))
        return rk_emit_refuse(emit, block->line, -1, error,
                              "isn't \"(user,item)\" with items behind tabs. Mend it or pass --set "
                              "on-error=skip.");
    RkCell *row = rk_emit_row(emit, block->line, error);
    if (row == NULL)
        return FALSE;
    memcpy(row, cells, sizeof cells);
    gboolean bad = FALSE;
    return !block->dirty || rk_emit_check_row(emit, row, 3, block->line, &bad, error);
}

static gssize
split(gpointer data, RkEmit *emit, RkBlock *block, GError **error)
{
    State *state = ((RkImportFile *)data)->state;
    if (state->negative)
        return rk_lines_split(one_negative, state, emit, block, error);
    return rk_csv_split(&state->csv, emit, block, error);
}

const RkImporter rk_importer_ncf = {
    .name = "ncf",
    .label = "NCF: .train.rating, .test.rating and .test.negative",
    .sniff = sniff,
    .describe = describe,
    .split = split,
};
