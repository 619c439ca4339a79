// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/document.h"

#include "report/text.h"

static void
item_clear(gpointer data)
{
    RkItem *item = data;
    g_free(item->name);
    g_free(item->value);
    g_free(item->note);
}

static void
block_free(gpointer data)
{
    RkBlock *block = data;
    g_free(block->text);
    g_array_unref(block->items);
    rk_table_free(block->table);
    rk_chart_free(block->chart);
    g_free(block);
}

RkDocument *
rk_document_new(const char *title)
{
    RkDocument *document = g_new0(RkDocument, 1);
    document->title = rk_text_clean(title);
    document->blocks = g_ptr_array_new_with_free_func(block_free);
    return document;
}

void
rk_document_free(RkDocument *document)
{
    if (document == NULL)
        return;
    g_free(document->title);
    g_ptr_array_unref(document->blocks);
    g_free(document);
}

RkBlock *
rk_document_block(RkDocument *document, RkBlockKind kind, const char *text)
{
    RkBlock *block = g_new0(RkBlock, 1);
    block->kind = kind;
    block->text = rk_text_clean(text);
    block->items = g_array_new(FALSE, FALSE, sizeof(RkItem));
    g_array_set_clear_func(block->items, item_clear);
    g_ptr_array_add(document->blocks, block);
    return block;
}

void
rk_block_item(RkBlock *block, const char *name, const char *value, const char *note)
{
    RkItem item = {rk_text_clean(name), value != NULL ? rk_text_clean(value) : NULL,
                   note != NULL ? rk_text_clean(note) : NULL};
    g_array_append_val(block->items, item);
}

void
rk_document_heading(RkDocument *document, guint level, const char *text)
{
    rk_document_block(document, RK_BLOCK_HEADING, text)->level = level;
}

void
rk_document_text(RkDocument *document, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    rk_document_block(document, RK_BLOCK_TEXT, text);
}

void
rk_document_table(RkDocument *document, RkFigureTable *table)
{
    rk_document_block(document, RK_BLOCK_TABLE, NULL)->table = table;
}

void
rk_document_chart(RkDocument *document, RkChart *chart)
{
    rk_document_block(document, RK_BLOCK_CHART, NULL)->chart = chart;
}
