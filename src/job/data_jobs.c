// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/data_jobs.h"

#include <string.h>

#include "base/json.h"
#include "dataset/synth.h"
#include "store/intake.h"
#include "store/model.h"
#include "store/parts.h"
#include "store/run.h"
#include "store/trial.h"

#define LOOK_ROWS 5u // shown before an import

// All that any of these jobs is given; each uses its part.
typedef struct {
    RkWorkspace *workspace;
    char *name;
    char *kind;
    char **paths;
    RkImportLook *look;
    RkParams *params, *clean, *split;
    uint64_t n_rows, seed;
    RkKeptKind kept;
} Work;

static void
work_free(gpointer data)
{
    Work *work = data;
    g_free(work->name);
    g_free(work->kind);
    g_strfreev(work->paths);
    g_clear_pointer(&work->look, rk_import_look_free);
    g_clear_pointer(&work->params, rk_params_free);
    g_clear_pointer(&work->clean, rk_params_free);
    g_clear_pointer(&work->split, rk_params_free);
    rk_workspace_unref(work->workspace);
    g_free(work);
}

static Work *
work_new(RkWorkspace *workspace, const char *name)
{
    Work *work = g_new0(Work, 1);
    work->workspace = rk_workspace_ref(workspace);
    work->name = g_strdup(name);
    return work;
}

static RkJobSpec
spec_of(Work *work, RkJobFunc func, const char *title)
{
    return (RkJobSpec){.title = title, .run = func, .data = work, .free_data = work_free};
}

// ---- looking -------------------------------------------------------------------------------

void
rk_import_look_free(RkImportLook *look)
{
    if (look == NULL)
        return;
    for (uint32_t t = 0; t < look->n_tables; t++)
        g_ptr_array_unref(look->rows[t]);
    g_free(look->rows);
    rk_import_free(look->import);
    g_free(look->name);
    g_strfreev(look->paths);
    g_free(look);
}

typedef struct {
    RkRowSink sink;
    RkImportLook *look;
} FirstRows;

static gboolean
take_rows(RkRowSink *sink, const RkRowBatch *batch, GError **error)
{
    GPtrArray *rows = ((FirstRows *)sink)->look->rows[batch->table];
    for (uint32_t row = 0; row < batch->n_rows && rows->len < LOOK_ROWS; row++) {
        GStrv cells = g_new0(char *, batch->n_fields + 1);
        for (uint32_t f = 0; f < batch->n_fields; f++) {
            const RkCell *cell = &batch->cells[(size_t)row * batch->n_fields + f];
            cells[f] = g_utf8_make_valid(cell->length > 0 ? cell->text : "", (gssize)cell->length);
        }
        g_ptr_array_add(rows, cells);
    }
    sink->n_taken = batch->n_rows;
    return TRUE;
}

// "ml-latest-small" of a folder, "ratings" of ratings.csv.gz.
static char *
suggest_name(const char *path)
{
    g_autofree char *base = g_path_get_basename(path);
    char *name = g_filename_display_name(base);
    char *dot = g_file_test(path, G_FILE_TEST_IS_DIR) ? NULL : strchr(name + (*name == '.'), '.');
    if (dot != NULL)
        *dot = '\0';
    return name;
}

static gboolean
look(RkJob *job, gpointer data, GError **error)
{
    const Work *work = data;
    g_autoptr(RkImportLook) found = g_new0(RkImportLook, 1);
    found->import = rk_import_new((const char *const *)work->paths, NULL, NULL, error);
    if (found->import == NULL)
        return FALSE;
    found->n_tables = rk_import_schema(found->import)->tables->len;
    found->rows = g_new0(GPtrArray *, found->n_tables);
    for (uint32_t t = 0; t < found->n_tables; t++)
        found->rows[t] = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    found->name = suggest_name(work->paths[0]);
    found->paths = g_strdupv(work->paths);
    FirstRows first = {.sink = {.rows = take_rows}, .look = found};
    const RkImportOptions options = {.max_rows = LOOK_ROWS};
    if (!rk_import_run(found->import, &first.sink, &options, NULL, error))
        return FALSE;
    rk_job_set_result(job, g_steal_pointer(&found), (GDestroyNotify)rk_import_look_free);
    return TRUE;
}

RkJobSpec
rk_look_job(RkWorkspace *workspace, const char *const *paths)
{
    Work *work = work_new(workspace, NULL);
    work->paths = g_strdupv((char **)paths);
    RkJobSpec spec = spec_of(work, look, "Looking at the files");
    spec.quiet = TRUE;
    return spec;
}

// ---- importing -----------------------------------------------------------------------------

static gboolean
show_reading(gpointer data, uint64_t done_bytes, uint64_t all_bytes, uint64_t n_rows)
{
    rk_job_progress(data, done_bytes, all_bytes);
    return rk_job_check(data, NULL);
}

static void
reading_done(gpointer data)
{
    rk_job_phase(data, "Storing", "rows", 0.6, 1);
}

// How to make the dataset again.
static char *
import_json(const Work *work)
{
    const struct {
        const char *name;
        const RkParams *params;
    } SETS[] = {{"cleaning", work->clean}, {"splitting", work->split}};
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    rk_json_add_text(builder, "made_by", "import");
    json_builder_set_member_name(builder, "paths");
    json_builder_begin_array(builder);
    for (char **path = work->look->paths; *path != NULL; path++) {
        g_autofree char *shown = g_filename_display_name(*path);
        json_builder_add_string_value(builder, shown);
    }
    json_builder_end_array(builder);
    rk_json_add_int(builder, "seed", (int64_t)work->seed);
    for (size_t s = 0; s < G_N_ELEMENTS(SETS); s++) {
        json_builder_set_member_name(builder, SETS[s].name);
        rk_params_to_json(SETS[s].params, builder);
    }
    json_builder_end_object(builder);
    return rk_json_text(builder, FALSE);
}

static gboolean
import(RkJob *job, gpointer data, GError **error)
{
    Work *work = data;
    const RkPassProgress pass = rk_job_pass(job);
    g_autofree char *params = import_json(work);
    const RkIntakeOptions options = {
        .name = work->name,
        .clean = work->clean,
        .split = work->split,
        .seed = work->seed,
        .params_json = params,
        .import = {.progress = show_reading, .progress_data = job},
        .progress = &pass,
        .reading_done = reading_done,
        .reading_done_data = job,
    };
    RkStore *store = rk_workspace_store(work->workspace, error);
    if (store == NULL)
        return FALSE;
    rk_job_phase(job, "Reading", "bytes", 0, 0.6);
    return rk_intake_import(store, work->look->import, &options, NULL, error);
}

RkJobSpec
rk_import_job(RkWorkspace *workspace, RkImportLook *looked, const char *name, const RkParams *clean,
              const RkParams *split, uint64_t seed)
{
    Work *work = work_new(workspace, name);
    work->look = looked;
    work->clean = rk_params_copy(clean);
    work->split = rk_params_copy(split);
    work->seed = seed;
    return spec_of(work, import, work->name);
}

// ---- generating ----------------------------------------------------------------------------

static gboolean
write_synth(RkJob *job, const Work *work, RkSynth *synth, const RkSplit *split, const char *ceiling,
            GError **error)
{
    const RkPassProgress pass = rk_job_pass(job);
    RkStore *store = rk_workspace_store(work->workspace, error);
    g_autofree char *params =
        rk_synth_params_json(work->kind, work->params, work->split, work->seed, work->n_rows);
    g_autoptr(RkDatasetWriter) writer =
        store != NULL ? rk_dataset_writer_new(store, work->name, rk_synth_source(synth)->schema,
                                              params, error)
                      : NULL;
    if (writer == NULL)
        return FALSE;
    RkJobSink sink = rk_job_guard_sink(job, rk_dataset_writer_chunks(writer));
    rk_job_phase(job, "Writing", "rows", 0.4, 1);
    return rk_intake_synth(writer, &sink.sink, synth, split, ceiling, g_get_num_processors(), &pass,
                           error) &&
           rk_job_check(job, error) && rk_dataset_writer_commit(writer, error);
}

static gboolean
generate(RkJob *job, gpointer data, GError **error)
{
    Work *work = data;
    const RkPassProgress pass = rk_job_pass(job);
    const char *kind_split;
    rk_job_phase(job, "Splitting", "rows", 0, 0.3);
    if (!rk_synth_kind(work->kind, NULL, NULL, NULL, &kind_split, error))
        return FALSE;
    work->split = rk_params_new(rk_split_params, rk_n_split_params);
    g_autoptr(RkSynth) synth =
        rk_synth_new(work->kind, work->params, work->seed, work->n_rows, error);
    if (synth == NULL || !rk_params_set(work->split, "split", kind_split, error))
        return FALSE;
    RkJobSource source = rk_job_guard_source(job, rk_synth_source(synth));
    g_autoptr(RkSplit) split =
        rk_split_build(&source.source, work->split, work->seed,
                       rk_synth_vocabulary_size(synth, "user"), &pass, error);
    if (split == NULL)
        return FALSE;
    rk_job_phase(job, "Computing the best reachable metrics", NULL, 0.3, 0.4);
    g_autofree char *ceiling = rk_synth_ceiling(synth, error);
    return ceiling != NULL && write_synth(job, work, synth, split, ceiling, error);
}

RkJobSpec
rk_synth_job(RkWorkspace *workspace, const char *kind, const char *name, uint64_t n_rows,
             const RkParams *params, uint64_t seed)
{
    Work *work = work_new(workspace, name);
    work->kind = g_strdup(kind);
    work->n_rows = n_rows;
    work->params = rk_params_copy(params);
    work->seed = seed;
    return spec_of(work, generate, work->name);
}

// ---- profiling -----------------------------------------------------------------------------

static gboolean
profile(RkJob *job, gpointer data, GError **error)
{
    const Work *work = data;
    const RkPassProgress pass = rk_job_pass(job);
    RkStore *store = rk_workspace_store(work->workspace, error);
    g_autoptr(RkDataset) dataset = store != NULL ? rk_dataset_open(store, work->name, error) : NULL;
    g_autoptr(GError) failure = NULL;
    if (dataset == NULL)
        return FALSE;
    rk_job_phase(job, "Reading", "rows", 0, 1);
    g_autoptr(RkSplit) split = rk_dataset_split(dataset, &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    RkJobSource source = rk_job_guard_source(job, rk_dataset_source(dataset));
    RkProfile *made =
        rk_profile_new(&source.source, split, rk_dataset_vocabulary_size_of, dataset, &pass, error);
    if (made == NULL)
        return FALSE;
    rk_job_set_result(job, made, (GDestroyNotify)rk_profile_free);
    return TRUE;
}

RkJobSpec
rk_profile_job(RkWorkspace *workspace, const char *name)
{
    Work *work = work_new(workspace, name);
    return spec_of(work, profile, work->name);
}

// ---- removing and listing ------------------------------------------------------------------

static gboolean
remove_kept(RkJob *job, gpointer data, GError **error)
{
    static gboolean (*const REMOVE[])(RkStore *, const char *, GError **) = {
        [RK_KEPT_DATASET] = rk_dataset_remove,
        [RK_KEPT_MODEL] = rk_model_remove,
    };
    const Work *work = data;
    RkStore *store = rk_workspace_store(work->workspace, error);
    return store != NULL && REMOVE[work->kept](store, work->name, error);
}

RkJobSpec
rk_remove_job(RkWorkspace *workspace, RkKeptKind kind, const char *name)
{
    Work *work = work_new(workspace, name);
    work->kept = kind;
    RkJobSpec spec = spec_of(work, remove_kept, work->name);
    spec.quiet = TRUE;
    return spec;
}

void
rk_contents_free(RkContents *contents)
{
    if (contents == NULL)
        return;
    g_clear_pointer(&contents->datasets, g_ptr_array_unref);
    g_clear_pointer(&contents->models, g_ptr_array_unref);
    g_clear_pointer(&contents->runs, g_ptr_array_unref);
    g_clear_pointer(&contents->sweeps, g_ptr_array_unref);
    g_free(contents);
}

static gboolean
list(RkJob *job, gpointer data, GError **error)
{
    RkStore *store = rk_workspace_store(((Work *)data)->workspace, error);
    if (store == NULL)
        return FALSE;
    g_autoptr(RkContents) contents = g_new0(RkContents, 1);
    contents->datasets = rk_dataset_list(store, error);
    contents->models = contents->datasets != NULL ? rk_model_list(store, error) : NULL;
    contents->runs = contents->models != NULL ? rk_run_list(store, error) : NULL;
    contents->sweeps = contents->runs != NULL ? rk_trials_runs(store, error) : NULL;
    if (contents->sweeps == NULL)
        return FALSE;
    rk_job_set_result(job, g_steal_pointer(&contents), (GDestroyNotify)rk_contents_free);
    return TRUE;
}

RkJobSpec
rk_contents_job(RkWorkspace *workspace)
{
    RkJobSpec spec = spec_of(work_new(workspace, NULL), list, "Reading the database");
    spec.quiet = TRUE;
    return spec;
}
