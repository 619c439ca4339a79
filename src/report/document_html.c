// SPDX-License-Identifier: GPL-3.0-or-later
//
// The document as one HTML page. The style and the script that sorts tables are inside it; the
// page's policy allows that script by its hash and nothing else. Each chart is there twice, laid
// out for a wide and for a narrow page, as text can't shrink with the picture.
#include "report/document.h"
#include "report/draw.h"

#include <gio/gio.h>
#include <math.h>
#include <string.h>

#define WIDE      860.0 // px of the page's column
#define NARROW    340.0
#define TWIN_ROWS 200 // of a chart's figures; the CSV has all

typedef struct {
    GString *out;
    RkMeasure *measure;
} Page;

// Escapes every string argument in turn for each "%s" of a fixed template.
static void
append(Page *page, const char *template, const char *text)
{
    const char *slot = strstr(template, "%s");
    g_string_append_len(page->out, template, slot - template);
    rk_text_escape(page->out, text != NULL ? text : "");
    g_string_append(page->out, slot + 2);
}

static const char *
resource(const char *name, GBytes **held)
{
    g_autofree char *path = g_strconcat("/org/rankine/report/", name, NULL);
    *held = g_resources_lookup_data(path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
    g_assert(*held != NULL); // built in
    return g_bytes_get_data(*held, NULL);
}

static void
append_head(Page *page, const char *title)
{
    g_autoptr(GBytes) css = NULL;
    g_autoptr(GBytes) js = NULL;
    const char *style = resource("page.css", &css), *script = resource("page.js", &js);
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 digest[32];
    gsize n = sizeof digest;
    g_checksum_update(sum, (const guchar *)script, -1);
    g_checksum_get_digest(sum, digest, &n);
    g_autofree char *hash = g_base64_encode(digest, n);
    g_autofree char *light = rk_svg_variables(RK_THEME_LIGHT);
    g_autofree char *dark = rk_svg_variables(RK_THEME_DARK);
    g_autofree char *print = rk_svg_variables(RK_THEME_PRINT);
    g_autofree char *charts = rk_svg_style(RK_THEME_LIGHT, TRUE);
    g_string_append_printf(
        page->out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'; script-src 'sha256-%s'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n",
        hash);
    append(page, "<title>%s</title>\n", title);
    g_string_append_printf(page->out,
                           "<style>:root{%s}\n@media (prefers-color-scheme:dark){:root{%s}}\n"
                           "@media print{:root{%s}}\n%s\n%s</style></head>\n<body><main>\n",
                           light, dark, print, charts, style);
}

static void
append_foot(Page *page)
{
    g_autoptr(GBytes) js = NULL;
    g_string_append_printf(page->out, "</main>\n<script>%s</script></body></html>\n",
                           resource("page.js", &js));
}

// ---- tables --------------------------------------------------------------------------------

static void
append_cell(Page *page, const RkFigureColumn *column, const RkFigureCell *cell)
{
    if (!column->figures) {
        append(page, "<td><bdi>%s</bdi></td>", cell->text);
        return;
    }
    if (isfinite(cell->value)) {
        char digits[G_ASCII_DTOSTR_BUF_SIZE];
        append(page, "<td class=\"n\" data-v=\"%s\">",
               g_ascii_dtostr(digits, sizeof digits, cell->value));
    } else {
        g_string_append(page->out, "<td class=\"n\">");
    }
    append(page, "%s</td>", cell->text);
}

static void
append_table(Page *page, const RkFigureTable *table)
{
    g_string_append(page->out, "<div class=\"scroll\" tabindex=\"0\"><table class=\"sortable\">");
    if (table->caption[0] != '\0')
        append(page, "<caption>%s</caption>", table->caption);
    g_string_append(page->out, "<thead><tr>");
    for (guint k = 0; k < table->columns->len; k++) {
        const RkFigureColumn *column = &g_array_index(table->columns, RkFigureColumn, k);
        append(page,
               column->figures ? "<th scope=\"col\" class=\"n\">%s</th>"
                               : "<th scope=\"col\">%s</th>",
               column->title);
    }
    g_string_append(page->out, "</tr></thead><tbody>\n");
    for (guint i = 0; i < table->rows->len; i++) {
        g_string_append(page->out, table->marked == i + 1 ? "<tr class=\"marked\">" : "<tr>");
        for (guint k = 0; k < table->columns->len; k++)
            append_cell(page, &g_array_index(table->columns, RkFigureColumn, k),
                        rk_table_cell(table, i, k));
        g_string_append(page->out, "</tr>\n");
    }
    g_string_append(page->out, "</tbody></table></div>\n");
    if (table->n_left_out > 0)
        g_string_append_printf(
            page->out, "<p class=\"small\">%" G_GSIZE_FORMAT " more rows are left out here.</p>\n",
            table->n_left_out);
}

// ---- blocks --------------------------------------------------------------------------------

static void
append_chart(Page *page, RkChart *chart)
{
    append(page, "<figure><figcaption><h3>%s</h3>", chart->title);
    append(page, "<p>%s</p></figcaption>\n", chart->summary);
    rk_chart_to_inline_svg(chart, page->measure, WIDE, rk_layout_natural_height(chart, WIDE),
                           "wide", page->out);
    rk_chart_to_inline_svg(chart, page->measure, NARROW, rk_layout_natural_height(chart, NARROW),
                           "narrow", page->out);
    g_autoptr(RkFigureTable) twin = rk_chart_table(chart, TWIN_ROWS);
    if (twin->rows->len > 0) {
        g_string_append(page->out, "<details class=\"twin\"><summary>Show as table</summary>\n");
        append_table(page, twin);
        g_string_append(page->out, "</details>");
    }
    g_string_append(page->out, "</figure>\n");
}

static void
append_answer(Page *page, const RkBlock *block)
{
    append(page, "<section class=\"answer\"><p class=\"big\">%s</p>\n", block->text);
    for (guint i = 0; i < block->items->len; i++)
        append(page, "<p>%s</p>\n", g_array_index(block->items, RkItem, i).name);
    g_string_append(page->out, "</section>\n");
}

static void
append_figures(Page *page, const RkBlock *block)
{
    g_string_append(page->out, "<dl class=\"figures\">\n");
    for (guint i = 0; i < block->items->len; i++) {
        const RkItem *item = &g_array_index(block->items, RkItem, i);
        append(page, "<div><dt>%s</dt>", item->name);
        append(page, "<dd><b>%s</b>", item->value);
        append(page, "<span>%s</span></dd></div>\n", item->note);
    }
    g_string_append(page->out, "</dl>\n");
}

static void
append_pairs(Page *page, const RkBlock *block)
{
    g_string_append(page->out, "<dl class=\"pairs\">");
    for (guint i = 0; i < block->items->len; i++) {
        const RkItem *item = &g_array_index(block->items, RkItem, i);
        append(page, "<div><dt>%s</dt>", item->name);
        append(page, "<dd><bdi>%s</bdi>", item->value);
        append(page, item->note != NULL ? " <span>%s</span></dd></div>\n" : "%s</dd></div>\n",
               item->note);
    }
    g_string_append(page->out, "</dl>\n");
}

static void
append_list(Page *page, const RkBlock *block)
{
    gboolean pairs = block->items->len > 0 && g_array_index(block->items, RkItem, 0).value != NULL;
    if (pairs) {
        append_pairs(page, block);
        return;
    }
    g_string_append(page->out, "<ul>");
    for (guint i = 0; i < block->items->len; i++)
        append(page, "<li>%s</li>\n", g_array_index(block->items, RkItem, i).name);
    g_string_append(page->out, "</ul>\n");
}

static void
append_detail(Page *page, const RkBlock *block)
{
    append(page, "<details class=\"trial\"><summary><bdi>%s</bdi></summary>", block->text);
    append_pairs(page, block);
    g_string_append(page->out, "</details>\n");
}

static void
append_block(Page *page, const RkBlock *block)
{
    static const char *const HEADINGS[] = {"<h1>%s</h1>\n", "<h2>%s</h2>\n", "<h3>%s</h3>\n"};
    switch (block->kind) {
    case RK_BLOCK_HEADING:
        append(page, HEADINGS[CLAMP(block->level, 1, 3) - 1], block->text);
        break;
    case RK_BLOCK_TEXT:
        append(page, "<p>%s</p>\n", block->text);
        break;
    case RK_BLOCK_ANSWER:
        append_answer(page, block);
        break;
    case RK_BLOCK_FIGURES:
        append_figures(page, block);
        break;
    case RK_BLOCK_LIST:
        append_list(page, block);
        break;
    case RK_BLOCK_TABLE:
        append_table(page, block->table);
        break;
    case RK_BLOCK_CHART:
        append_chart(page, block->chart);
        break;
    case RK_BLOCK_DETAIL:
        append_detail(page, block);
        break;
    }
}

char *
rk_document_to_html(const RkDocument *document)
{
    g_autoptr(RkMeasure) measure = rk_measure_new(NULL, 1);
    Page page = {g_string_new(NULL), measure};
    append_head(&page, document->title);
    for (guint i = 0; i < document->blocks->len; i++)
        append_block(&page, g_ptr_array_index(document->blocks, i));
    append_foot(&page);
    return g_string_free(page.out, FALSE);
}
