// SPDX-License-Identifier: GPL-3.0-or-later
//
// The document as A4 pages, drawn by cairo into a PDF or into pictures. One cursor goes down the
// page; what doesn't fit begins the next. No date is written, so that the same document gives the
// same bytes.
#include "report/document.h"
#include "report/draw.h"

#include <cairo-pdf.h>
#include <math.h>
#include <pango/pangocairo.h>

#define PAGE_WIDTH   595.0 // pt, A4
#define PAGE_HEIGHT  842.0
#define MARGIN       46.0
#define FOOTER       26.0
#define COLUMN       (PAGE_WIDTH - 2 * MARGIN)
#define CHART_SCALE  0.72 // pt a px of a chart: its small text is 8 pt
#define TABLE_TEXT   7.0
#define ROW          11.0 // pt of a row of a table
#define CELL_PAD     3.0
#define MAX_MEASURED 60 // rows that decide a column's width

typedef struct {
    cairo_surface_t *surface;
    cairo_t *cr;
    RkMeasure *measure;
    const char *title;
    double y; // of what comes next
    guint page;
    GPtrArray *pictures; // of cairo_surface_t, a page each; NULL: a PDF
    double scale;        // px a pt of pictures
} Pdf;

static void
set_ink(Pdf *pdf, RkInk ink)
{
    guint32 c = rk_theme_color(RK_THEME_PRINT, ink);
    cairo_set_source_rgb(pdf->cr, (c >> 16) / 255., (c >> 8 & 255) / 255., (c & 255) / 255.);
}

static void
line_at(Pdf *pdf, double x, double y, const char *text, double size, gboolean bold, RkInk ink)
{
    PangoLayout *layout = rk_measure_layout(pdf->measure, text, size, bold);
    set_ink(pdf, ink);
    cairo_move_to(pdf->cr, x, y);
    pango_cairo_show_layout_line(pdf->cr, pango_layout_get_line_readonly(layout, 0));
}

static void
rule(Pdf *pdf, double y, RkInk ink)
{
    set_ink(pdf, ink);
    cairo_set_line_width(pdf->cr, 0.5);
    cairo_move_to(pdf->cr, MARGIN, y);
    cairo_line_to(pdf->cr, PAGE_WIDTH - MARGIN, y);
    cairo_stroke(pdf->cr);
}

// ---- pages ---------------------------------------------------------------------------------

static void
end_page(Pdf *pdf)
{
    g_autofree char *number = g_strdup_printf("Page %u", pdf->page);
    double width = rk_measure_width(pdf->measure, number, 8, FALSE);
    double y = PAGE_HEIGHT - FOOTER;
    rule(pdf, y - 12, RK_INK_GRID);
    line_at(pdf, MARGIN, y, "Made by Rankine " RK_VERSION, 8, FALSE, RK_INK_MUTED);
    line_at(pdf, PAGE_WIDTH - MARGIN - width, y, number, 8, FALSE, RK_INK_MUTED);
    if (pdf->pictures == NULL)
        cairo_show_page(pdf->cr);
}

// A white sheet of its own for the next page.
static void
begin_picture(Pdf *pdf)
{
    g_clear_pointer(&pdf->cr, cairo_destroy);
    pdf->surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (int)(PAGE_WIDTH * pdf->scale),
                                              (int)(PAGE_HEIGHT * pdf->scale));
    g_ptr_array_add(pdf->pictures, pdf->surface);
    pdf->cr = cairo_create(pdf->surface);
    set_ink(pdf, RK_INK_SURFACE);
    cairo_paint(pdf->cr);
    cairo_scale(pdf->cr, pdf->scale, pdf->scale);
}

static void
begin_page(Pdf *pdf)
{
    pdf->page++;
    pdf->y = MARGIN;
    if (pdf->pictures != NULL)
        begin_picture(pdf);
    if (pdf->page == 1)
        return;
    g_autofree char *title = rk_measure_fit(pdf->measure, pdf->title, 8, FALSE, COLUMN);
    line_at(pdf, MARGIN, 30, title, 8, FALSE, RK_INK_MUTED);
    rule(pdf, 36, RK_INK_GRID);
}

// Room for `height`; else a new page. TRUE when there is one.
static gboolean
need(Pdf *pdf, double height)
{
    if (pdf->y + height <= PAGE_HEIGHT - FOOTER - 16 || pdf->y <= MARGIN)
        return FALSE;
    end_page(pdf);
    begin_page(pdf);
    return TRUE;
}

// ---- text ----------------------------------------------------------------------------------

// A paragraph in `width` from x on; lines may go on to the next page.
static void
paragraph(Pdf *pdf, double x, double width, const char *text, double size, gboolean bold, RkInk ink)
{
    PangoLayout *plain = rk_measure_layout(pdf->measure, text, size, bold);
    PangoLayout *layout = pango_layout_copy(plain);
    pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    int n = pango_layout_get_line_count(layout);
    for (int i = 0; i < n; i++) {
        need(pdf, size * 1.4);
        pdf->y += size * 1.4;
        set_ink(pdf, ink);
        cairo_move_to(pdf->cr, x, pdf->y - size * 0.35);
        pango_cairo_show_layout_line(pdf->cr, pango_layout_get_line_readonly(layout, i));
    }
    g_object_unref(layout);
}

static void
heading(Pdf *pdf, const RkBlock *block)
{
    static const double SIZES[] = {20, 14, 11}, ABOVE[] = {0, 16, 10}, KEPT[] = {60, 120, 60};
    guint k = CLAMP(block->level, 1, 3) - 1;
    need(pdf, KEPT[k]);
    pdf->y += pdf->y > MARGIN ? ABOVE[k] : 0;
    if (k < 2 && pdf->pictures == NULL) {
        g_autofree char *attributes = g_strdup_printf("page=%u pos=[0 %d]", pdf->page, (int)pdf->y);
        cairo_pdf_surface_add_outline(pdf->surface, CAIRO_PDF_OUTLINE_ROOT, block->text, attributes,
                                      CAIRO_PDF_OUTLINE_FLAG_OPEN);
    }
    paragraph(pdf, MARGIN, COLUMN, block->text, SIZES[k], TRUE, RK_INK_TEXT);
    pdf->y += 4;
}

static void
answer(Pdf *pdf, const RkBlock *block)
{
    pdf->y += 6;
    double top = pdf->y;
    guint page = pdf->page;
    paragraph(pdf, MARGIN + 12, COLUMN - 12, block->text, 13, TRUE, RK_INK_TEXT);
    for (guint i = 0; i < block->items->len; i++) {
        pdf->y += 3;
        paragraph(pdf, MARGIN + 12, COLUMN - 12, g_array_index(block->items, RkItem, i).name, 10,
                  FALSE, RK_INK_TEXT);
    }
    set_ink(pdf, RK_INK_SERIES);
    cairo_rectangle(pdf->cr, MARGIN, page == pdf->page ? top : MARGIN, 3,
                    pdf->y - (page == pdf->page ? top : MARGIN) + 3);
    cairo_fill(pdf->cr);
    pdf->y += 10;
}

static void
figures(Pdf *pdf, const RkBlock *block)
{
    const guint EACH_ROW = 4;
    double width = COLUMN / EACH_ROW;
    for (guint i = 0; i < block->items->len; i++) {
        const RkItem *item = &g_array_index(block->items, RkItem, i);
        if (i % EACH_ROW == 0 && i > 0)
            pdf->y += 50;
        if (i % EACH_ROW == 0)
            need(pdf, 50);
        double x = MARGIN + i % EACH_ROW * width;
        g_autofree char *name = rk_measure_fit(pdf->measure, item->name, 8, FALSE, width - 8);
        line_at(pdf, x, pdf->y + 12, name, 8, FALSE, RK_INK_MUTED);
        line_at(pdf, x, pdf->y + 29, item->value != NULL ? item->value : "–", 15, TRUE,
                RK_INK_TEXT);
        g_autofree char *note =
            rk_measure_fit(pdf->measure, item->note != NULL ? item->note : "", 8, FALSE, width - 8);
        line_at(pdf, x, pdf->y + 41, note, 8, FALSE, RK_INK_MUTED);
    }
    pdf->y += 52;
}

static void
list(Pdf *pdf, const RkBlock *block)
{
    for (guint i = 0; i < block->items->len; i++) {
        const RkItem *item = &g_array_index(block->items, RkItem, i);
        g_autofree char *text = item->value != NULL
                                    ? g_strdup_printf("%s: %s", item->name, item->value)
                                    : g_strdup_printf("• %s", item->name);
        paragraph(pdf, MARGIN, COLUMN, text, 9, FALSE, RK_INK_TEXT);
    }
}

// A trial in a few lines: its pairs one after another.
static void
detail(Pdf *pdf, const RkBlock *block)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < block->items->len; i++) {
        const RkItem *item = &g_array_index(block->items, RkItem, i);
        g_string_append_printf(text, "%s%s %s", i > 0 ? " · " : "", item->name,
                               item->value != NULL ? item->value : "");
        if (item->note != NULL)
            g_string_append_printf(text, ", %s", item->note);
    }
    need(pdf, 30);
    pdf->y += 4;
    paragraph(pdf, MARGIN, COLUMN, block->text, 8, TRUE, RK_INK_TEXT);
    paragraph(pdf, MARGIN, COLUMN, text->str, 7, FALSE, RK_INK_MUTED);
}

// ---- tables --------------------------------------------------------------------------------

// Wanted widths; what is too much is taken from the widest columns of text.
static double *
column_widths(Pdf *pdf, const RkFigureTable *table)
{
    guint n = table->columns->len;
    double *width = g_new0(double, MAX(n, 1));
    double sum = 0;
    for (guint k = 0; k < n; k++) {
        const RkFigureColumn *column = &g_array_index(table->columns, RkFigureColumn, k);
        width[k] = rk_measure_width(pdf->measure, column->title, TABLE_TEXT, TRUE);
        for (guint i = 0; i < table->rows->len; i += MAX(1, table->rows->len / MAX_MEASURED)) {
            const char *text = rk_table_cell(table, i, k)->text;
            if (text != NULL)
                width[k] = MAX(width[k],
                               rk_measure_width(pdf->measure, text, TABLE_TEXT, table->marked > 0));
        }
        sum += width[k] += 2 * CELL_PAD;
    }
    while (sum > COLUMN + 0.01) {
        guint widest = 0;
        double second = 20;
        for (guint k = 1; k < n; k++)
            widest = width[k] > width[widest] ? k : widest;
        for (guint k = 0; k < n; k++)
            if (k != widest && width[k] < width[widest] - 1)
                second = MAX(second, width[k]);
        double less = MIN(sum - COLUMN, MAX(width[widest] - second, 1));
        width[widest] -= less;
        sum -= less;
    }
    for (guint k = 0; k < n && sum < COLUMN; k++) // rules end at the margin
        width[k] *= COLUMN / sum;
    return width;
}

static void
table_row(Pdf *pdf, const RkFigureTable *table, const double *width, int row)
{
    double x = MARGIN;
    gboolean bold = row < 0 || table->marked == (guint)row + 1;
    pdf->y += ROW;
    for (guint k = 0; k < table->columns->len; k++) {
        const RkFigureColumn *column = &g_array_index(table->columns, RkFigureColumn, k);
        const char *text = row < 0 ? column->title : rk_table_cell(table, (guint)row, k)->text;
        g_autofree char *fitted = rk_measure_fit(pdf->measure, text != NULL ? text : "", TABLE_TEXT,
                                                 bold, width[k] - 2 * CELL_PAD);
        double space =
            width[k] - CELL_PAD - rk_measure_width(pdf->measure, fitted, TABLE_TEXT, bold);
        line_at(pdf, column->figures ? x + space : x + CELL_PAD, pdf->y - 3, fitted, TABLE_TEXT,
                bold, row < 0 ? RK_INK_MUTED : RK_INK_TEXT);
        x += width[k];
    }
    rule(pdf, pdf->y, row < 0 ? RK_INK_AXIS : RK_INK_GRID);
}

static void
table(Pdf *pdf, const RkFigureTable *t)
{
    g_autofree double *width = column_widths(pdf, t);
    need(pdf, 4 * ROW);
    pdf->y += 4;
    if (t->caption[0] != '\0')
        paragraph(pdf, MARGIN, COLUMN, t->caption, 8, FALSE, RK_INK_MUTED);
    table_row(pdf, t, width, -1);
    for (guint i = 0; i < t->rows->len; i++) {
        if (need(pdf, ROW))
            table_row(pdf, t, width, -1);
        table_row(pdf, t, width, (int)i);
    }
    pdf->y += 8;
}

// ---- charts --------------------------------------------------------------------------------

static void
chart(Pdf *pdf, RkChart *c)
{
    double width = COLUMN / CHART_SCALE;
    double height = rk_layout_natural_height(c, width);
    height *= c->panels->len > 1 ? 0.72 : 1; // two to a page
    height = MIN(height, (PAGE_HEIGHT - 2 * MARGIN - 90) / CHART_SCALE);
    need(pdf, height * CHART_SCALE + 50);
    pdf->y += 8;
    paragraph(pdf, MARGIN, COLUMN, c->title, 11, TRUE, RK_INK_TEXT);
    if (c->summary[0] != '\0')
        paragraph(pdf, MARGIN, COLUMN, c->summary, 9, FALSE, RK_INK_MUTED);
    rk_chart_fit(c);
    g_autoptr(RkLayout) layout = rk_layout_new(c, pdf->measure, width, height, 0);
    cairo_save(pdf->cr);
    cairo_translate(pdf->cr, MARGIN, pdf->y + 4);
    cairo_scale(pdf->cr, CHART_SCALE, CHART_SCALE);
    RkCairoCanvas canvas = rk_cairo_canvas(pdf->cr, pdf->measure, RK_THEME_PRINT);
    rk_chart_draw(layout, &canvas.base, RK_LAYER_ALL);
    cairo_restore(pdf->cr);
    pdf->y += height * CHART_SCALE + 12;
}

// ---- all -----------------------------------------------------------------------------------

static void
block_to_pdf(Pdf *pdf, const RkBlock *block)
{
    switch (block->kind) {
    case RK_BLOCK_HEADING:
        heading(pdf, block);
        break;
    case RK_BLOCK_TEXT:
        paragraph(pdf, MARGIN, COLUMN, block->text, 9.5, FALSE, RK_INK_TEXT);
        break;
    case RK_BLOCK_ANSWER:
        answer(pdf, block);
        break;
    case RK_BLOCK_FIGURES:
        figures(pdf, block);
        break;
    case RK_BLOCK_LIST:
        list(pdf, block);
        break;
    case RK_BLOCK_TABLE:
        table(pdf, block->table);
        break;
    case RK_BLOCK_CHART:
        chart(pdf, block->chart);
        break;
    case RK_BLOCK_DETAIL:
        detail(pdf, block);
        break;
    }
}

gboolean
rk_document_to_pdf(const RkDocument *document, const char *path, GError **error)
{
    g_autoptr(RkMeasure) measure = rk_measure_new(NULL, 1);
    Pdf pdf = {.measure = measure, .title = document->title};
    pdf.surface = cairo_pdf_surface_create(path, PAGE_WIDTH, PAGE_HEIGHT);
    cairo_pdf_surface_set_metadata(pdf.surface, CAIRO_PDF_METADATA_TITLE, document->title);
    cairo_pdf_surface_set_metadata(pdf.surface, CAIRO_PDF_METADATA_CREATOR, "Rankine " RK_VERSION);
    cairo_pdf_surface_set_metadata(pdf.surface, CAIRO_PDF_METADATA_CREATE_DATE,
                                   "2000-01-01T00:00:00Z");
    pdf.cr = cairo_create(pdf.surface);
    begin_page(&pdf);
    for (guint i = 0; i < document->blocks->len; i++)
        block_to_pdf(&pdf, g_ptr_array_index(document->blocks, i));
    end_page(&pdf);
    cairo_destroy(pdf.cr);
    cairo_surface_finish(pdf.surface);
    cairo_status_t status = cairo_surface_status(pdf.surface);
    cairo_surface_destroy(pdf.surface);
    if (status == CAIRO_STATUS_SUCCESS)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_FAILED,
                "Can't write the report to %s: %s. Check that the folder is there and has room.",
                path, cairo_status_to_string(status));
    return FALSE;
}

GPtrArray *
rk_document_pages(const RkDocument *document, guint most, double scale)
{
    g_autoptr(RkMeasure) measure = rk_measure_new(NULL, 1);
    GPtrArray *pages = g_ptr_array_new_with_free_func((GDestroyNotify)cairo_surface_destroy);
    Pdf pdf = {.measure = measure, .title = document->title, .pictures = pages, .scale = scale};
    begin_page(&pdf);
    for (guint i = 0; i < document->blocks->len && pdf.page <= most; i++)
        block_to_pdf(&pdf, g_ptr_array_index(document->blocks, i));
    end_page(&pdf);
    cairo_destroy(pdf.cr);
    if (pages->len > most)
        g_ptr_array_set_size(pages, (int)most);
    return pages;
}
