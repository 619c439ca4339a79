// SPDX-License-Identifier: GPL-3.0-or-later
//
// Training on generated datasets, whose best reachable accuracy is known.
#include "train/scorer.h"
#include "train/trainer.h"

#include "store/parts.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

static RkDevice *device;
static char *folder;

// A dataset by the program itself, kept for the tests that follow.
static RkDataset *
generated(RkStore **store, const char *kind, const char *rows)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *db = g_strdup_printf("%s/%s.db", folder, kind);
    g_autofree char *program = g_build_filename(g_getenv("RANKINE_TEST_BUILD"), "rankine", NULL);
    const char *argv[] = {program, "synth", kind,      "--as",  "data",           "--rows", rows,
                          "--db",  db,      "--quiet", "--set", "categories=200", NULL};
    if (strcmp(kind, "ctr") != 0) // the only kind with categories
        argv[10] = NULL;
    int status = 0;
    if (!g_file_test(db, G_FILE_TEST_EXISTS)) {
        g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL,
                                   NULL, NULL, NULL, &status, &error));
        g_assert_cmpint(status, ==, 0);
    }
    *store = rk_store_open(db, RK_STORE_EXISTING, &error);
    g_assert_no_error(error);
    RkDataset *dataset = rk_dataset_open(*store, "data", &error);
    g_assert_no_error(error);
    return dataset;
}

typedef struct {
    const RkModel *model;
    RkStore *store;
    RkDataset *dataset;
    RkSplit *split;
    RkTrainSettings *settings;
    RkTrainer *trainer;
    double loss; // of the last epoch
} Run;

static Run
start(const char *model_name, const char *kind, const char *rows, uint64_t seed,
      const char *const *assignments)
{
    g_autoptr(GError) error = NULL;
    Run run = {0};
    const RkModel *model = rk_model_find(model_name, &error);
    g_assert_no_error(error);
    run.model = model;
    run.dataset = generated(&run.store, kind, rows);
    run.split = rk_dataset_split(run.dataset, &error);
    g_assert_no_error(error);
    run.settings = rk_train_settings_new(model);
    for (int i = 0; assignments[i] != NULL; i++) {
        rk_params_assign(run.settings->values, assignments[i], &error);
        g_assert_no_error(error);
    }
    const RkTrainOptions options = {.device = device,
                                    .dataset = run.dataset,
                                    .split = run.split,
                                    .model = model,
                                    .settings = run.settings,
                                    .seed = seed};
    run.trainer = rk_trainer_new(&options, &error);
    g_assert_no_error(error);
    return run;
}

static void
train(Run *run)
{
    g_autoptr(GError) error = NULL;
    int64_t epochs = rk_params_int(run->settings->values, "epochs");
    for (int64_t e = 0; e < epochs; e++) {
        RkTrainProgress progress;
        rk_trainer_epoch(run->trainer, &progress, &error);
        g_assert_no_error(error);
        g_test_message("epoch %" G_GINT64_FORMAT ": loss %.5f, %.0f samples/s", e, progress.loss,
                       (double)progress.samples / progress.seconds);
        run->loss = progress.loss;
    }
}

static void
stop(Run *run)
{
    rk_trainer_free(run->trainer);
    rk_train_settings_free(run->settings);
    rk_split_free(run->split);
    rk_dataset_unref(run->dataset);
    rk_store_unref(run->store);
}

static RkScores *
scores_of(Run *run, RkPart part)
{
    g_autoptr(GError) error = NULL;
    const RkScorerOptions options = {.device = device,
                                     .model = run->model,
                                     .set = run->settings->values,
                                     .features = rk_trainer_features(run->trainer),
                                     .state = rk_trainer_state(run->trainer),
                                     .part = part};
    RkScores *scores = rk_scores_new(&options, &error);
    g_assert_no_error(error);
    return scores;
}

static double
rmse(Run *run, RkPart part)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkScores) scores = scores_of(run, part);
    const float *score = scores->score, *label = scores->label;
    uint64_t n = scores->n;
    g_assert_cmpuint(n, ==, rk_split_n(run->split, part));
    double sum = 0;
    for (uint64_t i = 0; i < n; i++)
        sum += pow((double)score[i] - (double)label[i], 2);
    return sqrt(sum / (double)n);
}

static void
factors_learn_ratings(void)
{
    static const char *const set[] = {"loss=mse", "dim=8",   "epochs=6",      "batch=256",
                                      "lr=0.02",  "l2=0.02", "init.std=0.05", NULL};
    Run run = start("mf", "ratings", "20000", 1, set);
    double before = rmse(&run, RK_PART_TEST);
    train(&run);
    double after = rmse(&run, RK_PART_TEST);
    g_test_message("RMSE %.4f -> %.4f", before, after);
    // Ratings deviate from their mean by some 0.98; the planted noise alone is 0.8.
    g_assert_cmpfloat(before, >, 0.95);
    g_assert_cmpfloat(after, <, 0.93);
    g_assert_cmpfloat(after, >, 0.78);
    stop(&run);
}

// The share of pairs of a positive and a negative sample in the right order.
static double
auc(Run *run, RkPart part)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkScores) scores = scores_of(run, part);
    const float *score = scores->score, *label = scores->label;
    uint64_t n = scores->n;
    double right = 0, pairs = 0;
    for (uint64_t i = 0; i < n; i++)
        for (uint64_t j = 0; label[i] == 1 && j < n; j++)
            if (label[j] == 0) {
                pairs++;
                right += score[i] > score[j] ? 1 : score[i] == score[j] ? 0.5 : 0;
            }
    return right / pairs;
}

static void
clicks_are_learned(gconstpointer model)
{
    static const char *const set[] = {"loss=bce", "epochs=2",     "batch=256", "lr=0.003",
                                      "dim=8",    "layers=32-16", NULL};
    Run run = start(model, "ctr", "12000", 1, set);
    double before = auc(&run, RK_PART_TEST);
    train(&run);
    double after = auc(&run, RK_PART_TEST);
    g_test_message("AUC %.4f -> %.4f", before, after);
    // The planted truth itself reaches 0.85; ten thousand rows teach a good part of that.
    g_assert_cmpfloat(before, <, 0.62);
    g_assert_cmpfloat(after, >, 0.72);
    g_assert_cmpfloat(after, <, 0.88);
    stop(&run);
}

// Every weight, one after the other.
static GBytes *
weights(Run *run)
{
    g_autoptr(GError) error = NULL;
    GByteArray *all = g_byte_array_new();
    RkState *state = rk_trainer_state(run->trainer);
    g_autoptr(GList) names = rk_state_names(state);
    for (GList *l = names; l != NULL; l = l->next) {
        size_t bytes = rk_tensor_bytes(rk_state_tensor(state, l->data));
        g_autofree void *one = g_malloc(bytes);
        g_assert_true(rk_state_read(state, l->data, one, bytes, &error));
        g_byte_array_append(all, one, (guint)bytes);
    }
    return g_byte_array_free_to_bytes(all);
}

static GBytes *
weights_of_a_run(uint64_t seed, const char *threads)
{
    const char *const set[] = {"loss=bce",    "epochs=2",          "batch=128",
                               "lr=0.01",     "samples=pointwise", "negatives=popularity",
                               "dropout=0.2", "layers=16-8",       threads,
                               NULL};
    Run run = start("neumf", "sequence", "3000", seed, set);
    train(&run);
    GBytes *bytes = weights(&run);
    stop(&run);
    return bytes;
}

static void
same_seed_same_bits(void)
{
    g_autoptr(GBytes) a = weights_of_a_run(3, "loader.threads=1");
    g_autoptr(GBytes) b = weights_of_a_run(3, "loader.threads=3");
    g_autoptr(GBytes) c = weights_of_a_run(4, "loader.threads=1");
    g_assert_true(g_bytes_equal(a, b));
    g_assert_false(g_bytes_equal(a, c));
}

static void
add_settings(GPtrArray *set, const char *settings)
{
    g_auto(GStrv) words = g_strsplit(settings, " ", -1);
    for (char **word = words; *word != NULL; word++)
        g_ptr_array_add(set, g_strdup(*word));
}

// The weights after an epoch in steps of 256 samples, `batch` of them at a time.
static GBytes *
weights_by_batch(const char *model, const char *kind, const char *settings, const char *batch)
{
    g_autoptr(GPtrArray) set = g_ptr_array_new_with_free_func(g_free);
    add_settings(set, settings);
    add_settings(set, batch);
    g_ptr_array_add(set, NULL);
    Run run = start(model, kind, "3000", 2, (const char *const *)set->pdata);
    train(&run);
    GBytes *bytes = weights(&run);
    stop(&run);
    return bytes;
}

// A model, its data and settings: rows of tables alone; bags, numbers and dense layers with class
// weights, so that micro-batches differ in weight; targets that are no samples. Plain SGD, since
// Adam makes a sign of what rounding leaves.
static const struct {
    const char *path, *model, *kind, *settings;
} ACCUMULATED[] = {
    {"rows of tables", "mf", "sequence",
     "loss=bpr negatives=uniform negatives.n=2 dim=8 optimizer=sgd lr=5 epochs=1"},
    {"dense layers and class weights", "deepfm", "ctr",
     "dim=4 layers=8 optimizer=sgd momentum=0.9 lr=0.1 class-weight=balanced clip=1 epochs=1"},
    {"sequences", "sasrec", "sequence",
     "dim=8 history=10 blocks=1 dropout=0 optimizer=sgd lr=0.5 sequence.windows=all epochs=1"},
};

static void
micro_batches_make_one_step(gconstpointer data)
{
    size_t i = GPOINTER_TO_SIZE(data);
    const char *model = ACCUMULATED[i].model, *kind = ACCUMULATED[i].kind,
               *set = ACCUMULATED[i].settings;
    if (i > 0 && strstr(rk_device_info(device)->name, "SwiftShader") != NULL) {
        g_test_skip("SwiftShader compiles too slowly to train every model");
        return;
    }
    g_autoptr(GBytes) first = weights_by_batch(model, kind, set, "batch=256 lr=0");
    g_autoptr(GBytes) whole = weights_by_batch(model, kind, set, "batch=256");
    g_autoptr(GBytes) parts = weights_by_batch(model, kind, set, "batch=64 accumulate=4");
    g_autoptr(GBytes) again =
        weights_by_batch(model, kind, set, "batch=64 accumulate=4 loader.threads=3");
    g_assert_true(g_bytes_equal(parts, again));
    gsize n, n_parts;
    const float *start = g_bytes_get_data(first, NULL);
    const float *a = g_bytes_get_data(whole, &n), *b = g_bytes_get_data(parts, &n_parts);
    g_assert_cmpuint(n, ==, n_parts);
    double moved = 0, apart = 0;
    for (gsize e = 0; e < n / sizeof *a; e++) {
        moved = MAX(moved, fabs((double)a[e] - (double)start[e]));
        apart = MAX(apart, fabs((double)a[e] - (double)b[e]));
    }
    g_test_message("moved by %g, apart by %g", moved, apart);
    g_assert_cmpfloat(moved, >, 0.01);
    g_assert_cmpfloat(apart, <, 2e-4 * moved); // fp32 sums in another order, some twenty steps
}

// lr.per=sample and l2.per=sample: as long as steps are short, a batch moves the weights as its
// samples would one after the other, each with its own decay of what it names; the last batch is
// not full.
static void
batches_move_as_samples(void)
{
    const char *set = "loss=mse dim=4 optimizer=sgd lr=0.0001 l2=0.5 epochs=1 shuffle=none "
                      "lr.per=sample l2.per=sample";
    g_autoptr(GBytes) first = weights_by_batch("mf", "ratings", set, "epochs=0");
    g_autoptr(GBytes) one = weights_by_batch("mf", "ratings", set, "batch=1");
    g_autoptr(GBytes) many = weights_by_batch("mf", "ratings", set, "batch=19");
    g_autoptr(GBytes) parts = weights_by_batch("mf", "ratings", set, "batch=5 accumulate=4");
    gsize n;
    const float *start = g_bytes_get_data(first, &n), *a = g_bytes_get_data(one, NULL);
    const float *b = g_bytes_get_data(many, NULL), *c = g_bytes_get_data(parts, NULL);
    double moved = 0, apart_b = 0, apart_c = 0;
    for (gsize e = 0; e < n / sizeof *a; e++) {
        moved += pow((double)a[e] - (double)start[e], 2);
        apart_b += pow((double)a[e] - (double)b[e], 2);
        apart_c += pow((double)a[e] - (double)c[e], 2);
    }
    g_test_message("moved by %g, apart by %g and %g", sqrt(moved), sqrt(apart_b), sqrt(apart_c));
    // What is left is of second order: a batch's gradients don't see each other's steps of lr times
    // the loss's curvature of some 2, twenty times over.
    g_assert_cmpfloat(moved, >, 0);
    g_assert_cmpfloat(sqrt(apart_b), <, 0.01 * sqrt(moved));
    g_assert_cmpfloat(sqrt(apart_c), <, 0.01 * sqrt(moved));
}

// Ratings are no labels of choices: an event is 1 beside its negatives, whatever stars it has, and
// the loss that guessing costs is log 2.
static void
events_are_choices(void)
{
    static const char *const set[] = {"loss=bce", "samples=pointwise", "negatives=uniform",
                                      "lr=0",     "epochs=1",          NULL};
    Run run = start("mf", "ratings", "20000", 1, set);
    train(&run);
    g_assert_cmpfloat_with_epsilon(run.loss, G_LN2, 0.01); // first scores are near 0
    stop(&run);
}

// Any item of the batch may be the right one: 256 of them at first, far fewer in the end.
static void
items_of_a_batch_are_told_apart(void)
{
    static const char *const set[] = {"loss=in-batch", "epochs=4", "batch=256", "lr=0.01", NULL};
    Run run = start("two-tower", "sequence", "3000", 1, set);
    train(&run);
    g_assert_cmpfloat(run.loss, <, 0.95 * log(256));
    stop(&run);
}

static void
candidates_are_learned(gconstpointer loss)
{
    const char *const set[] = {loss,     "epochs=3",          "batch=256",     "lr=0.02",
                               "dim=16", "negatives=uniform", "negatives.n=8", NULL};
    Run run = start("mf", "sequence", "3000", 1, set);
    train(&run);
    // Guessing costs log 2 (bpr) or log 9 (one of nine).
    g_assert_cmpfloat(run.loss, <, strcmp(loss, "loss=bpr") == 0 ? 0.6 : 2.1);
    stop(&run);
}

static void
a_loss_that_explodes_is_traced(void)
{
    g_autoptr(GError) error = NULL;
    static const char *const set[] = {"loss=mse",  "optimizer=sgd", "lr=90",
                                      "batch=256", "epochs=40",     NULL};
    Run run = start("mf", "ratings", "20000", 1, set);
    RkTrainProgress progress;
    gboolean going = TRUE;
    for (int i = 0; going && i < 40; i++)
        going = rk_trainer_epoch(run.trainer, &progress, &error);
    g_assert_false(going);
    g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, "Stopped training at step"));
    stop(&run);
}

static void
what_does_not_go_together_is_said(void)
{
    g_autoptr(GError) error = NULL;
    Run run = {0};
    run.dataset = generated(&run.store, "ctr", "6000");
    const RkModel *model = rk_model_find("mf", NULL);
    run.settings = rk_train_settings_new(model);
    const RkTrainOptions options = {
        .device = device, .dataset = run.dataset, .model = model, .settings = run.settings};
    g_assert_null(rk_trainer_new(&options, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "a user field"));
    stop(&run);
}

// A setting that no model can be built from is an error of usage that says what to give.
static void
unbuildable_settings_are_refused(void)
{
    static const struct {
        const char *model, *kind, *setting, *says;
    } wrong[] = {
        {"neumf", "sequence", "layers=abc", "write widths with dashes, such as 128-64-1"},
        {"neumf", "sequence", "layers=64-0", "write widths with dashes, such as 128-64-1"},
        {"mlp", "ctr", "layers=8-4", "Set layers=8-4-1"},
        {"sasrec", "sequence", "heads=3", "Set heads to a divisor of dim"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        Run run = {.model = rk_model_find(wrong[i].model, NULL)};
        run.dataset = generated(&run.store, wrong[i].kind, "3000");
        run.split = rk_dataset_split(run.dataset, &error);
        run.settings = rk_train_settings_new(run.model);
        g_assert_true(rk_params_assign(run.settings->values, wrong[i].setting, &error));
        const RkTrainOptions options = {.device = device,
                                        .dataset = run.dataset,
                                        .split = run.split,
                                        .model = run.model,
                                        .settings = run.settings};
        g_assert_null(rk_trainer_new(&options, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
        g_assert_nonnull(strstr(error->message, wrong[i].says));
        stop(&run);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GError) error = NULL;
    device = rk_device_open(NULL, &error);
    g_assert_no_error(error);
    folder = g_dir_make_tmp("rankine-trainer-XXXXXX", &error);
    g_assert_no_error(error);
    g_test_add_func("/train/trainer/factors learn ratings", factors_learn_ratings);
    g_test_add_data_func("/train/trainer/deepfm learns clicks", "deepfm", clicks_are_learned);
    g_test_add_func("/train/trainer/the same seed gives the same bits", same_seed_same_bits);
    for (size_t i = 0; i < G_N_ELEMENTS(ACCUMULATED); i++) {
        g_autofree char *path =
            g_strdup_printf("/train/trainer/micro-batches make one step: %s", ACCUMULATED[i].path);
        g_test_add_data_func(path, GSIZE_TO_POINTER(i), micro_batches_make_one_step);
    }
    g_test_add_data_func("/train/trainer/bpr learns from candidates", "loss=bpr",
                         candidates_are_learned);
    g_test_add_data_func("/train/trainer/sampled softmax learns from candidates",
                         "loss=sampled-softmax", candidates_are_learned);
    g_test_add_func("/train/trainer/a batch moves as its samples one by one",
                    batches_move_as_samples);
    g_test_add_func("/train/trainer/events are choices beside negatives", events_are_choices);
    g_test_add_func("/train/trainer/items of a batch are told apart",
                    items_of_a_batch_are_told_apart);
    g_test_add_func("/train/trainer/a loss that explodes is traced",
                    a_loss_that_explodes_is_traced);
    g_test_add_func("/train/trainer/what doesn't go together is said",
                    what_does_not_go_together_is_said);
    g_test_add_func("/train/trainer/unbuildable settings are refused",
                    unbuildable_settings_are_refused);
    int failed = g_test_run();
    rk_device_close(device);
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", folder);
    if (!g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL))
        g_printerr("left %s\n", folder);
    g_free(folder);
    return failed;
}
