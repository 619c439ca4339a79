// SPDX-License-Identifier: GPL-3.0-or-later
#include "memory.h"

#include "base/json.h"
#include "dataset/synth.h"
#include "dataset/synth_sequence-private.h"

#include <math.h>
#include <string.h>

static RkSynth *
generate(const char *kind, const char *settings, uint64_t seed, uint64_t n_rows)
{
    g_autoptr(GError) error = NULL;
    const RkParam *table;
    size_t n;
    rk_synth_kind(kind, &table, &n, NULL, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(RkParams) params = rk_params_new(table, n);
    g_auto(GStrv) words = g_strsplit(settings, " ", -1);
    for (int i = 0; words[i] != NULL && *words[i] != '\0'; i++)
        rk_params_assign(params, words[i], &error);
    g_assert_no_error(error);
    RkSynth *synth = rk_synth_new(kind, params, seed, n_rows, &error);
    g_assert_no_error(error);
    return synth;
}

static Memory *
written(RkSynth *synth, uint32_t n_threads)
{
    g_autoptr(GError) error = NULL;
    Memory *memory = memory_new(rk_schema_copy(rk_synth_source(synth)->schema));
    rk_synth_write(synth, &memory->sink, n_threads, NULL, &error);
    g_assert_no_error(error);
    return memory;
}

static uint64_t
hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u; // FNV-1a, 64 bits
    return hash;
}

static uint64_t
hash_of(const Memory *memory)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (guint t = 0; t < memory->tables->len; t++) {
        const RkChunk *all = memory->tables->pdata[t];
        for (uint32_t c = 0; c < all->n_columns; c++) {
            const RkColumn *column = &all->columns[c];
            size_t n = column->n_rows;
            if (column->type == RK_COLUMN_CODES) {
                hash = hash_bytes(hash, column->offset, (n + 1) * 4);
                n = column->offset[n];
            }
            gboolean wide = column->type == RK_COLUMN_REAL || column->type == RK_COLUMN_TIME;
            hash = hash_bytes(hash, column->code, n * (wide ? 8 : 4));
        }
    }
    return hash;
}

// Computed once and written down: another machine, compiler or change that gives other bytes
// fails here. A deliberate change of the generated data changes them.
static const struct {
    const char *kind;
    uint64_t hash;
} BYTES[] = {{"ratings", 0xa886d5019bb048edu},
             {"ctr", 0x683339f50deaf65u},
             {"sequence", 0x953307e33300f1c8u},
             {"ranking", 0xa4f0d33cb63d3518u}};

static void
same_bytes(void)
{
    for (size_t k = 0; k < G_N_ELEMENTS(BYTES); k++) {
        g_autoptr(RkSynth) synth = generate(BYTES[k].kind, "", 42, 5000);
        g_autoptr(Memory) memory = written(synth, 1);
        g_test_message("%s %016" G_GINT64_MODIFIER "x", BYTES[k].kind, hash_of(memory));
        g_assert_cmphex(hash_of(memory), ==, BYTES[k].hash);
        g_autoptr(RkSynth) other = generate(BYTES[k].kind, "", 43, 5000);
        g_autoptr(Memory) changed = written(other, 1);
        g_assert_cmphex(hash_of(changed), !=, BYTES[k].hash);
    }
}

// However the rows are asked for, they are the same.
static void
any_order(void)
{
    for (int k = 0; rk_synth_kinds[k] != NULL; k++) {
        g_autoptr(RkSynth) synth = generate(rk_synth_kinds[k], "", 5, 140000);
        g_autoptr(Memory) one = written(synth, 1);
        g_autoptr(Memory) three = written(synth, 3);
        g_assert_cmphex(hash_of(one), ==, hash_of(three));
        RkChunkSource *source = rk_synth_source(synth);
        const RkTable *table = rk_schema_table(source->schema, 0);
        const RkChunk *all = one->tables->pdata[0];
        for (uint32_t c = 0; c < table->fields->len; c += 3) { // one column of the last chunk alone
            g_autofree gboolean *select = g_new0(gboolean, table->fields->len);
            if (rk_table_field(table, c)->kind == RK_FIELD_MULTI)
                continue;
            select[c] = TRUE;
            g_autoptr(RkChunk) chunk = source->read(source, 0, 2, select, NULL);
            g_assert_cmpuint(chunk->n_rows, ==, 140000 - 2 * RK_CHUNK_ROWS);
            g_assert_cmpuint(chunk->columns[c].n_rows, ==, chunk->n_rows);
            g_assert_cmpuint(chunk->columns[c == 0].n_rows, ==, 0);
            size_t bytes = chunk->columns[c].type == RK_COLUMN_CODE ? 4 : 8;
            g_assert_cmpmem(chunk->columns[c].code, chunk->n_rows * bytes,
                            (char *)all->columns[c].code + chunk->first_row * bytes,
                            chunk->n_rows * bytes);
        }
    }
}

static double
metric(RkSynth *synth, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *json = rk_synth_ceiling(synth, &error);
    g_autoptr(JsonNode) root = rk_json_parse(json, "the ceiling", &error);
    g_assert_no_error(error);
    JsonObject *metrics = NULL;
    double value = 0;
    rk_json_object(json_node_get_object(root), "metrics", &metrics, &error);
    g_assert_no_error(error);
    rk_json_real(metrics, name, &value, &error);
    g_assert_no_error(error);
    return value;
}

// ---- clicks --------------------------------------------------------------------------------

static void
clicks(void)
{
    const uint32_t N = 40000;
    g_autoptr(RkSynth) synth = generate("ctr", "rate=0.3", 7, N);
    g_autoptr(Memory) memory = written(synth, 2);
    const double *label = memory_column(memory, 0, "label")->real;
    const int64_t *time = memory_column(memory, 0, "timestamp")->time;
    double n_clicks = 0, n_missing = 0;
    for (uint32_t i = 0; i < N; i++) {
        g_assert_true(label[i] == 0 || label[i] == 1);
        n_clicks += label[i];
        g_assert_true(i == 0 || time[i] >= time[i - 1]);
        n_missing += memory_column(memory, 0, "C2")->code[i] == RK_CODE_MISSING;
    }
    g_assert_cmpfloat_with_epsilon(n_clicks / N, 0.3, 5 * sqrt(0.21 / N));
    g_assert_cmpfloat_with_epsilon(n_missing / N, 0.1, 5 * sqrt(0.09 / N));
    // Expected and observed differ by chance: the standard error of an AUC here is about 0.002.
    g_assert_cmpfloat_with_epsilon(metric(synth, "auc"), metric(synth, "auc_observed"), 0.01);
    g_assert_cmpfloat_with_epsilon(metric(synth, "logloss"), metric(synth, "logloss_observed"),
                                   0.015);
    g_assert_cmpfloat_with_epsilon(metric(synth, "rate"), 0.3, 0.01);
}

static void
click_ceiling_follows_settings(void)
{
    static const char *const HARDER[] = {"signal=4", "signal=2", "signal=1 noise=0.1",
                                         "signal=1 noise=0.2"};
    double before = 1;
    for (size_t i = 0; i < G_N_ELEMENTS(HARDER); i++) {
        g_autoptr(RkSynth) synth = generate("ctr", HARDER[i], 7, 20000);
        double auc = metric(synth, "auc");
        g_assert_cmpfloat(auc, <, before - 0.01);
        before = auc;
    }
    g_autoptr(RkSynth) none = generate("ctr", "signal=0", 7, 20000);
    g_assert_cmpfloat_with_epsilon(metric(none, "auc"), 0.5, 1e-9);
    // With no signal the loss is the entropy of the rate.
    double p = metric(none, "rate");
    g_assert_cmpfloat_with_epsilon(metric(none, "logloss"), -p * log(p) - (1 - p) * log(1 - p),
                                   1e-9);
    // Drift leaves something that only time explains.
    g_autoptr(RkSynth) moving = generate("ctr", "drift=1", 7, 20000);
    g_autofree char *json = rk_synth_ceiling(moving, NULL);
    g_autoptr(JsonNode) root = json_from_string(json, NULL);
    JsonObject *last = json_object_get_object_member(json_node_get_object(root), "last_tenth");
    g_assert_cmpfloat(json_object_get_double_member(last, "auc_static"), <,
                      json_object_get_double_member(last, "auc") - 0.005);
}

// ---- requests ------------------------------------------------------------------------------

static void
requests(void)
{
    const uint32_t N = 20000, LOOKUPS = 5, VALUES = 1000;
    g_autoptr(RkSynth) synth =
        generate("ranking", "tables=3 lookups=5 table.rows=1000 numbers=4 rate=0.5", 7, N);
    g_autoptr(Memory) memory = written(synth, 2);
    const RkColumn *table = memory_column(memory, 0, "table2");
    g_autofree uint32_t *count = g_new0(uint32_t, VALUES);
    double n_clicks = 0;
    for (uint32_t i = 0; i < N; i++) {
        g_assert_cmpuint(table->offset[i + 1] - table->offset[i], ==, LOOKUPS);
        for (uint32_t k = 0; k < LOOKUPS; k++) {
            g_assert_cmpuint(table->codes[i * LOOKUPS + k], <, VALUES);
            count[table->codes[i * LOOKUPS + k]]++;
        }
        n_clicks += memory_column(memory, 0, "label")->real[i];
    }
    uint32_t most = 0, n_seen = 0;
    for (uint32_t v = 0; v < VALUES; v++) {
        most = MAX(most, count[v]);
        n_seen += count[v] > 0;
    }
    // Zipf with exponent 1: the first of 1000 ranks has ln 2 / ln 1001 of all, 0.1003.
    g_assert_cmpfloat_with_epsilon((double)most / (N * LOOKUPS), 0.1003, 0.005);
    g_assert_cmpuint(n_seen, >, 990);
    g_assert_cmpfloat_with_epsilon(n_clicks / N, 0.5, 5 * sqrt(0.25 / N));
    g_assert_cmpfloat_with_epsilon(metric(synth, "auc"), metric(synth, "auc_observed"), 0.02);
    g_autoptr(RkSynth) none = generate("ranking", "signal=0", 7, 5000);
    g_assert_cmpfloat_with_epsilon(metric(none, "auc"), 0.5, 1e-9);
}

// ---- ratings ---------------------------------------------------------------------------------

static void
ratings(void)
{
    const uint32_t N = 60000;
    g_autoptr(RkSynth) synth = generate("ratings", "users=500 items=2000", 3, N);
    g_autoptr(Memory) memory = written(synth, 2);
    const uint32_t *user = memory_column(memory, 0, "user")->code;
    const uint32_t *item = memory_column(memory, 0, "item")->code;
    const double *rating = memory_column(memory, 0, "rating")->real;
    const int64_t *time = memory_column(memory, 0, "timestamp")->time;
    g_autofree uint8_t *pair = g_malloc0(500 * 2000);
    for (uint32_t i = 0; i < N; i++) {
        g_assert_true(rating[i] >= 0.5 && rating[i] <= 5 && rating[i] * 2 == floor(rating[i] * 2));
        g_assert_cmpuint(pair[user[i] * 2000 + item[i]]++, ==, 0); // an item once a user
        if (i > 0 && user[i] == user[i - 1])
            g_assert_cmpint(time[i], >=, time[i - 1]);
        else
            g_assert_cmpuint(user[i], ==, i > 0 ? user[i - 1] + 1 : 0);
    }
    g_assert_cmpuint(user[N - 1], ==, 499);
    const RkColumn *genres = memory_column(memory, 1, "genres");
    for (uint32_t i = 0; i < 2000; i++)
        g_assert_cmpuint(genres->offset[i], <, genres->offset[i + 1]);
    // The spread of a squared error over 60,000 rows is near 0.5 %.
    double best = metric(synth, "rmse");
    g_assert_cmpfloat_with_epsilon(metric(synth, "rmse_observed"), best, 0.02 * best);
    g_assert_cmpfloat(metric(synth, "rmse_of_constant"), >, 1.1 * best);
    g_autoptr(RkSynth) noisy = generate("ratings", "users=500 items=2000 noise=1.5", 3, N);
    g_assert_cmpfloat(metric(noisy, "rmse"), >, 1.2 * best);
    // With little noise a rating is in doubt near the edges between halves alone: there its
    // variance is 0.5^2 p (1 - p), whose mean over scores is 0.25 s / 0.5 for the logistic scale s,
    // so the error is sqrt(0.01 * 0.5513 / 2) = 0.0525, less where ratings are cut off at 0.5
    // and 5.
    g_autoptr(RkSynth) clear = generate("ratings", "users=500 items=2000 noise=0.01", 3, N);
    g_assert_cmpfloat_with_epsilon(metric(clear, "rmse"), 0.0525, 0.003);
}

// No constant, user mean or item mean predicts better than the ceiling says.
static void
nothing_beats_the_ceiling(void)
{
    const uint32_t N = 60000;
    g_autoptr(RkSynth) synth = generate("ratings", "users=500 items=2000", 3, N);
    g_autoptr(Memory) memory = written(synth, 2);
    const double *rating = memory_column(memory, 0, "rating")->real;
    double best = metric(synth, "rmse");
    for (int by = 0; by < 2; by++) {
        const uint32_t *code = memory_column(memory, 0, by ? "item" : "user")->code;
        g_autofree double *sum = g_new0(double, 2000), *n = g_new0(double, 2000);
        double squares = 0;
        for (uint32_t i = 0; i < N; i++) {
            sum[code[i]] += rating[i];
            n[code[i]]++;
        }
        for (uint32_t i = 0; i < N; i++)
            squares += pow(rating[i] - sum[code[i]] / n[code[i]], 2);
        g_assert_cmpfloat(sqrt(squares / N), >, best);
    }
}

// ---- sequences ---------------------------------------------------------------------------------

static void
sequences(void)
{
    const uint32_t N = 50000;
    g_autoptr(RkSynth) synth = generate("sequence", "users=2000 items=600", 4, N);
    g_autoptr(Memory) memory = written(synth, 2);
    const uint32_t *user = memory_column(memory, 0, "user")->code;
    const uint32_t *item = memory_column(memory, 0, "item")->code;
    g_autofree uint8_t *pair = g_malloc0(2000 * 600);
    for (uint32_t i = 0; i < N; i++)
        g_assert_cmpuint(pair[user[i] * 600 + item[i]]++, ==, 0);
    // Standard error of a hit rate over 2,000 users: 0.011.
    g_assert_cmpfloat_with_epsilon(metric(synth, "hr@10"), metric(synth, "hr@10_observed"), 0.05);
    g_assert_cmpfloat_with_epsilon(metric(synth, "ndcg@10"), metric(synth, "ndcg@10_observed"),
                                   0.04);
    g_autoptr(RkSynth) vague =
        generate("sequence", "users=2000 items=600 follow=0.1 interest=0.1", 4, N);
    g_assert_cmpfloat(metric(vague, "hr@10"), <, metric(synth, "hr@10") - 0.1);
}

// The chances of all items sum to one, and the best ten are those that a full search finds.
static void
oracle(void)
{
    static const char *const SETTINGS[] = {"items=700 users=300", "items=700 users=300 drift=0",
                                           "items=700 users=300 skew=0.3 drift=1 follow=0.2"};
    for (size_t k = 0; k < G_N_ELEMENTS(SETTINGS); k++) {
        g_autoptr(RkSynth) synth = generate("sequence", SETTINGS[k], 6, 10000);
        const RkSequence *m = synth->model;
        for (uint32_t user = 0; user < 300; user += 7) {
            RkSequenceState s = rk_sequence_state(synth, m, user);
            RkSeen seen;
            rk_seen_init(&seen, 10000);
            rk_sequence_walk(synth, &s, &seen, m->activity.first[user] + user % 5, NULL, NULL);
            s.t = 0.7;
            double p[700], sum = 0;
            for (uint32_t i = 0; i < 700; i++) {
                p[i] = rk_sequence_chance(synth, m, &s, i);
                sum += p[i];
            }
            g_assert_cmpfloat_with_epsilon(sum, 1, 1e-9);
            uint32_t item[RK_SEQUENCE_TOP];
            double chance[RK_SEQUENCE_TOP];
            g_assert_cmpuint(rk_sequence_best(synth, &s, &seen, item, chance), ==, RK_SEQUENCE_TOP);
            for (uint32_t r = 0; r < RK_SEQUENCE_TOP; r++) {
                uint32_t best = UINT32_MAX;
                for (uint32_t i = 0; i < 700; i++)
                    if (!rk_seen_has(&seen, i) && (best == UINT32_MAX || p[i] > p[best]))
                        best = i;
                g_assert_cmpfloat(chance[r], ==, p[best]);
                g_assert_cmpfloat(p[item[r]], ==, chance[r]);
                p[item[r]] = -1;
            }
            rk_seen_clear(&seen);
        }
    }
}

// ---- all ---------------------------------------------------------------------------------------

static void
popularity_is_zipf(void)
{
    RkPopularity p;
    const uint32_t N = 50, DRAWS = 200000;
    rk_popularity_init(&p, N, 1.1, 0.5, 8, 1);
    for (int late = 0; late <= 1; late++) {
        uint32_t count[50] = {0};
        for (uint32_t i = 0; i < DRAWS; i++) {
            RkDraw draw = rk_draw(8, 2 + (uint32_t)late, i);
            count[rk_popularity_draw(&p, late, &draw)]++;
        }
        double chi = 0, sum = 0;
        for (uint32_t i = 0; i < N; i++) {
            double expected = DRAWS * rk_popularity_weight(&p, i, late);
            chi += pow(count[i] - expected, 2) / expected;
            sum += expected;
        }
        g_assert_cmpfloat_with_epsilon(sum, DRAWS, 1e-6);
        g_assert_cmpfloat(chi, <, 49 + 5 * sqrt(2 * 49)); // five standard deviations
    }
    rk_popularity_clear(&p);
}

// What the last chunk of a hundred million rows costs doesn't depend on the rows before it.
static void
hundred_million_rows(void)
{
    for (int k = 0; rk_synth_kinds[k] != NULL; k++) {
        const char *kind = rk_synth_kinds[k];
        gboolean users = strcmp(kind, "ratings") == 0 || strcmp(kind, "sequence") == 0;
        g_autoptr(RkSynth) synth =
            generate(kind, users ? "users=200000 items=20000" : "", 1, 100000000);
        RkChunkSource *source = rk_synth_source(synth);
        uint32_t last = rk_n_chunks(source->n_rows(source, 0)) - 1;
        g_autoptr(RkChunk) chunk = source->read(source, 0, last, NULL, NULL);
        g_assert_cmpuint(chunk->first_row + chunk->n_rows, ==, 100000000);
    }
}

static void
refusals(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(rk_synth_kind("rating", NULL, NULL, NULL, NULL, &error));
    g_assert_nonnull(strstr(error->message, "Did you mean ratings?"));
    static const char *const ROWS[][3] = {
        {"ratings", "users=10 items=10", "*Raise users or items*"},
        {"sequence", "follow=0.8 interest=0.5", "*more than 1 together*"},
        {"ctr", "rate=0.1 noise=0.2", "*between noise and 1 - noise*"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        g_clear_error(&error);
        const RkParam *table;
        size_t n;
        rk_synth_kind(ROWS[i][0], &table, &n, NULL, NULL, NULL);
        g_autoptr(RkParams) params = rk_params_new(table, n);
        g_auto(GStrv) words = g_strsplit(ROWS[i][1], " ", -1);
        for (int w = 0; words[w] != NULL; w++)
            rk_params_assign(params, words[w], NULL);
        g_assert_null(rk_synth_new(ROWS[i][0], params, 1, 1000, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
        if (!g_pattern_match_simple(ROWS[i][2], error->message))
            g_error("%s", error->message);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dataset/synth/requests have their lookups", requests);
    g_test_add_func("/dataset/synth/a seed gives the bytes written here", same_bytes);
    g_test_add_func("/dataset/synth/threads, order and columns change nothing", any_order);
    g_test_add_func("/dataset/synth/clicks have their rate and the expected AUC", clicks);
    g_test_add_func("/dataset/synth/the click ceiling follows the settings",
                    click_ceiling_follows_settings);
    g_test_add_func("/dataset/synth/ratings are once a pair, in order, with the expected error",
                    ratings);
    g_test_add_func("/dataset/synth/means don't beat the ceiling", nothing_beats_the_ceiling);
    g_test_add_func("/dataset/synth/sequences don't repeat and hit as expected", sequences);
    g_test_add_func("/dataset/synth/the oracle finds what a full search finds", oracle);
    g_test_add_func("/dataset/synth/popularity follows Zipf's law and drifts", popularity_is_zipf);
    g_test_add_func("/dataset/synth/the end of a hundred million rows comes at once",
                    hundred_million_rows);
    g_test_add_func("/dataset/synth/settings that can't hold are refused", refusals);
    return g_test_run();
}
