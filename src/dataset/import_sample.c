// SPDX-License-Identifier: GPL-3.0-or-later
//
// The first rows of a file, split by the same code that will read it.
#include "dataset/import-private.h"

#include <string.h>

gboolean
rk_sample_take(RkSample *sample, const RkImportFile *file, RkSplitter split, gpointer state,
               const RkTable *table, uint32_t max_rows, gboolean strict, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(RkEmit) emit = rk_emit_new(!strict, 0);
    rk_emit_target(emit, &(RkEmitTarget){.file = file->name,
                                         .table = table,
                                         .max_rows = max_rows,
                                         .encoding = file->encoding});
    char *text = rk_emit_block(emit, file->n_head);
    memcpy(text, file->head, file->n_head);
    RkBlock block = {.text = text,
                     .n = file->n_head,
                     .line = 1,
                     .end = file->head_is_all ? RK_BLOCK_LAST : RK_BLOCK_MORE,
                     .dirty = rk_text_is_dirty(text, file->n_head)};
    gboolean done = split(state, emit, &block, &cause) >= 0 || rk_emit_full(emit);
    rk_emit_close(emit, NULL);
    *sample =
        (RkSample){.n_fields = table->fields->len,
                   .batches = g_ptr_array_new_with_free_func((GDestroyNotify)rk_emit_batch_free)};
    g_autoptr(GArray) cells = g_array_new(FALSE, FALSE, sizeof(RkCell));
    for (RkEmitBatch *batch; (batch = rk_emit_take(emit, NULL)) != NULL;) {
        const RkRowBatch *rows = rk_emit_batch_rows(batch);
        g_array_append_vals(cells, rows->cells, rows->n_rows * rows->n_fields);
        sample->n_rows += rows->n_rows;
        g_ptr_array_add(sample->batches, batch);
    }
    sample->cells = (RkCell *)(void *)g_array_free(g_steal_pointer(&cells), FALSE);
    if (done || !strict)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}

void
rk_sample_clear(RkSample *sample)
{
    g_clear_pointer(&sample->batches, g_ptr_array_unref);
    g_clear_pointer(&sample->cells, g_free);
}
