// SPDX-License-Identifier: GPL-3.0-or-later
//
// Models, runs and checkpoints: what was saved is read back, and whatever fails or is killed leaves
// a whole one or none.
#include "store/model.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/rng.h"
#include "faults.h"
#include "fixture.h"
#include "store/doctor.h"
#include "store/run.h"
#include "store/sql.h"

#define N_KILLS 40
#define MAX_MS  90

static const char *program;

// A table of several chunks, a matrix, a scalar, and nothing.
static const RkTensorInfo TENSORS[] = {
    {"items", "f32", 2, {70000, 10}, 2800000},
    {"w", "f16", 2, {3, 7}, 48},
    {"bias", "f32", 0, {0}, 4},
    {"none", "u32", 1, {0}, 0},
};

// The byte of a tensor at some place: half of it compresses, half doesn't.
static uint8_t
byte_at(uint64_t seed, uint32_t tensor, uint64_t at)
{
    return at % 8 < 4 ? (uint8_t)((seed + tensor + at / 8) * 0x9e3779b97f4a7c15u >> 56)
                      : (uint8_t)tensor;
}

typedef struct {
    uint64_t seed;
    int fail_at; // how many pieces are given before one is refused; -1 never
} Given;

static gboolean
give(gpointer data, uint32_t tensor, uint64_t at, void *bytes, size_t n, GError **error)
{
    Given *given = data;
    if (given->fail_at >= 0 && given->fail_at-- == 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_DEVICE, "the device is gone. Try again.");
        return FALSE;
    }
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)bytes)[i] = byte_at(given->seed, tensor, at + i);
    return TRUE;
}

static RkTensorSource
source_of(Given *given)
{
    return (RkTensorSource){G_N_ELEMENTS(TENSORS), TENSORS, give, given};
}

static gboolean
save(RkStore *store, const char *name, uint64_t seed, gboolean update, GError **error)
{
    Given given = {seed, -1};
    const RkTensorSource source = source_of(&given);
    const RkStoredModel model = {.name = (char *)name,
                                 .kind = (char *)"mf",
                                 .dataset = (char *)"movies",
                                 .settings = (char *)"{\"dim\": 10}"};
    return rk_model_save(store, &model, &source, update, error);
}

static void
check_tensors(const RkTensorList *list, uint64_t seed)
{
    g_assert_cmpuint(rk_tensor_list_n(list), ==, G_N_ELEMENTS(TENSORS));
    for (uint32_t t = 0; t < G_N_ELEMENTS(TENSORS); t++) {
        const RkTensorInfo *info = rk_tensor_list_at(list, t);
        g_autoptr(GError) error = NULL;
        g_assert_cmpstr(info->name, ==, TENSORS[t].name);
        g_assert_cmpstr(info->dtype, ==, TENSORS[t].dtype);
        g_assert_cmpmem(info->dim, sizeof info->dim, TENSORS[t].dim, sizeof info->dim);
        g_assert_cmpuint(info->rank, ==, TENSORS[t].rank);
        g_assert_cmpint(rk_tensor_list_find(list, info->name), ==, (int)t);
        g_autofree uint8_t *bytes = rk_tensor_list_load(list, t, &error);
        g_assert_no_error(error);
        for (uint64_t i = 0; i < info->n_bytes; i++)
            if (bytes[i] != byte_at(seed, t, i))
                g_error("%s differs at %d", info->name, (int)i);
    }
    g_assert_cmpint(rk_tensor_list_find(list, "no such"), ==, -1);
}

static void
check_model(RkStore *store, const char *name, uint32_t version, uint64_t seed)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStoredModel) model = rk_model_open(store, name, version, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(model->kind, ==, "mf");
    g_assert_cmpstr(model->dataset, ==, "movies");
    g_assert_cmpstr(model->settings, ==, "{\"dim\": 10}");
    g_assert_cmpstr(model->facts, ==, "{}");
    g_assert_cmpuint(model->n_bytes, ==, 2800052);
    check_tensors(model->tensors, seed);
}

static void
expect(GError **error, int code, const char *pattern)
{
    g_assert_error(*error, RK_ERROR, code);
    if (!g_pattern_match_simple(pattern, (*error)->message))
        g_error("%s", (*error)->message);
    g_clear_error(error);
}

// ---- models --------------------------------------------------------------------------------

static void
versions_and_parents(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, &error);
    g_assert_true(save(store, "a", 1, FALSE, &error));
    g_assert_false(save(store, "a", 2, FALSE, &error));
    expect(&error, RK_ERROR_USAGE, "Can't save the model a: there is a model of that name*--as*");
    g_assert_false(save(store, "b", 2, TRUE, &error));
    expect(&error, RK_ERROR_NOT_FOUND, "Can't save the model b:*no model b*rankine models.");
    g_assert_true(save(store, "a", 2, TRUE, &error));
    check_model(store, "a", 0, 2);
    check_model(store, "a", 1, 1);
    check_model(store, "a", 2, 2);
    g_assert_null(rk_model_open(store, "a", 3, &error));
    expect(&error, RK_ERROR_NOT_FOUND, "Can't open the model a:*");

    Given given = {3, -1};
    const RkTensorSource source = source_of(&given);
    RkStoredModel tuned = {
        .name = (char *)"b", .kind = (char *)"mf", .parent = (char *)"a", .parent_version = 1};
    g_assert_true(rk_model_save(store, &tuned, &source, FALSE, &error));
    tuned.name = (char *)"c";
    tuned.parent = (char *)"nobody";
    g_assert_false(rk_model_save(store, &tuned, &source, FALSE, &error));
    expect(&error, RK_ERROR_NOT_FOUND, "*no model nobody*");
    g_autoptr(GPtrArray) list = rk_model_list(store, &error);
    g_assert_cmpuint(list->len, ==, 2);
    const RkStoredModel *a = g_ptr_array_index(list, 0);
    const RkStoredModel *b = g_ptr_array_index(list, 1);
    g_assert_cmpuint(a->version, ==, 2);
    g_assert_cmpstr(a->parent, ==, "a");
    g_assert_cmpuint(a->parent_version, ==, 1);
    g_assert_cmpstr(b->parent, ==, "a");
    g_assert_null(b->dataset);

    g_assert_true(rk_model_remove(store, "a", &error));
    g_assert_false(rk_model_exists(store, "a"));
    g_assert_false(rk_model_remove(store, "a", &error));
    expect(&error, RK_ERROR_NOT_FOUND, "Can't remove the model a:*");
    g_autoptr(RkStoredModel) orphan = rk_model_open(store, "b", 0, &error);
    g_assert_null(orphan->parent);
    check_tensors(orphan->tensors, 3);
}

// A source that fails at any piece leaves nothing, nor does it keep the store from going on.
static void
failing_sources(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, &error);
    for (int at = 0; at < 5; at++) { // 3 chunks, and one each of two others
        Given given = {1, at};
        const RkTensorSource source = source_of(&given);
        const RkStoredModel model = {.name = (char *)"a", .kind = (char *)"mf"};
        g_assert_false(rk_model_save(store, &model, &source, FALSE, &error));
        expect(&error, RK_ERROR_DEVICE,
               "Can't save the model a: the tensor *: the device is gone*");
        int64_t n_left = -1;
        g_assert_true(rk_sql_int(store, &n_left, -1, &error,
                                 "SELECT (SELECT count(*) FROM model) + (SELECT count(*) FROM "
                                 "tensor) + (SELECT count(*) FROM tensor_chunk)",
                                 ""));
        g_assert_cmpint(n_left, ==, 0);
    }
    g_assert_true(save(store, "a", 1, FALSE, &error));
    check_model(store, "a", 0, 1);
}

static void
damage_is_named(void)
{
    static const char *const ROWS[] = {
        "UPDATE tensor_chunk SET data = zeroblob(length(data)) WHERE position = 2",
        "DELETE FROM tensor_chunk WHERE position = 1",
        "UPDATE tensor SET n_bytes = n_bytes - 4 WHERE name = 'w'",
        "UPDATE tensor SET shape = '1,x' WHERE name = 'w'",
    };
    const RkDoctorOptions options = {.repair = TRUE};
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, &error);
        g_assert_true(save(store, "a", 1, FALSE, &error));
        g_autoptr(RkDoctorReport) well = rk_doctor_run(store, &options, &error);
        g_assert_cmpuint(well->findings->len, ==, 0);
        g_assert_true(rk_sql_exec(store, ROWS[i], &error));
        g_autoptr(RkDoctorReport) report = rk_doctor_run(store, &options, &error);
        g_assert_cmpuint(report->findings->len, ==, 1);
        const RkFinding *finding = g_ptr_array_index(report->findings, 0);
        g_assert_false(finding->repaired);
        g_assert_true(g_str_has_prefix(finding->what, "The model a (version 1) is damaged: "));
    }
}

// ---- runs ----------------------------------------------------------------------------------

static int64_t
start_run(RkStore *store, const char *name, GError **error)
{
    const RkStoredRun run = {.name = (char *)name,
                             .kind = (char *)"mf",
                             .dataset = (char *)"movies",
                             .seed = UINT64_MAX,
                             .device = (char *)"a device",
                             .driver = (char *)"its driver",
                             .config = (char *)"{\"epochs\": 3}"};
    int64_t id = 0;
    return rk_run_start(store, &run, &id, error) ? id : 0;
}

static gboolean
keep(RkStore *store, int64_t run, uint64_t step, uint32_t n_keep, GError **error)
{
    Given given = {step, -1};
    const RkTensorSource source = source_of(&given);
    g_autofree char *position = g_strdup_printf("{\"step\": %d}", (int)step);
    return rk_run_checkpoint(store, run, step, position, &source, n_keep, error);
}

static void
runs(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, &error);
    int64_t id = start_run(store, "first", &error);
    g_assert_no_error(error);
    g_assert_cmpint(start_run(store, "first", &error), ==, 0);
    expect(&error, RK_ERROR_USAGE, "Can't start the run first: there is a run*--resume*");
    const RkMeasurement some[] = {{"loss", 2, 0.5, 0.7},
                                  {"loss", 1, 0.25, 0.9},
                                  {"val.auc", 2, 0.5, NAN},
                                  {"loss", 2, 0.5, 0.6}};
    g_assert_true(rk_run_measure(store, id, some, G_N_ELEMENTS(some), &error));
    g_autoptr(GArray) loss = rk_run_measurements(store, id, "loss", &error);
    g_autoptr(GArray) auc = rk_run_measurements(store, id, "val.auc", &error);
    g_assert_cmpuint(loss->len, ==, 2);
    g_assert_cmpfloat(g_array_index(loss, RkMeasurement, 0).value, ==, 0.9);
    g_assert_cmpfloat(g_array_index(loss, RkMeasurement, 1).value, ==, 0.6);
    g_assert_cmpfloat(g_array_index(loss, RkMeasurement, 1).epoch, ==, 0.5);
    g_assert_true(isnan(g_array_index(auc, RkMeasurement, 0).value));
    g_assert_true(rk_run_set_status(store, id, RK_RUN_FAILED, "the loss is NaN", &error));
    g_autoptr(RkStoredRun) run = rk_run_open(store, "first", &error);
    g_assert_cmpint(run->status, ==, RK_RUN_FAILED);
    g_assert_cmpstr(run->why, ==, "the loss is NaN");
    g_assert_true(run->seed == UINT64_MAX && run->ended_s >= run->created_s);
    g_assert_cmpstr(run->config, ==, "{\"epochs\": 3}");
    start_run(store, "second", &error);
    g_autoptr(GPtrArray) list = rk_run_list(store, &error);
    g_assert_cmpuint(list->len, ==, 2);
    g_assert_cmpstr(((RkStoredRun *)g_ptr_array_index(list, 0))->name, ==, "second");
    g_assert_true(keep(store, id, 7, 1, &error));
    g_assert_true(rk_run_remove(store, "first", &error));
    g_assert_null(rk_run_open(store, "first", &error));
    expect(&error, RK_ERROR_NOT_FOUND, "Can't open the run first:*rankine runs.");
    int64_t n_left = -1;
    g_assert_true(rk_sql_int(store, &n_left, -1, &error,
                             "SELECT (SELECT count(*) FROM run_metric) + (SELECT count(*) FROM "
                             "tensor_chunk) + (SELECT count(*) FROM checkpoint)",
                             ""));
    g_assert_cmpint(n_left, ==, 0);
}

static void
expect_checkpoint(RkStore *store, int64_t run, uint64_t before, uint64_t step)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkCheckpoint) checkpoint = rk_run_last_checkpoint(store, run, before, &error);
    g_assert_no_error(error);
    if (step == 0) {
        g_assert_null(checkpoint);
        return;
    }
    g_autofree char *position = g_strdup_printf("{\"step\": %d}", (int)step);
    g_assert_cmpuint(checkpoint->step, ==, step);
    g_assert_cmpstr(checkpoint->position, ==, position);
    check_tensors(checkpoint->tensors, step);
}

static void
checkpoints(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, &error);
    int64_t run = start_run(store, "run", &error);
    expect_checkpoint(store, run, UINT64_MAX, 0);
    for (uint64_t step = 10; step <= 30; step += 10)
        g_assert_true(keep(store, run, step, 2, &error));
    g_assert_true(keep(store, run, 30, 2, &error)); // in place of itself
    expect_checkpoint(store, run, UINT64_MAX, 30);
    expect_checkpoint(store, run, 29, 20);
    expect_checkpoint(store, run, 19, 0);
    g_assert_false(keep(store, run + 1, 5, 2, &error)); // there is no such run
    g_assert_error(error, RK_ERROR, RK_ERROR_DATABASE);
}

// ---- faults --------------------------------------------------------------------------------

// Saves a model, starts a run and keeps a checkpoint, with the fault armed at call n.
static gboolean
work_with_fault(const char *path, FaultKind kind, int n)
{
    g_autoptr(GError) error = NULL;
    gboolean done = FALSE;
    faults_arm(kind, n);
    {
        g_autoptr(RkStore) store = rk_store_open(path, RK_STORE_DEFAULT, &error);
        done = store != NULL && save(store, "new", 2, FALSE, &error);
        int64_t run = done ? start_run(store, "run", &error) : 0;
        done = run != 0 && keep(store, run, 9, 1, &error);
    }
    gboolean struck = faults_struck();
    faults_arm(FAULT_NONE, 0);
    g_assert_true(done || struck);
    if (!done)
        g_assert_true(g_str_has_prefix(error->message, "Can't "));
    return struck;
}

static void
check_after(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = rk_store_open(path, RK_STORE_DEFAULT, &error);
    g_assert_no_error(error);
    check_model(store, "old", 0, 1);
    if (rk_model_exists(store, "new")) {
        check_model(store, "new", 0, 2);
        g_assert_true(rk_model_remove(store, "new", &error));
    }
    g_autoptr(RkStoredRun) run = rk_run_open(store, "run", NULL);
    if (run != NULL) {
        g_autoptr(RkCheckpoint) last = rk_run_last_checkpoint(store, run->id, UINT64_MAX, &error);
        g_assert_no_error(error);
        expect_checkpoint(store, run->id, UINT64_MAX, last != NULL ? 9 : 0);
        g_assert_true(rk_run_remove(store, "run", &error));
    }
    const RkDoctorOptions repair = {.repair = TRUE};
    g_autoptr(RkDoctorReport) report = rk_doctor_run(store, &repair, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(report->findings->len, ==, 0);
}

static void
faults(gconstpointer kind)
{
    g_auto(Fixture) fixture = fixture_new();
    g_autoptr(GError) error = NULL;
    {
        g_autoptr(RkStore) store = fixture_open(&fixture);
        g_assert_true(save(store, "old", 1, FALSE, &error));
    }
    guint n_tried = 0;
    FaultKind fault = (FaultKind)GPOINTER_TO_INT(kind);
    for (int n = 0; work_with_fault(fixture.db, fault, n);
         n += 1 + (int)rk_rng_below(6, fault, (uint64_t)n, 1 + (uint32_t)n / 4)) {
        check_after(fixture.db);
        n_tried++;
    }
    g_test_message("%u faults", n_tried);
    g_assert_cmpuint(n_tried, >, 10);
}

// ---- kills ---------------------------------------------------------------------------------

static int
work_without_end(const char *path, uint32_t first)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = rk_store_open(path, RK_STORE_DEFAULT, &error);
    g_autofree char *name = g_strdup_printf("run %u", first);
    int64_t run = store != NULL ? start_run(store, name, &error) : 0;
    for (uint32_t seed = first; run != 0; seed++) {
        g_autofree char *model = g_strdup_printf("%u", seed);
        if (!keep(store, run, seed, 2, &error) || !save(store, model, seed, FALSE, &error) ||
            !rk_model_remove(store, model, &error))
            break;
    }
    fprintf(stderr, "%s\n", error->message);
    return 3;
}

static guint
check_all(RkStore *store)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) models = rk_model_list(store, &error);
    g_autoptr(GPtrArray) all_runs = rk_run_list(store, &error);
    g_assert_no_error(error);
    guint n = models->len;
    for (guint i = 0; i < models->len; i++) {
        const RkStoredModel *model = g_ptr_array_index(models, i);
        check_model(store, model->name, 1, strtoul(model->name, NULL, 10));
        g_assert_true(rk_model_remove(store, model->name, &error));
    }
    for (guint i = 0; i < all_runs->len; i++) {
        const RkStoredRun *run = g_ptr_array_index(all_runs, i);
        g_autoptr(RkCheckpoint) last = rk_run_last_checkpoint(store, run->id, UINT64_MAX, &error);
        g_assert_no_error(error);
        g_assert_cmpint(run->status, ==, RK_RUN_RUNNING);
        if (last != NULL)
            expect_checkpoint(store, run->id, UINT64_MAX, last->step);
        n += last != NULL;
        g_assert_true(rk_run_remove(store, run->name, &error));
    }
    return n;
}

static void
killed_at_random(void)
{
    g_auto(Fixture) fixture = fixture_new();
    guint n_seen = 0;
    for (uint32_t k = 0; k < N_KILLS; k++) {
        g_autofree char *first = g_strdup_printf("%u", 1 + k * 1000);
        const char *const argv[] = {program, "--work", fixture.db, first, NULL};
        g_autoptr(GError) error = NULL;
        GPid pid = 0;
        g_spawn_async(NULL, (char **)(void *)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                      &pid, &error);
        g_assert_no_error(error);
        g_usleep(rk_rng_below(79, 0, k, MAX_MS * 1000));
        kill(pid, SIGKILL);
        int status = 0;
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_true(WIFSIGNALED(status));
        g_autoptr(RkStore) store = rk_store_open(fixture.db, RK_STORE_DEFAULT, &error);
        g_assert_no_error(error);
        n_seen += check_all(store);
        const RkDoctorOptions look = {.repair = FALSE};
        g_autoptr(RkDoctorReport) report = rk_doctor_run(store, &look, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(report->findings->len, ==, 0);
    }
    g_test_message("%u models and checkpoints checked", n_seen);
    g_assert_cmpuint(n_seen, >, 0);
}

int
main(int argc, char **argv)
{
    program = argv[0];
    if (argc == 4 && strcmp(argv[1], "--work") == 0)
        return work_without_end(argv[2], (uint32_t)strtoul(argv[3], NULL, 10));
    faults_install();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/model/versions and parents", versions_and_parents);
    g_test_add_func("/store/model/a source that fails leaves nothing", failing_sources);
    g_test_add_func("/store/model/damage is named by doctor", damage_is_named);
    g_test_add_func("/store/run/settings, measurements and status", runs);
    g_test_add_func("/store/run/the newest checkpoints are kept", checkpoints);
    g_test_add_data_func("/store/model/one call to the disk fails", GINT_TO_POINTER(FAULT_IO_ONCE),
                         faults);
    g_test_add_data_func("/store/model/the disk fills up", GINT_TO_POINTER(FAULT_FULL), faults);
    g_test_add_data_func("/store/model/memory runs out", GINT_TO_POINTER(FAULT_MEMORY), faults);
    g_test_add_func("/store/model/killed at random moments, all is whole or absent",
                    killed_at_random);
    return g_test_run();
}
