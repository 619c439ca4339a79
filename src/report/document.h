// SPDX-License-Identifier: GPL-3.0-or-later
//
// A report before it has a form: headings, paragraphs, figures, tables and charts in reading order.
// document_html.c and document_pdf.c give it one. Owner's thread.
#pragma once

#include "base/error.h"
#include "report/chart.h"

typedef enum {
    RK_BLOCK_HEADING, // text; level 1 (the title) to 3
    RK_BLOCK_TEXT,    // a paragraph
    RK_BLOCK_ANSWER,  // what the reader came for: text large, then the items
    RK_BLOCK_FIGURES, // items: a figure, its name, a remark
    RK_BLOCK_LIST,    // items: sentences, or a name and its value
    RK_BLOCK_TABLE,
    RK_BLOCK_CHART,
    RK_BLOCK_DETAIL, // text is a heading that opens; items: names and values
} RkBlockKind;

typedef struct {
    char *name;
    char *value; // or NULL
    char *note;  // or NULL
} RkItem;

typedef struct {
    RkBlockKind kind;
    guint level;
    char *text;
    GArray *items; // of RkItem
    RkFigureTable *table;
    RkChart *chart;
} RkBlock;

typedef struct {
    char *title;
    GPtrArray *blocks; // of RkBlock
} RkDocument;

RkDocument *rk_document_new(const char *title);
void rk_document_free(RkDocument *document);

void rk_document_heading(RkDocument *document, guint level, const char *text);
void rk_document_text(RkDocument *document, const char *format, ...) G_GNUC_PRINTF(2, 3);
void rk_document_table(RkDocument *document, RkFigureTable *table); // takes it
void rk_document_chart(RkDocument *document, RkChart *chart);       // takes it

// An ANSWER, FIGURES, LIST or DETAIL block, to be filled by rk_block_item(). The document's.
RkBlock *rk_document_block(RkDocument *document, RkBlockKind kind, const char *text);
void rk_block_item(RkBlock *block, const char *name, const char *value, const char *note);

// One self-contained page: no network, no script needed, light, dark and print. Free it.
char *rk_document_to_html(const RkDocument *document);

// The first pages of the PDF as pictures, `scale` px a point; at most `most`. GPtrArray of
// cairo_surface_t.
GPtrArray *rk_document_pages(const RkDocument *document, guint most, double scale);

// A4 pages. RK_ERROR_FAILED when the file can't be written.
gboolean rk_document_to_pdf(const RkDocument *document, const char *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkDocument, rk_document_free)
