// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/state.h"

#include "plan/plan-private.h"

typedef struct {
    RkTensor tensor;
    RkBuffer *buffer;
} Entry;

struct RkState {
    RkDevice *device;
    GHashTable *entries; // name to Entry
};

static void
entry_free(gpointer data)
{
    Entry *entry = data;
    rk_buffer_free(entry->buffer);
    g_free(entry);
}

RkState *
rk_state_new(RkDevice *device)
{
    RkState *state = g_new0(RkState, 1);
    state->device = device;
    state->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
    return state;
}

void
rk_state_free(RkState *state)
{
    if (state == NULL)
        return;
    g_hash_table_unref(state->entries);
    g_free(state);
}

static gboolean
same_tensor(const RkTensor *a, const RkTensor *b)
{
    gboolean same = a->dtype == b->dtype && a->rank == b->rank;
    for (uint32_t i = 0; same && i < a->rank; i++)
        same = a->dim[i] == b->dim[i];
    return same;
}

static gboolean
add(RkState *state, const char *name, const RkTensor *tensor, GError **error)
{
    Entry *known = g_hash_table_lookup(state->entries, name);
    g_autofree char *text = rk_tensor_text(tensor);
    if (known != NULL) {
        if (same_tensor(&known->tensor, tensor))
            return TRUE;
        g_autofree char *had = rk_tensor_text(&known->tensor);
        g_set_error(error, RK_ERROR, RK_ERROR_SHAPE,
                    "Can't use parameter %s as %s: the model's state has it as %s. "
                    "Load the model that this graph was made for.",
                    name, text, had);
        return FALSE;
    }
    RkBuffer *buffer = rk_buffer_new(state->device, RK_BUFFER_DEVICE,
                                     rk_plan_padded(rk_tensor_bytes(tensor)), error);
    if (buffer == NULL) {
        g_prefix_error(error, "Can't hold parameter %s, %s: ", name, text);
        return FALSE;
    }
    Entry *entry = g_new0(Entry, 1);
    entry->tensor = *tensor;
    entry->buffer = buffer;
    g_hash_table_insert(state->entries, g_strdup(name), entry);
    return TRUE;
}

gboolean
rk_state_add_graph(RkState *state, const RkGraph *graph, GError **error)
{
    for (RkRef ref = 0; ref < rk_graph_size(graph); ref++) {
        const RkNode *node = rk_graph_node(graph, ref);
        RkTensor tensor;
        if (node->kind != RK_NODE_PARAM)
            continue;
        if (!rk_type_bind(&node->type, 1, &tensor, error) ||
            !add(state, node->name, &tensor, error))
            return FALSE;
    }
    return TRUE;
}

static const Entry *
find(const RkState *state, const char *name, uint64_t at, size_t bytes, GError **error)
{
    const Entry *entry = g_hash_table_lookup(state->entries, name);
    uint64_t all = entry != NULL ? rk_tensor_bytes(&entry->tensor) : 0;
    if (entry == NULL)
        g_set_error(error, RK_ERROR, RK_ERROR_NOT_FOUND,
                    "Can't find parameter %s: the model has none of that name.", name);
    else if (at > all || bytes > all - at)
        g_set_error(error, RK_ERROR, RK_ERROR_SHAPE,
                    "Can't copy %zu bytes of parameter %s from its byte %" G_GUINT64_FORMAT
                    ": it has %" G_GUINT64_FORMAT ".",
                    bytes, name, at, all);
    else
        return entry;
    return NULL;
}

// The same for all of it.
static const Entry *
find_whole(const RkState *state, const char *name, size_t bytes, GError **error)
{
    const Entry *entry = find(state, name, 0, bytes, error);
    if (entry == NULL || rk_tensor_bytes(&entry->tensor) == bytes)
        return entry;
    g_set_error(error, RK_ERROR, RK_ERROR_SHAPE,
                "Can't copy %zu bytes of parameter %s: it has %" G_GUINT64_FORMAT ".", bytes, name,
                rk_tensor_bytes(&entry->tensor));
    return NULL;
}

gboolean
rk_state_write(RkState *state, const char *name, const void *packed, size_t bytes, GError **error)
{
    const Entry *entry = find_whole(state, name, bytes, error);
    return entry != NULL && rk_buffer_write(entry->buffer, 0, packed, bytes, error);
}

gboolean
rk_state_read(RkState *state, const char *name, void *packed, size_t bytes, GError **error)
{
    const Entry *entry = find_whole(state, name, bytes, error);
    return entry != NULL && rk_buffer_read(entry->buffer, 0, packed, bytes, error);
}

gboolean
rk_state_read_at(RkState *state, const char *name, uint64_t at, void *packed, size_t n,
                 GError **error)
{
    const Entry *entry = find(state, name, at, n, error);
    return entry != NULL && (n == 0 || rk_buffer_read(entry->buffer, at, packed, n, error));
}

const RkTensor *
rk_state_tensor(const RkState *state, const char *name)
{
    const Entry *entry = g_hash_table_lookup(state->entries, name);
    return entry ? &entry->tensor : NULL;
}

RkBuffer *
rk_state_buffer(const RkState *state, const char *name)
{
    const Entry *entry = g_hash_table_lookup(state->entries, name);
    return entry ? entry->buffer : NULL;
}

GList *
rk_state_names(const RkState *state)
{
    return g_list_sort(g_hash_table_get_keys(state->entries), (GCompareFunc)g_strcmp0);
}
