// SPDX-License-Identifier: GPL-3.0-or-later
//
// The Criteo click logs (Kaggle Display Advertising Challenge and the terabyte logs): a label, 13
// whole numbers and 26 hashed categories, separated by tabs, each of them possibly empty.
#include "dataset/csv.h"
#include "dataset/import-private.h"

#include <string.h>

#define N_NUMBERS    13u
#define N_CATEGORIES 26u
#define N_FIELDS     (1 + N_NUMBERS + N_CATEGORIES)

static gboolean
spans(const char *text, size_t n, const char *bytes)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\0' || strchr(bytes, text[i]) == NULL)
            return FALSE;
    return TRUE;
}

static gboolean
fits(uint32_t field, const char *text, size_t n)
{
    if (field == 0)
        return n == 1 && (*text == '0' || *text == '1');
    if (field <= N_NUMBERS)
        return n <= 12 && spans(text, n, "-0123456789.");
    return n <= 16 && spans(text, n, "0123456789abcdefABCDEF");
}

static gboolean
is_row(const char *line, size_t n)
{
    const char *end = line + n;
    uint32_t field = 0;
    for (const char *p = line; p <= end; field++) {
        const char *stop = p < end ? memchr(p, '\t', (size_t)(end - p)) : NULL;
        stop = stop ? stop : end;
        if (field >= N_FIELDS || !fits(field, p, (size_t)(stop - p)))
            return FALSE;
        p = stop + 1;
    }
    return field == N_FIELDS;
}

static int
sniff(const RkImportFile *file, char **why)
{
    size_t n = 0;
    const char *line = rk_import_first_line(file, &n);
    if (!is_row(line, n))
        return 0;
    *why =
        g_strdup("its first line is a label of 0 or 1, 13 numbers and 26 hexadecimal categories");
    return 97;
}

static gboolean
describe(RkImportFile *file, RkTable *table, GError **error)
{
    RkCsv *csv = g_new0(RkCsv, 1);
    csv->separator[0] = '\t';
    csv->n_fields = N_FIELDS;
    file->state = csv;
    file->free_state = g_free;
    file->n_fields = N_FIELDS;
    table->role = RK_TABLE_EVENTS;
    rk_import_add(table, "label", RK_FIELD_LABEL, "1 is a click");
    for (uint32_t i = 1; i <= N_NUMBERS; i++) {
        g_autofree char *name = g_strdup_printf("I%u", i);
        rk_import_add(table, name, RK_FIELD_NUMBER, "one of the 13 counts");
    }
    for (uint32_t i = 1; i <= N_CATEGORIES; i++) {
        g_autofree char *name = g_strdup_printf("C%u", i);
        rk_import_add(table, name, RK_FIELD_CATEGORICAL, "one of the 26 hashed categories");
    }
    return TRUE;
}

static gssize
split(gpointer data, RkEmit *emit, RkBlock *block, GError **error)
{
    return rk_csv_split(((RkImportFile *)data)->state, emit, block, error);
}

const RkImporter rk_importer_criteo = {
    .name = "criteo",
    .label = "Criteo click logs: label, 13 numbers, 26 categories",
    .sniff = sniff,
    .describe = describe,
    .split = split,
};
