// SPDX-License-Identifier: GPL-3.0-or-later
#include "batch_rig.h"

RkParams *
rig_params(const RkParam *table, size_t n, const char *settings)
{
    g_autoptr(GError) error = NULL;
    RkParams *params = rk_params_new(table, n);
    g_auto(GStrv) words = g_strsplit(settings, " ", -1);
    for (int i = 0; words[i] != NULL && *words[i] != '\0'; i++)
        rk_params_assign(params, words[i], &error);
    g_assert_no_error(error);
    return params;
}

Rig *
rig_new(const char *kind, const char *settings, const char *split, uint64_t n_rows)
{
    g_autoptr(GError) error = NULL;
    Rig *rig = g_new0(Rig, 1);
    const RkParam *table;
    size_t n;
    rk_synth_kind(kind, &table, &n, NULL, NULL, NULL);
    g_autoptr(RkParams) params = rig_params(table, n, settings);
    rig->synth = rk_synth_new(kind, params, 11, n_rows, &error);
    g_assert_no_error(error);
    rig->memory = memory_new(rk_schema_copy(rk_synth_source(rig->synth)->schema));
    rk_synth_write(rig->synth, &rig->memory->sink, 2, NULL, &error);
    g_assert_no_error(error);
    rig->n_users = rk_synth_vocabulary_size(rig->synth, "user");
    rig->n_items = rk_synth_vocabulary_size(rig->synth, "item");
    g_autoptr(RkParams) how = rig_params(rk_split_params, rk_n_split_params, split);
    rig->split = rk_split_build(&rig->memory->source, how, 5, rig->n_users, NULL, &error);
    g_assert_no_error(error);
    return rig;
}

void
rig_free(Rig *rig)
{
    rk_split_free(rig->split);
    memory_free(rig->memory);
    rk_synth_free(rig->synth);
    g_free(rig);
}

RkBatchOptions
rig_options(const Rig *rig)
{
    return (RkBatchOptions){.batch = 64,
                            .shuffle = TRUE,
                            .split = rig->split,
                            .part = RK_PART_TRAIN,
                            .n_users = rig->n_users,
                            .n_items = rig->n_items,
                            .seed = 77,
                            .n_threads = 2};
}

RkBatcher *
rig_batcher(const Rig *rig, const RkBatchPart *parts, uint32_t n_parts,
            const RkBatchOptions *options)
{
    g_autoptr(GError) error = NULL;
    RkBatcher *batcher = rk_batcher_new(&rig->memory->source, parts, n_parts, options, &error);
    g_assert_no_error(error);
    return batcher;
}

void **
rig_memory(const RkBatcher *batcher, uint32_t n_slots)
{
    uint32_t n = rk_batcher_n_parts(batcher);
    void **memory = g_new(void *, (size_t)n_slots *n);
    for (uint32_t i = 0; i < n_slots * n; i++)
        memory[i] = g_malloc(rk_batcher_words(batcher, i % n) * 4);
    return memory;
}

void
rig_memory_free(void **memory, const RkBatcher *batcher, uint32_t n_slots)
{
    for (uint32_t i = 0; i < n_slots * rk_batcher_n_parts(batcher); i++)
        g_free(memory[i]);
    g_free(memory);
}
