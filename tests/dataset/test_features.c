// SPDX-License-Identifier: GPL-3.0-or-later
#include "loader_rig.h"

#include "base/rng.h"
#include "store/parts.h"

#include <math.h>
#include <string.h>

enum { N = 4000, N_USERS = 40, N_ITEMS = 25 };
enum { USER, ITEM, LABEL, TIME, PRICE };

// Events at times with many ties in no order, with a skewed number; users with an age.
static Memory *
events(uint64_t seed)
{
    RkSchema *schema = rk_schema_new();
    RkTable *table = rk_schema_add_table(schema, "events", RK_TABLE_EVENTS);
    rk_table_add_field(table, "user", RK_FIELD_USER);
    rk_table_add_field(table, "item", RK_FIELD_ITEM);
    rk_table_add_field(table, "click", RK_FIELD_LABEL);
    rk_table_add_field(table, "time", RK_FIELD_TIMESTAMP);
    rk_table_add_field(table, "price", RK_FIELD_NUMBER);
    RkTable *users = rk_schema_add_table(schema, "users", RK_TABLE_USERS);
    rk_table_add_field(users, "user", RK_FIELD_USER);
    rk_table_add_field(users, "age", RK_FIELD_NUMBER);
    Memory *memory = memory_new(schema);
    g_autoptr(RkChunk) rows = rk_chunk_new(table, 0, 0, N);
    for (uint32_t i = 0; i < N; i++) {
        rows->columns[USER].code[i] = rk_rng_below(seed, 1, i, N_USERS);
        rows->columns[ITEM].code[i] =
            rk_rng_below(seed, 2, i, 50) == 0 ? RK_CODE_MISSING : rk_rng_below(seed, 3, i, N_ITEMS);
        rows->columns[LABEL].real[i] = rk_rng_below(seed, 4, i, 3) == 0;
        rows->columns[TIME].time[i] =
            rk_rng_below(seed, 5, i, 100) == 0 ? INT64_MIN : rk_rng_below(seed, 6, i, 500);
        rows->columns[PRICE].real[i] =
            rk_rng_below(seed, 7, i, 20) == 0 ? NAN : exp(3 * rk_rng_double(seed, 8, i)) - 2;
    }
    memory_add(memory, rows);
    g_autoptr(RkChunk) ages = rk_chunk_new(users, 1, 0, N_USERS + 10);
    for (uint32_t i = 0; i < N_USERS + 10; i++) { // the last ten never occur
        ages->columns[0].code[i] = i;
        ages->columns[1].real[i] = i < N_USERS ? 20 + i : 1e6;
    }
    memory_add(memory, ages);
    return memory;
}

static RkSplit *
split_of(Memory *memory, const char *settings)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkParams) params = rig_set(rk_split_params, rk_n_split_params, settings);
    RkSplit *split = rk_split_build(&memory->source, params, 9, N_USERS, NULL, &error);
    g_assert_no_error(error);
    return split;
}

static RkFeatures *
fitted(Memory *memory, const RkSplit *split, const char *settings)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) words = g_strsplit(settings, " ", -1);
    RkFeatures *features =
        rk_features_fit(&memory->source, split, (const char *const *)words, NULL, &error);
    g_assert_no_error(error);
    return features;
}

static float
real_of(const RkFeatures *features, uint32_t table, const char *name, double value)
{
    const RkFeature *f = rk_features_find(features, table, name);
    g_assert_nonnull(f);
    return rk_feature_apply(f, (RkCellValue){.real = value}).real;
}

// ---- scales ------------------------------------------------------------------------------------

static void
scales(void)
{
    g_autoptr(Memory) memory = events(1);
    g_autoptr(RkSplit) split = split_of(memory, "split=random");
    const double *price = memory_column(memory, 0, "price")->real;
    static const char *const KINDS[] = {"standard", "minmax", "log", "quantile"};
    for (size_t k = 0; k < G_N_ELEMENTS(KINDS); k++) {
        g_autofree char *settings = g_strdup_printf("price.scale=%s", KINDS[k]);
        g_autoptr(RkFeatures) features = fitted(memory, split, settings);
        double sum = 0, squares = 0, low = 1e9, high = -1e9, n = 0;
        float before = -INFINITY;
        for (uint32_t row = 0; row < N; row++) {
            if (rk_split_part(split, row) != RK_PART_TRAIN || isnan(price[row]))
                continue;
            double value = (double)real_of(features, 0, "price", price[row]);
            sum += value;
            squares += value * value;
            low = MIN(low, value);
            high = MAX(high, value);
            n++;
        }
        for (double x = -10; x < 40; x += 0.01) { // never falls, inside the range and beyond
            float value = real_of(features, 0, "price", x);
            g_assert_cmpfloat(value, >=, before);
            before = value;
        }
        gboolean is_share = k % 2 == 1;
        float missing = real_of(features, 0, "price", NAN);
        if (is_share) {
            g_assert_cmpfloat(low, ==, 0);
            g_assert_cmpfloat(high, ==, 1);
        } else { // floats summed: a few 1e-7 each
            g_assert_cmpfloat_with_epsilon(sum / n, 0, 1e-5);
            g_assert_cmpfloat_with_epsilon(squares / n, 1, 1e-5);
        }
        if (k == 3) { // knots at every hundredth: within one of them
            g_assert_cmpfloat_with_epsilon(sum / n, 0.5, 0.01);
            g_assert_cmpfloat_with_epsilon(squares / n, 1.0 / 3, 0.01);
        }
        g_assert_cmpfloat_with_epsilon((double)missing, k == 3 ? 0.5 : sum / n, 1e-5);
    }
}

static void
buckets(void)
{
    g_autoptr(Memory) memory = events(2);
    g_autoptr(RkFeatures) features = fitted(memory, NULL, "price.scale=bucket features.buckets=10");
    const RkFeature *f = rk_features_find(features, 0, "price");
    const double *price = memory_column(memory, 0, "price")->real;
    g_assert_cmpuint(rk_feature_info(f).n_codes, ==, 11);
    uint32_t count[11] = {0};
    for (uint32_t row = 0; row < N; row++)
        count[rk_feature_apply(f, (RkCellValue){.real = price[row]}).code]++;
    for (uint32_t i = 0; i < 10; i++) // equal but for rounding at the edges
        g_assert_cmpuint(ABS((int)count[i] - (int)(N - count[10]) / 10), <=, 2);
    g_assert_cmpuint(rk_feature_apply(f, (RkCellValue){.real = -1e300}).code, ==, 0);
    g_assert_cmpuint(rk_feature_apply(f, (RkCellValue){.real = 1e300}).code, ==, 9);
    // A number with three values has three buckets at most, however many are asked for.
    double *age = (double *)memory_column(memory, 1, "age")->real;
    for (uint32_t i = 0; i < N_USERS + 10; i++)
        age[i] = i % 3;
    g_autoptr(RkFeatures) few = fitted(memory, NULL, "users.age.scale=bucket");
    const RkFeature *g = rk_features_find(few, 1, "age");
    g_assert_cmpuint(rk_feature_info(g).n_codes, <=, 4);
    g_assert_cmpuint(rk_feature_apply(g, (RkCellValue){.real = 0}).code, <,
                     rk_feature_apply(g, (RkCellValue){.real = 2}).code);
}

static void
times(void)
{
    static const struct {
        int64_t time;
        uint32_t hour, weekday;
    } ROWS[] = {{0, 0, 3},           // Thursday, 1970-01-01
                {1260759144, 2, 0},  // Monday, 2009-12-14 02:52:24
                {1709251199, 23, 3}, // Thursday, 2024-02-29 23:59:59
                {-1, 23, 2},         // Wednesday, 1969-12-31
                {INT64_MIN, 24, 7}};
    g_autoptr(Memory) memory = events(3);
    g_autoptr(RkFeatures) features = fitted(memory, NULL, "time.time=hour+weekday");
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        RkCellValue cell = {.time = ROWS[i].time};
        g_assert_cmpuint(rk_feature_apply(rk_features_find(features, 0, "time.hour"), cell).code,
                         ==, ROWS[i].hour);
        g_assert_cmpuint(rk_feature_apply(rk_features_find(features, 0, "time.weekday"), cell).code,
                         ==, ROWS[i].weekday);
    }
    g_autoptr(RkFeatures) hour = fitted(memory, NULL, "time.time=hour");
    g_assert_null(rk_features_find(hour, 0, "time.weekday"));
}

// ---- no leak -----------------------------------------------------------------------------------

// What other parts hold changes nothing that is fitted; what the training part holds does.
static void
fitted_on_training_alone(void)
{
    static const char *const SPLITS[] = {"split=random", "split=temporal", "split=leave-last-two"};
    static const char SETTINGS[] =
        "price.scale=quantile item.past=count+rate users.age.scale=minmax";
    for (size_t s = 0; s < G_N_ELEMENTS(SPLITS); s++) {
        g_autoptr(Memory) memory = events(10 + s);
        g_autoptr(RkSplit) split = split_of(memory, SPLITS[s]);
        g_autoptr(RkFeatures) before = fitted(memory, split, SETTINGS);
        double *price = (double *)memory_column(memory, 0, "price")->real;
        double *label = (double *)memory_column(memory, 0, "click")->real;
        uint32_t *item = (uint32_t *)memory_column(memory, 0, "item")->code;
        uint32_t *user = (uint32_t *)memory_column(memory, 0, "user")->code;
        for (uint32_t row = 0; row < N; row++)
            if (rk_split_part(split, row) != RK_PART_TRAIN) {
                price[row] = 1e9;
                label[row] = 1;
                item[row] = 7;
                user[row] = N_USERS + 3; // of an age that never trains
            }
        g_autoptr(RkFeatures) after = fitted(memory, split, SETTINGS);
        g_autofree char *json = rk_features_to_json(before), *again = rk_features_to_json(after);
        g_assert_cmpstr(json, ==, again);
        g_autoptr(GBytes) bytes = rk_features_to_bytes(before);
        g_autoptr(GBytes) more = rk_features_to_bytes(after);
        g_assert_true(g_bytes_equal(bytes, more));
        g_assert_cmpfloat(real_of(before, 1, "age", 59), ==, 1); // not 1e6
        for (uint32_t row = 0; row < N; row++)
            if (rk_split_part(split, row) == RK_PART_TRAIN)
                price[row] = 1e9;
        g_autoptr(RkFeatures) other = fitted(memory, split, SETTINGS);
        g_autofree char *changed = rk_features_to_json(other);
        g_assert_cmpstr(json, !=, changed);
    }
}

static float *
past_of(Memory *memory, const RkSplit *split, const RkFeatures *features, const char *name)
{
    g_autoptr(GError) error = NULL;
    float *values =
        rk_feature_past(rk_features_find(features, 0, name), &memory->source, split, &error);
    g_assert_no_error(error);
    return values;
}

// Against counting all pairs of rows.
static void
past_is_the_past(void)
{
    g_autoptr(Memory) memory = events(20);
    g_autoptr(RkSplit) split = split_of(memory, "split=random split.test=0.3");
    g_autoptr(RkFeatures) features =
        fitted(memory, split, "item.past=count+rate features.smoothing=5");
    g_autofree float *count = past_of(memory, split, features, "item.count");
    g_autofree float *rate = past_of(memory, split, features, "item.rate");
    const uint32_t *item = memory_column(memory, 0, "item")->code;
    const int64_t *time = memory_column(memory, 0, "time")->time;
    const double *label = memory_column(memory, 0, "click")->real;
    double prior = 0, n_prior = 0;
    for (uint32_t row = 0; row < N; row++)
        if (rk_split_part(split, row) == RK_PART_TRAIN && item[row] != RK_CODE_MISSING) {
            prior += label[row];
            n_prior++;
        }
    prior /= n_prior;
    for (uint32_t row = 0; row < N; row += 3) {
        double n = 0, sum = 0;
        for (uint32_t k = 0; k < N; k++)
            if (rk_split_part(split, k) == RK_PART_TRAIN && item[k] == item[row] &&
                item[row] != RK_CODE_MISSING && time[k] != INT64_MIN && time[k] < time[row]) {
                n++;
                sum += label[k];
            }
        g_assert_cmpfloat_with_epsilon((double)count[row], log1p(n), 1e-5); // floats
        g_assert_cmpfloat_with_epsilon((double)rate[row], (sum + 5 * prior) / (n + 5), 1e-6);
    }
}

// Whatever happens from some second on, what was seen up to it stays.
static void
future_changes_nothing(void)
{
    g_autoptr(Memory) memory = events(21);
    uint32_t *item = (uint32_t *)memory_column(memory, 0, "item")->code;
    double *label = (double *)memory_column(memory, 0, "click")->real;
    const int64_t *time = memory_column(memory, 0, "time")->time;
    g_autoptr(RkSplit) split = split_of(memory, "split=random");
    g_autoptr(RkFeatures) features = fitted(memory, split, "item.past=count+rate");
    g_autofree float *count = past_of(memory, split, features, "item.count");
    g_autofree float *rate = past_of(memory, split, features, "item.rate");
    const int64_t now = 250;
    for (uint32_t row = 0; row < N; row++)
        if (time[row] >= now) {
            item[row] = row % 3;
            label[row] = 1 - label[row];
        }
    g_autofree float *count_after = past_of(memory, split, features, "item.count");
    g_autofree float *rate_after = past_of(memory, split, features, "item.rate");
    uint32_t n = 0;
    for (uint32_t row = 0; row < N; row++) {
        if (time[row] >= now)
            continue;
        g_assert_cmpfloat(count[row], ==, count_after[row]);
        g_assert_cmpfloat(rate[row], ==, rate_after[row]);
        n++;
    }
    g_assert_cmpuint(n, >, N / 3);
    // At serving, the whole training part is the past.
    RkFeatureValue last =
        rk_feature_apply(rk_features_find(features, 0, "item.count"), (RkCellValue){.code = 4});
    for (uint32_t row = 0; row < N; row++)
        if (item[row] == 4)
            g_assert_cmpfloat(count[row], <=, last.real);
}

// ---- stored and served -------------------------------------------------------------------------

static uint32_t
vocabulary_size(void *data, const char *name)
{
    return strcmp(name, "user") == 0 ? N_USERS : N_ITEMS;
}

// Sample i of a batch of row, price and hour, beside what its raw row gives.
static void
check_served(const Memory *memory, const RkFeatures *features, const Rig *rig, const RkBatch *batch,
             uint32_t i)
{
    uint32_t row = ((uint32_t *)rig_column(rig, batch, 0))[i], n_found = 0;
    RkCellValue cells[5];
    const RkChunk *all = memory->tables->pdata[0];
    for (uint32_t c = 0; c < 5; c++)
        cells[c] = rk_column_cell(&all->columns[c], row);
    g_autofree RkFeatureValue *values = g_new0(RkFeatureValue, rk_features_n(features));
    rk_features_apply_row(features, 0, cells, values);
    for (uint32_t f = 0; f < rk_features_n(features); f++) {
        RkFeatureInfo info = rk_features_info(features, f);
        int column = info.table != 0                       ? 0
                     : strcmp(info.name, "price") == 0     ? 1
                     : strcmp(info.name, "time.hour") == 0 ? 2
                                                           : 0;
        if (column == 0)
            continue;
        g_assert_cmphex(values[f].code, ==, ((uint32_t *)rig_column(rig, batch, column))[i]);
        n_found++;
    }
    g_assert_cmpuint(n_found, >, 0);
}

static void
serving_matches_training(void)
{
    static const char *const NAMES[] = {"price", "time.hour"};
    static const RkBatchColumn COLUMNS[] = {
        {.name = "row", .kind = RK_BATCH_ROW},
        {.name = "price", .kind = RK_BATCH_NUMBER, .field = "price"},
        {.name = "hour", .kind = RK_BATCH_CODE, .field = "time.hour"},
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(Memory) memory = events(30);
    g_autoptr(RkSplit) split = split_of(memory, "split=temporal");
    g_autoptr(RkFeatures) features =
        fitted(memory, split, "price.scale=log users.age.scale=quantile user.past=rate");
    g_autofree char *json = rk_features_to_json(features);
    g_autoptr(GBytes) bytes = rk_features_to_bytes(features);
    g_autoptr(RkFeatures) read = rk_features_from_json(memory->source.schema, json, bytes, &error);
    g_assert_no_error(error);
    g_autofree char *again = rk_features_to_json(read);
    g_assert_cmpstr(json, ==, again);
    RkFrameOptions options = {.source = &memory->source,
                              .split = split,
                              .vocabulary_size = vocabulary_size,
                              .fields = NAMES,
                              .n_fields = G_N_ELEMENTS(NAMES),
                              .features = features,
                              .positive_from = -INFINITY};
    g_autoptr(RkFrame) frame = rk_frame_new(&options, &error);
    g_assert_no_error(error);
    g_autoptr(Rig) rig = rig_new(&(RigOptions){.frame = frame,
                                               .parts = 1u << RK_PART_TEST,
                                               .columns = COLUMNS,
                                               .n_columns = G_N_ELEMENTS(COLUMNS),
                                               .n_epochs = 1},
                                 NULL);
    RkBatch batch;
    while (rig_next(rig, &batch)) {
        for (uint32_t i = 0; i < batch.n; i++)
            check_served(memory, read, rig, &batch, i);
        rk_loader_release(rig->loader, batch.slot);
    }
    const char *const BROKEN[] = {
        "{}", "[1]", "{\"features\": [3]}",
        "{\"features\": [{\"table\": 9, \"field\": 0, \"kind\": \"log\"}]}",
        "{\"features\": [{\"table\": 0, \"field\": 0, \"kind\": \"x\"}]}"};
    for (size_t i = 0; i < G_N_ELEMENTS(BROKEN); i++) {
        g_autoptr(GError) failure = NULL;
        g_assert_null(rk_features_from_json(memory->source.schema, BROKEN[i], NULL, &failure));
        g_assert_error(failure, RK_ERROR, RK_ERROR_DATA);
    }
    g_assert_null(rk_features_from_json(memory->source.schema, json, NULL, &error)); // no totals
    g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
}

static void
kept_with_the_dataset(void)
{
    static const char *const SETTINGS[] = {"price.scale=bucket", "user.past=count", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(Memory) memory = events(31);
    g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, &error);
    g_assert_no_error(error);
    g_autoptr(RkDatasetWriter) writer =
        rk_dataset_writer_new(store, "clicks", memory->source.schema, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(RkVocabulary) users = rk_vocabulary_new_range("u", 1, N_USERS + 10);
    g_autoptr(RkVocabulary) items = rk_vocabulary_new_range("i", 1, N_ITEMS);
    rk_dataset_writer_set_vocabulary(writer, "user", users);
    rk_dataset_writer_set_vocabulary(writer, "item", items);
    for (uint32_t t = 0; t < 2; t++) {
        g_autoptr(RkChunk) chunk = memory->source.read(&memory->source, t, 0, NULL, NULL);
        RkChunkSink *sink = rk_dataset_writer_chunks(writer);
        g_assert_true(sink->chunk(sink, chunk, &error));
    }
    g_autoptr(RkSplit) split = split_of(memory, "split=leave-last");
    g_assert_true(rk_dataset_writer_set_split(writer, split, &error));
    g_assert_true(rk_dataset_writer_commit(writer, &error));
    g_autoptr(RkDataset) dataset = rk_dataset_open(store, "clicks", &error);
    g_assert_null(rk_dataset_features(dataset, &error));
    g_assert_no_error(error);
    g_autoptr(RkFeatures) needed = rk_dataset_need_features(dataset, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(rk_feature_info(rk_features_find(needed, 0, "price")).kind, ==, "standard");
    g_autoptr(RkFeatures) chosen = rk_dataset_fit_features(dataset, SETTINGS, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(RkFeatures) kept = rk_dataset_need_features(dataset, NULL, &error);
    g_assert_no_error(error);
    g_autofree char *a = rk_features_to_json(chosen), *b = rk_features_to_json(kept);
    g_assert_cmpstr(a, ==, b);
    g_autoptr(GBytes) x = rk_features_to_bytes(chosen);
    g_autoptr(GBytes) y = rk_features_to_bytes(kept);
    g_assert_true(g_bytes_equal(x, y));
}

static void
refusals(void)
{
    static const char *const ROWS[][2] = {
        {"price.scale=lg", "*choices are none|standard*"},
        {"prise.scale=log", "*no field prise*"},
        {"user.scale=log", "*no such property*"},
        {"price.past=count", "*no such property*"},
        {"features.scal=log", "*Did you mean features.scale*"},
        {"users.user.past=count", "*only fields of the events*"},
        {"time.time=day", "*choices are none|hour*"},
        {"features.buckets=1", "*features.buckets*"},
    };
    g_autoptr(Memory) memory = events(40);
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        const char *const settings[] = {ROWS[i][0], NULL};
        g_autoptr(GError) error = NULL;
        g_assert_true(rk_features_is_setting(ROWS[i][0]));
        g_assert_false(rk_features_check(memory->source.schema, settings, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
        if (!g_pattern_match_simple(ROWS[i][1], error->message))
            g_error("%s", error->message);
        g_clear_error(&error);
        g_assert_null(rk_features_fit(&memory->source, NULL, settings, NULL, &error));
    }
    g_assert_false(rk_features_is_setting("price.kind=number"));
    g_assert_false(rk_features_is_setting("split=random"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dataset/features/scales give what they say and never fall", scales);
    g_test_add_func("/dataset/features/buckets are equally full", buckets);
    g_test_add_func("/dataset/features/hours and weekdays are those of the calendar", times);
    g_test_add_func("/dataset/features/only the training part is fitted on",
                    fitted_on_training_alone);
    g_test_add_func("/dataset/features/counts and rates are of earlier training events",
                    past_is_the_past);
    g_test_add_func("/dataset/features/the future changes nothing before it",
                    future_changes_nothing);
    g_test_add_func("/dataset/features/a raw row gets the values it was trained with",
                    serving_matches_training);
    g_test_add_func("/dataset/features/they are kept with the dataset", kept_with_the_dataset);
    g_test_add_func("/dataset/features/settings that don't fit are refused", refusals);
    return g_test_run();
}
