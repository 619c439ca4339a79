// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/synth-private.h"

#include "base/json.h"

#include <string.h>

static const RkSynthKind *const KINDS[] = {&rk_synth_ratings, &rk_synth_ctr, &rk_synth_sequence,
                                           &rk_synth_ranking};

const char *const rk_synth_kinds[] = {"ratings", "ctr", "sequence", "ranking", NULL};
_Static_assert(G_N_ELEMENTS(rk_synth_kinds) == G_N_ELEMENTS(KINDS) + 1, "a name for every kind");

static const RkSynthKind *
find_kind(const char *name, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(KINDS); i++)
        if (strcmp(KINDS[i]->name, name) == 0)
            return KINDS[i];
    const char *nearest = rk_nearest_word(name, rk_synth_kinds, G_N_ELEMENTS(KINDS));
    g_autofree char *all = g_strjoinv(", ", (char **)rk_synth_kinds);
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't generate \"%s\": there is no such kind. %s%s%sThere are %s.", name,
                nearest != NULL ? "Did you mean " : "", nearest != NULL ? nearest : "",
                nearest != NULL ? "? " : "", all);
    return NULL;
}

gboolean
rk_synth_kind(const char *kind, const RkParam **params, size_t *n_params, const char **summary,
              const char **split, GError **error)
{
    const RkSynthKind *k = find_kind(kind, error);
    if (k == NULL)
        return FALSE;
    if (params != NULL)
        *params = k->params;
    if (n_params != NULL)
        *n_params = k->n_params;
    if (summary != NULL)
        *summary = k->summary;
    if (split != NULL)
        *split = k->split;
    return TRUE;
}

// ---- source ------------------------------------------------------------------------------------

static uint64_t
source_n_rows(RkChunkSource *source, uint32_t table)
{
    return ((RkSynth *)source)->n_rows[table];
}

static RkChunk *
source_read(RkChunkSource *source, uint32_t t, uint32_t i, const gboolean *columns, GError **error)
{
    RkSynth *synth = (RkSynth *)source;
    uint64_t first = (uint64_t)i * RK_CHUNK_ROWS;
    g_assert(first < synth->n_rows[t]);
    const RkTable *table = rk_schema_table(synth->schema, t);
    RkChunk *chunk =
        rk_chunk_new(table, t, first, (uint32_t)MIN(RK_CHUNK_ROWS, synth->n_rows[t] - first));
    for (uint32_t c = 0; columns != NULL && c < chunk->n_columns; c++)
        if (!columns[c])
            chunk->columns[c].n_rows = 0;
    synth->kind->fill(synth, chunk);
    return chunk;
}

RkChunkSource *
rk_synth_source(RkSynth *synth)
{
    return &synth->source;
}

void
rk_synth_add_vocabulary(RkSynth *synth, const char *name, const char *prefix, uint32_t n)
{
    g_ptr_array_add(synth->names, g_strdup(name));
    g_ptr_array_add(synth->vocabularies, rk_vocabulary_new_range(prefix, 1, n));
}

RkVocabulary *
rk_synth_vocabulary(const RkSynth *synth, uint32_t i, const char **name)
{
    if (i >= synth->names->len)
        return NULL;
    *name = synth->names->pdata[i];
    return rk_vocabulary_ref(synth->vocabularies->pdata[i]);
}

uint32_t
rk_synth_vocabulary_size(const RkSynth *synth, const char *name)
{
    for (guint i = 0; i < synth->names->len; i++)
        if (strcmp(synth->names->pdata[i], name) == 0)
            return rk_vocabulary_size(synth->vocabularies->pdata[i]);
    return 0;
}

RkSynth *
rk_synth_new(const char *kind, const RkParams *params, uint64_t seed, uint64_t n_rows,
             GError **error)
{
    const RkSynthKind *k = find_kind(kind, error);
    if (k == NULL)
        return NULL;
    if (n_rows == 0 || n_rows > RK_SYNTH_MAX_ROWS) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't generate %" G_GUINT64_FORMAT " rows: --rows takes 1 to %.0e.", n_rows,
                    RK_SYNTH_MAX_ROWS);
        return NULL;
    }
    g_autoptr(RkSynth) synth = g_new0(RkSynth, 1);
    synth->kind = k;
    synth->schema = rk_schema_new();
    synth->source = (RkChunkSource){synth->schema, source_n_rows, source_read};
    synth->seed = seed;
    synth->n_rows[0] = n_rows;
    synth->names = g_ptr_array_new_with_free_func(g_free);
    synth->vocabularies = g_ptr_array_new_with_free_func((GDestroyNotify)rk_vocabulary_unref);
    synth->model = k->build(synth, params, error);
    if (synth->model == NULL)
        return NULL;
    return g_steal_pointer(&synth);
}

void
rk_synth_free(RkSynth *synth)
{
    if (synth == NULL)
        return;
    if (synth->model != NULL)
        synth->kind->free(synth->model);
    rk_schema_free(synth->schema);
    g_ptr_array_unref(synth->names);
    g_ptr_array_unref(synth->vocabularies);
    g_free(synth);
}

char *
rk_synth_ceiling(RkSynth *synth, GError **error)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    json_builder_begin_object(b);
    rk_json_add_text(b, "kind", synth->kind->name);
    synth->kind->ceiling(synth, b);
    json_builder_end_object(b);
    return rk_json_text(b, FALSE);
}

// ---- writing -----------------------------------------------------------------------------------

// Chunks of one table, computed by several threads, handed on in order.
typedef struct {
    RkSynth *synth;
    uint32_t table, n_chunks;
    GMutex lock;
    GCond changed;
    uint32_t next_claim, next_out; // the next chunk to compute, to hand on
    gboolean stop;
    uint32_t window; // how far computing may run ahead
    RkChunk **ready; // [window], by chunk % window
} Line;

static gpointer
compute(gpointer data)
{
    Line *line = data;
    g_mutex_lock(&line->lock);
    for (;;) {
        while (!line->stop && line->next_claim < line->n_chunks &&
               line->next_claim >= line->next_out + line->window)
            g_cond_wait(&line->changed, &line->lock);
        if (line->stop || line->next_claim >= line->n_chunks)
            break;
        uint32_t i = line->next_claim++;
        g_mutex_unlock(&line->lock);
        RkChunk *chunk = source_read(&line->synth->source, line->table, i, NULL, NULL);
        g_mutex_lock(&line->lock);
        line->ready[i % line->window] = chunk;
        g_cond_broadcast(&line->changed);
    }
    g_mutex_unlock(&line->lock);
    return NULL;
}

static gboolean
hand_on(Line *line, RkChunkSink *sink, const RkPassProgress *progress, GError **error)
{
    for (uint32_t i = 0; i < line->n_chunks; i++) {
        g_mutex_lock(&line->lock);
        while (line->ready[i % line->window] == NULL)
            g_cond_wait(&line->changed, &line->lock);
        g_autoptr(RkChunk) chunk = g_steal_pointer(&line->ready[i % line->window]);
        line->next_out = i + 1;
        g_cond_broadcast(&line->changed);
        g_mutex_unlock(&line->lock);
        if (!sink->chunk(sink, chunk, error))
            return FALSE;
        if (progress != NULL)
            progress->rows(progress->data, "Generating", chunk->first_row + chunk->n_rows,
                           line->synth->n_rows[line->table]);
    }
    return TRUE;
}

static gboolean
write_table(RkSynth *synth, uint32_t table, RkChunkSink *sink, uint32_t n_threads,
            const RkPassProgress *progress, GError **error)
{
    Line line = {.synth = synth,
                 .table = table,
                 .n_chunks = rk_n_chunks(synth->n_rows[table]),
                 .window = 2 * n_threads};
    g_mutex_init(&line.lock);
    g_cond_init(&line.changed);
    line.ready = g_new0(RkChunk *, line.window);
    g_autofree GThread **threads = g_new(GThread *, n_threads);
    for (uint32_t i = 0; i < n_threads; i++)
        threads[i] = g_thread_new("synth", compute, &line);
    gboolean done = hand_on(&line, sink, progress, error);
    g_mutex_lock(&line.lock);
    line.stop = TRUE;
    g_cond_broadcast(&line.changed);
    g_mutex_unlock(&line.lock);
    for (uint32_t i = 0; i < n_threads; i++)
        g_thread_join(threads[i]);
    for (uint32_t i = 0; i < line.window; i++)
        rk_chunk_free(line.ready[i]);
    g_free(line.ready);
    g_mutex_clear(&line.lock);
    g_cond_clear(&line.changed);
    return done;
}

gboolean
rk_synth_write(RkSynth *synth, RkChunkSink *sink, uint32_t n_threads,
               const RkPassProgress *progress, GError **error)
{
    for (uint32_t t = 0; t < synth->schema->tables->len; t++)
        if (!write_table(synth, t, sink, MAX(n_threads, 1), progress, error))
            return FALSE;
    return TRUE;
}

char *
rk_synth_params_json(const char *kind, const RkParams *params, const RkParams *split, uint64_t seed,
                     uint64_t n_rows)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    json_builder_begin_object(b);
    rk_json_add_text(b, "made_by", "synth");
    rk_json_add_text(b, "kind", kind);
    rk_json_add_int(b, "rows", (int64_t)n_rows);
    rk_json_add_int(b, "seed", (int64_t)seed);
    json_builder_set_member_name(b, "settings");
    rk_params_to_json(params, b);
    json_builder_set_member_name(b, "splitting");
    rk_params_to_json(split, b);
    json_builder_end_object(b);
    return rk_json_text(b, FALSE);
}
