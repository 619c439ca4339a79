// SPDX-License-Identifier: GPL-3.0-or-later
//
// Plain lines "user item" or "user item item item ..." with blanks or tabs between, as LightGCN
// and its kin have them: one interaction for each item, in the line's order.
#include "dataset/import-private.h"

#include <string.h>

#define SNIFF_LINES 200u

static gboolean
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

// The next word of a line, or FALSE at its end.
static gboolean
next_word(const char **p, const char *end, RkCell *word)
{
    while (*p < end && is_blank(**p))
        (*p)++;
    const char *start = *p;
    while (*p < end && !is_blank(**p))
        (*p)++;
    *word = (RkCell){.text = start, .length = (uint32_t)(*p - start)};
    return *p > start;
}

typedef struct {
    uint32_t n_lines, n_words, min_words, max_words;
    gboolean whole_numbers, ids; // all words are; all words hold a digit
} Look;

static void
look_at_line(Look *look, const char *p, const char *end)
{
    uint32_t n = 0;
    for (RkCell word; next_word(&p, end, &word); n++) {
        gboolean digit = FALSE;
        for (uint32_t i = 0; i < word.length; i++) {
            digit = digit || g_ascii_isdigit(word.text[i]);
            look->whole_numbers = look->whole_numbers && g_ascii_isdigit(word.text[i]);
            // A word of prose or of another format.
            if (!g_ascii_isalnum(word.text[i]) && strchr("_-", word.text[i]) == NULL)
                look->ids = FALSE;
        }
        look->ids = look->ids && digit && word.length <= 64;
    }
    look->n_lines++;
    look->n_words += n;
    look->min_words = look->n_lines == 1 ? n : MIN(look->min_words, n);
    look->max_words = MAX(look->max_words, n);
}

static int
sniff(const RkImportFile *file, char **why)
{
    Look look = {.whole_numbers = TRUE, .ids = TRUE};
    const char *p = file->head;
    const char *end = p + file->n_head;
    while (p < end && look.n_lines < SNIFF_LINES) {
        const char *feed = memchr(p, '\n', (size_t)(end - p));
        if (feed == NULL && !file->head_is_all && look.n_lines > 0)
            break;
        const char *stop = feed ? feed : end;
        const char *next = feed ? feed + 1 : end;
        if (stop > p && stop[-1] == '\r')
            stop--;
        if (stop > p)
            look_at_line(&look, p, stop);
        p = next;
    }
    const gboolean pairs = look.min_words == 2 && look.max_words == 2;
    const gboolean varied = look.max_words > look.min_words;
    if (look.n_lines == 0 || !look.ids || look.max_words < 2 || !(pairs || varied))
        return 0;
    *why = g_strdup_printf("its lines are %s",
                           pairs ? "pairs of ids" : "lists of ids of varying length");
    // A table of a few columns with a broken row varies too, but little.
    if (varied && look.max_words <= 4 && look.n_lines > 2)
        return 35;
    return look.whole_numbers ? 60 : 45;
}

static gboolean
describe(RkImportFile *file, RkTable *table, GError **error)
{
    table->role = RK_TABLE_EVENTS;
    rk_import_add(table, "user", RK_FIELD_USER, "the first word of a line");
    rk_import_add(table, "item", RK_FIELD_ITEM, "each further word of a line");
    file->n_fields = 2;
    file->names_fields = TRUE;
    return TRUE;
}

static gboolean
one_line(gpointer data, RkEmit *emit, const RkBlock *block, const char *line, size_t n,
         GError **error)
{
    const char *p = line;
    const char *end = line + n;
    RkCell user;
    RkCell item;
    if (!next_word(&p, end, &user))
        return TRUE;
    while (next_word(&p, end, &item)) {
        RkCell *row = rk_emit_row(emit, block->line, error);
        if (row == NULL)
            return FALSE;
        row[0] = user;
        row[1] = item;
        gboolean bad = FALSE;
        if (block->dirty && !rk_emit_check_row(emit, row, 2, block->line, &bad, error))
            return FALSE;
    }
    return TRUE;
}

static gssize
split(gpointer data, RkEmit *emit, RkBlock *block, GError **error)
{
    return rk_lines_split(one_line, data, emit, block, error);
}

const RkImporter rk_importer_lines = {
    .name = "lines",
    .label = "Plain lines: user item item ...",
    .sniff = sniff,
    .describe = describe,
    .split = split,
};
