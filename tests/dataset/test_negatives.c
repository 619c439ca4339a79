// SPDX-License-Identifier: GPL-3.0-or-later
#include "batch_rig.h"

#include <math.h>
#include <string.h>

// Negatives of many batches of one user each, counted by item.
static void
count_draws(const Rig *rig, const char *settings, const RkHistory *history, uint32_t user,
            uint32_t n_draws, uint32_t *count)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkParams) params = rig_params(rk_negative_params, rk_n_negative_params, settings);
    g_autoptr(RkNegatives) negatives = rk_negatives_new(params, &rig->memory->source, rig->split,
                                                        history, rig->n_items, 31, &error);
    g_assert_no_error(error);
    uint32_t n = rk_negatives_count(negatives), item = UINT32_MAX - 1;
    g_autofree uint32_t *drawn = g_new(uint32_t, n);
    for (uint32_t i = 0; i < n_draws / n; i++) {
        const RkNegativeRows rows = {1, i, 1, &user, &item};
        g_assert_true(rk_negatives_draw(negatives, &rows, drawn, &error));
        for (uint32_t k = 0; k < n; k++)
            count[drawn[k]]++;
    }
}

// Within five standard deviations of the chi-square distribution with `n` cells; the seed is fixed.
static void
check_chi_square(const uint32_t *count, const double *expected, uint32_t n)
{
    double chi = 0, cells = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (expected[i] <= 0) {
            g_assert_cmpuint(count[i], ==, 0);
            continue;
        }
        chi += pow(count[i] - expected[i], 2) / expected[i];
        cells++;
    }
    g_assert_cmpfloat(chi, <, cells - 1 + 5 * sqrt(2 * (cells - 1)));
    g_assert_cmpfloat(chi, >, cells - 1 - 5 * sqrt(2 * (cells - 1)));
}

static void
distributions(void)
{
    enum { DRAWS = 300000, ITEMS = 400 };
    g_autoptr(Rig) rig = rig_new("ratings", "users=60 items=400", "split=random", 3000);
    g_autoptr(RkHistory) history =
        rk_history_new(&rig->memory->source, rig->split, RK_PART_TRAIN, rig->n_users, NULL);
    double popular[ITEMS] = {0}, sum = 0, left = 0;
    const uint32_t *item = memory_column(rig->memory, 0, "item")->code;
    for (uint32_t row = 0; row < 3000; row++)
        popular[item[row]] += rk_split_part(rig->split, row) == RK_PART_TRAIN;
    for (uint32_t i = 0; i < ITEMS; i++) {
        popular[i] = pow(popular[i], 0.5);
        sum += popular[i];
    }
    uint32_t count[4][ITEMS] = {{0}};
    double expected[ITEMS];
    count_draws(rig, "negatives=uniform negatives.exclude-seen=false", NULL, 3, DRAWS, count[0]);
    for (uint32_t i = 0; i < ITEMS; i++)
        expected[i] = (double)DRAWS / ITEMS;
    check_chi_square(count[0], expected, ITEMS);
    count_draws(rig, "negatives=popularity negatives.power=0.5", NULL, 3, DRAWS, count[1]);
    for (uint32_t i = 0; i < ITEMS; i++)
        expected[i] = DRAWS * popular[i] / sum;
    check_chi_square(count[1], expected, ITEMS);
    // Seen items are left out; the others keep their proportions.
    count_draws(rig, "negatives=popularity negatives.power=0.5", history, 3, DRAWS, count[2]);
    for (uint32_t i = 0; i < ITEMS; i++)
        left += rk_history_has(history, 3, i) ? 0 : popular[i];
    for (uint32_t i = 0; i < ITEMS; i++)
        expected[i] = rk_history_has(history, 3, i) ? 0 : DRAWS * popular[i] / left;
    check_chi_square(count[2], expected, ITEMS);
    g_assert_cmpfloat(left, <, sum);
}

static void
in_batch(void)
{
    g_autoptr(Rig) rig = rig_new("ratings", "users=60 items=400", "split=random", 3000);
    g_autoptr(RkParams) params = rig_params(rk_negative_params, rk_n_negative_params,
                                            "negatives=in-batch negatives.count=6");
    g_autoptr(RkHistory) history =
        rk_history_new(&rig->memory->source, rig->split, RK_PART_TRAIN, rig->n_users, NULL);
    g_autoptr(RkNegatives) negatives =
        rk_negatives_new(params, &rig->memory->source, rig->split, history, 400, 1, NULL);
    uint32_t user[64], item[64], drawn[64 * 6];
    memcpy(user, memory_column(rig->memory, 0, "user")->code + 500, sizeof user);
    memcpy(item, memory_column(rig->memory, 0, "item")->code + 500, sizeof item);
    const RkNegativeRows rows = {0, 0, 64, user, item};
    // Users' rows stand together, so that most of the batch is refused for each.
    g_assert_true(rk_negatives_draw(negatives, &rows, drawn, NULL));
    uint32_t n_of_batch = 0;
    for (uint32_t i = 0; i < 64 * 6; i++) {
        g_assert_cmpuint(drawn[i], !=, item[i / 6]);
        g_assert_false(rk_history_has(history, user[i / 6], drawn[i]));
        for (uint32_t r = 0; r < 64; r++)
            if (item[r] == drawn[i]) {
                n_of_batch++;
                break;
            }
    }
    g_assert_cmpuint(n_of_batch, >, 64 * 6 / 4);
}

// Two users, five items, negatives of a file.
static Memory *
small(gboolean with_lists)
{
    RkSchema *schema = rk_schema_new();
    RkTable *events = rk_schema_add_table(schema, "events", RK_TABLE_EVENTS);
    rk_table_add_field(events, "user", RK_FIELD_USER);
    rk_table_add_field(events, "item", RK_FIELD_ITEM);
    RkTable *table = rk_schema_add_table(schema, "negatives", RK_TABLE_OTHER);
    rk_table_add_field(table, "user", RK_FIELD_USER);
    rk_table_add_field(table, "item", RK_FIELD_ITEM);
    RkField *lists = rk_table_add_field(table, "negatives", RK_FIELD_MULTI);
    g_free(lists->vocabulary);
    lists->vocabulary = g_strdup(with_lists ? "item" : "other");
    Memory *memory = memory_new(schema);
    g_autoptr(RkChunk) rows = rk_chunk_new(events, 0, 0, 6);
    static const uint32_t USER[] = {0, 0, 0, 0, 0, 1}, ITEM[] = {0, 1, 2, 3, 4, 2};
    memcpy(rows->columns[0].code, USER, sizeof USER);
    memcpy(rows->columns[1].code, ITEM, sizeof ITEM);
    memory_add(memory, rows);
    g_autoptr(RkChunk) given = rk_chunk_new(table, 1, 0, 2);
    static const uint32_t LIST_USER[] = {1, 0}, LIST_ITEM[] = {2, 4}, CODES[] = {4, 3, 0, 1, 2};
    memcpy(given->columns[0].code, LIST_USER, sizeof LIST_USER);
    memcpy(given->columns[1].code, LIST_ITEM, sizeof LIST_ITEM);
    given->columns[2].codes = g_memdup2(CODES, sizeof CODES);
    given->columns[2].offset[1] = 3;
    given->columns[2].offset[2] = 5;
    memory_add(memory, given);
    return memory;
}

static void
from_a_file(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Memory) memory = small(TRUE);
    g_autoptr(RkParams) params =
        rig_params(rk_negative_params, rk_n_negative_params, "negatives=file negatives.count=2");
    g_autoptr(RkNegatives) negatives =
        rk_negatives_new(params, &memory->source, NULL, NULL, 5, 1, &error);
    g_assert_no_error(error);
    static const uint32_t USER[] = {0, 1}, ITEM[] = {4, 2};
    uint32_t drawn[4];
    RkNegativeRows rows = {0, 0, 2, USER, ITEM};
    g_assert_true(rk_negatives_draw(negatives, &rows, drawn, &error));
    static const uint32_t EXPECTED[] = {1, 2, 4, 3};
    g_assert_cmpmem(drawn, sizeof drawn, EXPECTED, sizeof EXPECTED);
    rows.item = USER; // a pair that the file doesn't have
    g_assert_false(rk_negatives_draw(negatives, &rows, drawn, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
    g_clear_error(&error);
    g_autoptr(Memory) without = small(FALSE);
    g_assert_null(rk_negatives_new(params, &without->source, NULL, NULL, 5, 1, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
}

// A user who has everything ends the loader with an error that says who; one who has all but one
// item gets that one.
static void
nothing_left(void)
{
    g_autoptr(Memory) memory = small(TRUE);
    g_autoptr(RkParams) params =
        rig_params(rk_negative_params, rk_n_negative_params, "negatives=uniform negatives.count=1");
    const RkBatchPart part = {.name = "negatives", .kind = RK_BATCH_NEGATIVES};
    RkBatchOptions options = {.batch = 6, .negatives = params, .n_users = 2, .n_items = 6};
    g_autoptr(RkBatcher) enough = rk_batcher_new(&memory->source, &part, 1, &options, NULL);
    g_autoptr(RkBatchScratch) scratch = rk_batch_scratch_new(enough);
    uint32_t drawn[6], n_rows;
    void *slot[] = {drawn};
    g_assert_true(rk_batcher_fill(enough, scratch, 0, 0, slot, &n_rows, NULL));
    for (uint32_t i = 0; i < 5; i++)
        g_assert_cmpuint(drawn[i], ==, 5);
    options.n_items = 5;
    g_autoptr(RkBatcher) batcher = rk_batcher_new(&memory->source, &part, 1, &options, NULL);
    const RkLoaderOptions how = {2, 1, 0, 1};
    g_autoptr(RkLoader) loader = rk_loader_new(batcher, slot, &how);
    RkBatch batch;
    g_autoptr(GError) error = NULL;
    g_assert_false(rk_loader_next(loader, &batch, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
    g_assert_nonnull(strstr(error->message, "code 0 of user"));
}

// ---- imbalance ---------------------------------------------------------------------------------

enum { N = 5000 };

static RkBalance *
balanced(const char *settings, const float *label, GError **error)
{
    g_autoptr(RkParams) params = rig_params(rk_balance_params, rk_n_balance_params, settings);
    return rk_balance_new(params, label, N, 8, error);
}

static void
make_labels(float *label)
{
    for (uint32_t i = 0; i < N; i++)
        label[i] = i % 10 == 3 && i % 20 == 3 ? 1 : 0; // 250 positives
}

static void
resampling(void)
{
    float label[N];
    make_labels(label);
    static const struct {
        const char *settings;
        uint32_t n[2], least[2], most[2]; // rows of a class in an epoch, times of one row
    } ROWS[] = {
        {"balance=undersample", {250, 250}, {0, 1}, {1, 1}},
        {"balance=undersample balance.ratio=4", {1000, 250}, {0, 1}, {1, 1}},
        {"balance=oversample", {4750, 4750}, {1, 19}, {1, 19}},
        {"balance=oversample balance.ratio=3", {4750, 1583}, {1, 6}, {1, 7}},
        {"balance=none", {4750, 250}, {1, 1}, {1, 1}},
    };
    for (size_t k = 0; k < G_N_ELEMENTS(ROWS); k++) {
        g_autoptr(RkBalance) balance = balanced(ROWS[k].settings, label, NULL);
        g_assert_cmpuint(rk_balance_n_rows(balance), ==, ROWS[k].n[0] + ROWS[k].n[1]);
        uint32_t times[2][N] = {{0}}, n_changed = 0;
        for (uint32_t epoch = 0; epoch < 2; epoch++) {
            uint32_t n[2] = {0};
            for (uint64_t i = 0; i < rk_balance_n_rows(balance); i++) {
                uint32_t row = rk_balance_row(balance, epoch, i, TRUE);
                times[epoch][row]++;
                n[label[row] > 0]++;
            }
            g_assert_cmpmem(n, sizeof n, ROWS[k].n, sizeof n);
        }
        for (uint32_t row = 0; row < N; row++) {
            int c = label[row] > 0;
            g_assert_cmpuint(times[0][row], >=, ROWS[k].least[c]);
            g_assert_cmpuint(times[0][row], <=, ROWS[k].most[c]);
            n_changed += times[0][row] != times[1][row];
        }
        g_assert_cmpint(n_changed > 0, ==, ROWS[k].least[0] == 0 || ROWS[k].least[1] == 6);
    }
}

static void
class_weights(void)
{
    float label[N];
    make_labels(label);
    g_autoptr(RkBalance) balance = balanced("balance=weights", label, NULL);
    g_assert_cmpfloat_with_epsilon(rk_balance_weight(balance, 1), 5000.0 / (2 * 250), 1e-5);
    double sum[2] = {0};
    for (uint32_t i = 0; i < N; i++)
        sum[label[i] > 0] += (double)rk_balance_weight(balance, label[i]);
    g_assert_cmpfloat_with_epsilon(sum[0], N / 2.0, 1e-2); // float weights, 4750 summed
    g_assert_cmpfloat_with_epsilon(sum[1], N / 2.0, 1e-2);
    g_autoptr(GError) error = NULL;
    g_assert_null(balanced("balance=oversample balance.threshold=2", label, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
    g_clear_error(&error);
    g_assert_null(balanced("balance=weights", NULL, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dataset/negatives/draws follow their distribution, seen items left out",
                    distributions);
    g_test_add_func("/dataset/negatives/in-batch ones are items of the other rows", in_batch);
    g_test_add_func("/dataset/negatives/a file's are taken as they are", from_a_file);
    g_test_add_func("/dataset/negatives/a user who has everything is an error", nothing_left);
    g_test_add_func("/dataset/balance/sampling gives the classes their shares", resampling);
    g_test_add_func("/dataset/balance/class weights even out the classes", class_weights);
    return g_test_run();
}
