// SPDX-License-Identifier: GPL-3.0-or-later
#include "memory.h"

#include "base/rng.h"
#include "dataset/profile.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#define N_USERS  60u
#define N_ITEMS  80u
#define N_CITIES 30u

static uint32_t
sizes(void *data, const char *name)
{
    return strcmp(name, "user") == 0 ? N_USERS : strcmp(name, "item") == 0 ? N_ITEMS : N_CITIES;
}

static Memory *
events(uint32_t n, uint32_t seed)
{
    RkSchema *schema = rk_schema_new();
    RkTable *table = rk_schema_add_table(schema, "events", RK_TABLE_EVENTS);
    rk_table_add_field(table, "user", RK_FIELD_USER);
    rk_table_add_field(table, "item", RK_FIELD_ITEM);
    rk_table_add_field(table, "city", RK_FIELD_CATEGORICAL);
    rk_table_add_field(table, "age", RK_FIELD_NUMBER);
    rk_table_add_field(table, "time", RK_FIELD_TIMESTAMP);
    rk_table_add_field(table, "label", RK_FIELD_LABEL);
    Memory *memory = memory_new(schema);
    g_autoptr(RkChunk) chunk = rk_chunk_new(table, 0, 0, n);
    RkColumn *c = chunk->columns;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t r[6];
        for (uint32_t k = 0; k < 6; k++)
            r[k] = rk_rng_below(seed, k, i, 10000);
        c[0].code[i] = r[0] < 100 ? RK_CODE_MISSING : r[0] * (r[0] / 100) % (N_USERS - 5);
        c[1].code[i] = (uint32_t)((double)r[1] * r[1] / 1e8 * (N_ITEMS - 3));
        c[2].code[i] = r[2] < 700 ? RK_CODE_MISSING : r[2] % N_CITIES;
        c[3].real[i] = r[3] < 500 ? NAN : floor(r[3] / 37.0) + i / 50.0;
        c[4].time[i] = r[4] < 90 ? INT64_MIN : 1000 + i;
        c[5].real[i] = r[5] % 3 == 0;
    }
    memory_add(memory, chunk);
    return memory;
}

static RkProfile *
profile(Memory *memory, const RkSplit *split)
{
    g_autoptr(GError) error = NULL;
    RkProfile *p = rk_profile_new(&memory->source, split, sizes, NULL, NULL, &error);
    g_assert_no_error(error);
    return p;
}

static const RkFieldProfile *
field(const RkProfile *p, const char *name)
{
    for (guint i = 0; i < p->fields->len; i++)
        if (strcmp(((RkFieldProfile *)p->fields->pdata[i])->name, name) == 0)
            return p->fields->pdata[i];
    g_assert_not_reached();
}

// By the definition: mean absolute difference over twice the mean.
static double
gini(const uint32_t *count, uint32_t n, uint32_t *n_used)
{
    double difference = 0, sum = 0;
    *n_used = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += count[i];
        *n_used += count[i] > 0;
        for (uint32_t j = 0; j < n && count[i] > 0; j++)
            if (count[j] > 0)
                difference += fabs((double)count[i] - count[j]);
    }
    return difference / (2 * *n_used * sum);
}

static void
counts(void)
{
    for (uint32_t seed = 1; seed <= 4; seed++) {
        const uint32_t N = seed == 4 ? 70000 : 2000;
        g_autoptr(Memory) memory = events(N, seed);
        g_autoptr(RkProfile) p = profile(memory, NULL);
        const RkColumn *c = ((RkChunk *)memory->tables->pdata[0])->columns;
        uint32_t user[N_USERS] = {0}, item[N_ITEMS] = {0}, n_users = 0, n_items = 0;
        uint64_t missing[6] = {0}, positive = 0;
        double sum = 0, sum2 = 0, n_age = 0;
        for (uint32_t i = 0; i < N; i++) {
            if (c[0].code[i] != RK_CODE_MISSING)
                user[c[0].code[i]]++;
            item[c[1].code[i]]++;
            missing[0] += c[0].code[i] == RK_CODE_MISSING;
            missing[2] += c[2].code[i] == RK_CODE_MISSING;
            missing[3] += isnan(c[3].real[i]);
            missing[4] += c[4].time[i] == INT64_MIN;
            positive += c[5].real[i] == 1;
            if (!isnan(c[3].real[i])) {
                sum += c[3].real[i];
                n_age++;
            }
        }
        for (uint32_t i = 0; i < N; i++)
            if (!isnan(c[3].real[i]))
                sum2 += pow(c[3].real[i] - sum / n_age, 2);
        for (int k = 0; k < 6; k++)
            g_assert_cmpuint(((RkFieldProfile *)p->fields->pdata[k])->n_missing, ==, missing[k]);
        // 1e-9: sums of some thousand terms in another order.
        g_assert_cmpfloat_with_epsilon(p->gini_users, gini(user, N_USERS, &n_users), 1e-9);
        g_assert_cmpfloat_with_epsilon(p->gini_items, gini(item, N_ITEMS, &n_items), 1e-9);
        g_assert_cmpuint(p->n_users, ==, n_users);
        g_assert_cmpuint(p->n_items, ==, n_items);
        g_assert_cmpuint(field(p, "item")->cardinality, ==, n_items);
        g_assert_cmpfloat_with_epsilon(p->density, (double)N / (n_users * n_items), 1e-12);
        g_assert_cmpfloat_with_epsilon(p->positive_share, (double)positive / N, 1e-12);
        g_assert_cmpuint(p->n_label_values, ==, 2);
        g_assert_cmpuint(p->label_count[1], ==, positive);
        g_assert_cmpfloat_with_epsilon(field(p, "age")->mean, sum / n_age, 1e-9 * sum / n_age);
        g_assert_cmpfloat_with_epsilon(field(p, "age")->sd, sqrt(sum2 / (n_age - 1)), 1e-6);
        g_assert_cmpint(p->first, >=, 1000);
        g_assert_cmpint(p->last, <, 1000 + N);
        g_assert_true(isnan(p->cold_items[RK_PART_TEST]));
    }
}

static void
head_and_histories(void)
{
    RkSchema *schema = rk_schema_new();
    RkTable *table = rk_schema_add_table(schema, "events", RK_TABLE_EVENTS);
    rk_table_add_field(table, "user", RK_FIELD_USER);
    rk_table_add_field(table, "item", RK_FIELD_ITEM);
    g_autoptr(Memory) memory = memory_new(schema);
    // Items 0..9 with 1, 2, ..., 10 events; users 0..4 with 11 each.
    g_autoptr(RkChunk) chunk = rk_chunk_new(table, 0, 0, 55);
    for (uint32_t item = 0, i = 0; item < 10; item++)
        for (uint32_t k = 0; k <= item; k++, i++) {
            chunk->columns[0].code[i] = i % 5;
            chunk->columns[1].code[i] = item;
        }
    memory_add(memory, chunk);
    g_autoptr(RkProfile) p = profile(memory, NULL);
    g_assert_cmpfloat_with_epsilon(p->gini_items, 0.3, 1e-12); // (n - 1) / (3 n) for 1, 2, ..., n
    g_assert_cmpfloat_with_epsilon(p->gini_users, 0, 1e-12);
    g_assert_cmpfloat_with_epsilon(p->head_share[0], 10.0 / 55, 1e-12); // one item at least
    g_assert_cmpfloat_with_epsilon(p->head_share[1], 10.0 / 55, 1e-12);
    g_assert_cmpfloat_with_epsilon(p->head_share[2], 19.0 / 55, 1e-12);
    g_assert_cmpfloat(p->history_mean, ==, 11);
    g_assert_cmpfloat(p->history[4], ==, 11);
    g_autofree char *text = rk_profile_to_text(p);
    g_assert_nonnull(strstr(text, "Gini 0.300"));
}

// Kolmogorov-Smirnov and cold shares by counting.
static void
drift(void)
{
    const uint32_t N = 3000;
    g_autoptr(Memory) memory = events(N, 9);
    g_autofree uint8_t *part = g_malloc(N);
    for (uint32_t i = 0; i < N; i++)
        part[i] = i < 2000 ? RK_PART_TRAIN : i < 2500 ? RK_PART_VALID : RK_PART_TEST;
    g_autoptr(RkSplit) split = rk_split_new_parts("files", part, N);
    g_autoptr(RkProfile) p = profile(memory, split);
    const RkColumn *c = ((RkChunk *)memory->tables->pdata[0])->columns;
    double most = 0;
    for (uint32_t k = 0; k < N; k++) {
        double below[2] = {0}, n[2] = {0};
        for (uint32_t i = 0; i < N; i++)
            if (part[i] != RK_PART_VALID && !isnan(c[3].real[i])) {
                n[part[i] == RK_PART_TEST]++;
                below[part[i] == RK_PART_TEST] += c[3].real[i] <= c[3].real[k];
            }
        most = fmax(most, isnan(c[3].real[k]) ? 0 : fabs(below[0] / n[0] - below[1] / n[1]));
    }
    g_assert_cmpfloat_with_epsilon(field(p, "age")->ks[RK_PART_TEST], most, 1e-12);
    // Ages grow by one in 50 rows and spread over 270: two thirds of the way through, they have
    // moved; cities have not (the expected index of no drift is about bins / rows).
    g_assert_cmpfloat(field(p, "age")->psi[RK_PART_TEST], >, 0.05);
    g_assert_cmpfloat(field(p, "city")->psi[RK_PART_TEST], <, 0.15);
    g_assert_cmpfloat(field(p, "age")->psi[RK_PART_TEST], >, field(p, "age")->psi[RK_PART_VALID]);
    uint32_t trains[N_ITEMS] = {0}, cold = 0;
    for (uint32_t i = 0; i < 2000; i++)
        trains[c[1].code[i]]++;
    for (uint32_t i = 2500; i < N; i++)
        cold += trains[c[1].code[i]] == 0;
    g_assert_cmpfloat_with_epsilon(p->cold_items[RK_PART_TEST], cold / 500.0, 1e-12);
    g_autofree char *json = rk_profile_to_json(p);
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) root = json_from_string(json, &error);
    g_assert_no_error(error);
    JsonObject *splits = json_object_get_object_member(json_node_get_object(root), "splits");
    g_assert_cmpint(json_object_get_int_member(splits, "valid"), ==, 500);
    g_assert_cmpint(json_object_get_int_member(json_node_get_object(root), "rows"), ==, N);
}

// The index from its definition, on counts that are known.
static void
stability_index(void)
{
    RkSchema *schema = rk_schema_new();
    RkTable *table = rk_schema_add_table(schema, "events", RK_TABLE_EVENTS);
    rk_table_add_field(table, "city", RK_FIELD_CATEGORICAL);
    rk_table_add_field(table, "x", RK_FIELD_NUMBER);
    g_autoptr(Memory) memory = memory_new(schema);
    g_autoptr(RkChunk) chunk = rk_chunk_new(table, 0, 0, 2000);
    g_autofree uint8_t *part = g_malloc(2000);
    for (uint32_t i = 0; i < 2000;
         i++) { // train: 60 % city 0, 40 % city 1; test: 50, 30, 20 missing
        part[i] = i < 1000 ? RK_PART_TRAIN : RK_PART_TEST;
        uint32_t k = i % 1000;
        chunk->columns[0].code[i] = i < 1000  ? k >= 600
                                    : k < 500 ? 0
                                    : k < 800 ? 1
                                              : RK_CODE_MISSING;
        chunk->columns[1].real[i] = i < 1000 ? k : k * 2; // test: half beyond the last edge
    }
    memory_add(memory, chunk);
    g_autoptr(RkSplit) split = rk_split_new_parts("files", part, 2000);
    g_autoptr(RkProfile) p = profile(memory, split);
    double city = (0.5 - 0.6) * log(0.5 / 0.6) + (0.3 - 0.4) * log(0.3 / 0.4) +
                  (0.2 - 1e-4) * log(0.2 / 1e-4);
    // The rest (28 codes that don't occur) has a share of 0 on both sides.
    g_assert_cmpfloat_with_epsilon(field(p, "city")->psi[RK_PART_TEST], city, 1e-9);
    // Nine bins of 0.1 against 0.05, and the last, 0.1 against 0.55. One value in 1000 may fall on
    // the other side of an edge.
    double x = 9 * (0.05 - 0.1) * log(0.5) + (0.55 - 0.1) * log(5.5);
    g_assert_cmpfloat_with_epsilon(field(p, "x")->psi[RK_PART_TEST], x, 0.02);
    g_assert_cmpfloat_with_epsilon(field(p, "x")->ks[RK_PART_TEST], 0.5, 2e-3);
    g_assert_true(isnan(field(p, "x")->psi[RK_PART_VALID]));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dataset/profile/counts and moments are those of a recount", counts);
    g_test_add_func("/dataset/profile/head shares and Gini of a known distribution",
                    head_and_histories);
    g_test_add_func("/dataset/profile/distances and cold shares are those of a recount", drift);
    g_test_add_func("/dataset/profile/the stability index follows its definition", stability_index);
    return g_test_run();
}
