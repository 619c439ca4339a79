// SPDX-License-Identifier: GPL-3.0-or-later
//
// Every step against a plain recount on random rows, the texts compared through the vocabularies,
// since codes are dealt anew.
#include "memory.h"

#include "base/rng.h"
#include "dataset/clean.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

enum { USER, ITEM, CITY, AGE, TIME, LABEL, TAGS, N_COLUMNS };

typedef struct {
    RkVocabularies *raw_words, *words;
    Memory *raw, *out;
    RkClean *clean;
    uint32_t n;
    char *text; // the JSON report
} Case;

static const RkVocabulary *
raw_vocabulary(void *data, const char *name, GError **error)
{
    return rk_vocabularies_get(data, name);
}

static RkVocabulary *
out_vocabulary(void *data, const char *name)
{
    return rk_vocabularies_get(data, name);
}

static uint32_t
code(RkVocabularies *words, const char *name, uint32_t i)
{
    char text[32];
    int n = g_snprintf(text, sizeof text, "%s-%u", name, i);
    return rk_vocabulary_intern(rk_vocabularies_get(words, name), text, (uint32_t)n);
}

static RkSchema *
schema(void)
{
    RkSchema *s = rk_schema_new();
    RkTable *t = rk_schema_add_table(s, "events", RK_TABLE_EVENTS);
    rk_table_add_field(t, "user", RK_FIELD_USER);
    rk_table_add_field(t, "item", RK_FIELD_ITEM);
    rk_table_add_field(t, "city", RK_FIELD_CATEGORICAL);
    rk_table_add_field(t, "age", RK_FIELD_NUMBER);
    rk_table_add_field(t, "time", RK_FIELD_TIMESTAMP);
    rk_table_add_field(t, "label", RK_FIELD_LABEL);
    rk_table_add_field(t, "tags", RK_FIELD_MULTI);
    RkTable *items = rk_schema_add_table(s, "items", RK_TABLE_ITEMS);
    rk_table_add_field(items, "item", RK_FIELD_ITEM);
    rk_table_add_field(items, "price", RK_FIELD_NUMBER);
    return s;
}

// Rows with a tenth of the cells missing; `offset` shifts the ages of every other row.
static void
fill_rows(Case *c, uint32_t seed, uint32_t n_users, uint32_t n_items)
{
    g_autoptr(RkChunk) chunk = rk_chunk_new(rk_schema_table(c->raw->schema, 0), 0, 0, c->n);
    RkColumn *column = chunk->columns;
    column[TAGS].codes = g_new(uint32_t, c->n * 3);
    for (uint32_t i = 0; i < c->n; i++) {
        uint32_t r[7];
        for (uint32_t k = 0; k < 7; k++)
            r[k] = rk_rng_below(seed, k, i, 10000);
        column[USER].code[i] = r[6] % 97 == 0
                                   ? RK_CODE_MISSING
                                   : code(c->raw_words, "user", r[0] * r[0] / 10000 % n_users);
        column[ITEM].code[i] = code(c->raw_words, "item", r[1] % n_items);
        column[CITY].code[i] =
            r[2] % 10 == 0 ? RK_CODE_MISSING
                           : code(c->raw_words, "events.city", (r[2] % 100) * (r[0] % 100) / 300);
        column[AGE].real[i] = r[3] % 10 == 0 ? NAN : floor(exp(r[3] / 2500.0));
        column[TIME].time[i] = r[4] % 40 == 0 ? INT64_MIN : r[4] % 50;
        column[LABEL].real[i] = r[5] % 60 == 0 ? NAN : 1 + r[5] % 5;
        column[TAGS].offset[i + 1] = column[TAGS].offset[i] + r[5] % 3;
        for (uint32_t k = 0; k < r[5] % 3; k++)
            column[TAGS].codes[column[TAGS].offset[i] + k] =
                code(c->raw_words, "events.tags", (r[2] + k * 31) % 40);
    }
    memory_add(c->raw, chunk);
    g_autoptr(RkChunk) items = rk_chunk_new(rk_schema_table(c->raw->schema, 1), 1, 0, n_items + 5);
    for (uint32_t i = 0; i < n_items + 5; i++) {
        items->columns[0].code[i] = code(c->raw_words, "item", i);
        items->columns[1].real[i] = i % 4 == 1 ? NAN : i;
    }
    memory_add(c->raw, items);
}

static RkParams *
settings(const RkParam *table, size_t n, const char *text, GError **error)
{
    RkParams *params = rk_params_new(table, n);
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (int i = 0; words[i] != NULL && *words[i] != '\0'; i++)
        g_assert_true(rk_params_assign(params, words[i], error));
    return params;
}

static void
run(Case *c, const char *clean_text, const char *split_text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkParams) clean = settings(rk_clean_params, rk_n_clean_params, clean_text, &error);
    g_autoptr(RkParams) split = settings(rk_split_params, rk_n_split_params, split_text, &error);
    g_assert_true(rk_clean_wanted(clean));
    RkCleanInput input = {.source = &c->raw->source,
                          .clean = clean,
                          .split = split,
                          .seed = 9,
                          .vocabulary = raw_vocabulary,
                          .data = c->raw_words};
    c->clean = rk_clean_plan(&input, &error);
    g_assert_no_error(error);
    c->words = rk_vocabularies_new();
    c->out = memory_new(rk_schema_copy(c->raw->schema));
    rk_clean_write(c->clean, &c->out->sink, out_vocabulary, c->words, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(rk_split_n_rows(rk_clean_split(c->clean)), ==, memory_n_rows(c->out, 0));
    g_assert_cmpuint(rk_clean_report(c->clean)->n_rows_out, ==, memory_n_rows(c->out, 0));
    c->text = rk_clean_to_json(c->clean);
    g_autoptr(JsonNode) root = json_from_string(c->text, &error);
    g_assert_no_error(error);
    g_autofree char *people = rk_clean_to_text(c->clean);
    g_assert_true(g_utf8_validate(people, -1, NULL));
}

static Case *
begin(uint32_t n, uint32_t seed, uint32_t n_users, uint32_t n_items)
{
    Case *c = g_new0(Case, 1);
    c->n = n;
    c->raw_words = rk_vocabularies_new();
    c->raw = memory_new(schema());
    fill_rows(c, seed, n_users, n_items);
    return c;
}

static void
end(Case *c)
{
    rk_clean_free(c->clean);
    memory_free(c->raw);
    memory_free(c->out);
    rk_vocabularies_free(c->raw_words);
    rk_vocabularies_free(c->words);
    g_free(c->text);
    g_free(c);
}

static const char *
word(RkVocabularies *words, const char *name, uint32_t at, char scratch[RK_VOCABULARY_SCRATCH])
{
    return at == RK_CODE_MISSING
               ? "(none)"
               : rk_vocabulary_text(rk_vocabularies_get(words, name), at, scratch, NULL);
}

static gboolean
same_code(const Case *c, const char *name, uint32_t raw, uint32_t out)
{
    char a[RK_VOCABULARY_SCRATCH], b[RK_VOCABULARY_SCRATCH];
    return strcmp(word(c->raw_words, name, raw, a), word(c->words, name, out, b)) == 0;
}

// The written events are the raw rows with keep[] set, in order, but for columns in `changed`.
static void
check_rows(const Case *c, const gboolean *keep, uint32_t changed)
{
    const RkChunk *raw = c->raw->tables->pdata[0], *out = c->out->tables->pdata[0];
    uint32_t to = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        if (!keep[i])
            continue;
        g_assert_cmpuint(to, <, out->n_rows);
        const RkColumn *a = raw->columns, *b = out->columns;
        g_assert_true(same_code(c, "user", a[USER].code[i], b[USER].code[to]));
        g_assert_true(same_code(c, "item", a[ITEM].code[i], b[ITEM].code[to]));
        if (!(changed & 1u << CITY))
            g_assert_true(same_code(c, "events.city", a[CITY].code[i], b[CITY].code[to]));
        if (!(changed & 1u << AGE))
            g_assert_cmpmem(&a[AGE].real[i], 8, &b[AGE].real[to], 8);
        if (!(changed & 1u << LABEL))
            g_assert_cmpmem(&a[LABEL].real[i], 8, &b[LABEL].real[to], 8);
        g_assert_cmpint(a[TIME].time[i], ==, b[TIME].time[to]);
        to++;
    }
    g_assert_cmpuint(to, ==, out->n_rows);
}

// ---- rows ----------------------------------------------------------------------------------

static void
duplicates(void)
{
    for (uint32_t seed = 1; seed <= 6; seed++) {
        gboolean last = seed % 2, big = seed == 6;
        Case *c = begin(big ? 70000 : 900, seed, big ? 300 : 12, big ? 200 : 9);
        run(c, last ? "clean.duplicates=last" : "clean.duplicates=first", "split=all");
        const RkColumn *col = ((RkChunk *)c->raw->tables->pdata[0])->columns;
        g_autofree gboolean *keep = g_new(gboolean, c->n);
        g_autoptr(GHashTable) best =
            g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
        for (uint32_t i = 0; i < c->n; i++) {
            keep[i] = col[USER].code[i] == RK_CODE_MISSING;
            if (keep[i])
                continue;
            gint64 pair = (gint64)col[USER].code[i] << 32 | col[ITEM].code[i];
            gpointer other = g_hash_table_lookup(best, &pair);
            uint32_t j = GPOINTER_TO_UINT(other) - 1;
            int64_t a = col[TIME].time[i], b = other ? col[TIME].time[j] : 0;
            if (other == NULL || (last ? a >= b : a < b)) {
                if (other != NULL)
                    keep[j] = FALSE;
                keep[i] = TRUE;
                g_hash_table_insert(best, g_memdup2(&pair, 8), GUINT_TO_POINTER(i + 1));
            }
        }
        check_rows(c, keep, 0);
        end(c);
    }
}

static void
equal_rows(void)
{
    Case *c = begin(500, 3, 20, 20);
    g_autoptr(RkChunk) again = rk_chunk_copy(c->raw->tables->pdata[0]);
    memory_add(c->raw, again); // every row once more
    c->n = 1000;
    run(c, "clean.duplicates=first clean.duplicates.by=row", "split=all");
    g_autofree gboolean *keep = g_new0(gboolean, 1000);
    for (uint32_t i = 0; i < 500; i++)
        keep[i] = TRUE;
    check_rows(c, keep, 0);
    g_assert_nonnull(strstr(c->text, "\"rows_removed\":500"));
    end(c);
}

static void
k_core(void)
{
    static const uint32_t LEAST[][2] = {{5, 5}, {8, 12}, {0, 25}, {11, 0}};
    for (uint32_t k = 0; k < G_N_ELEMENTS(LEAST); k++) {
        Case *c = begin(1500, 10 + k, 150, 60);
        g_autofree char *text =
            g_strdup_printf("clean.k-core.user=%u clean.k-core.item=%u", LEAST[k][0], LEAST[k][1]);
        run(c, text, "split=leave-last");
        const RkColumn *col = ((RkChunk *)c->raw->tables->pdata[0])->columns;
        g_autofree gboolean *keep = g_new(gboolean, c->n);
        for (uint32_t i = 0; i < c->n; i++)
            keep[i] = LEAST[k][0] == 0 || col[USER].code[i] != RK_CODE_MISSING;
        uint32_t items[100];
        for (gboolean again = TRUE; again;) { // one row at a time, to the fixed point
            again = FALSE;
            uint32_t users[200] = {0};
            memset(items, 0, sizeof items);
            for (uint32_t i = 0; i < c->n; i++)
                if (keep[i]) {
                    if (col[USER].code[i] != RK_CODE_MISSING)
                        users[col[USER].code[i]]++;
                    items[col[ITEM].code[i]]++;
                }
            for (uint32_t i = 0; i < c->n && !again; i++)
                if (keep[i] && ((LEAST[k][0] && users[col[USER].code[i]] < LEAST[k][0]) ||
                                items[col[ITEM].code[i]] < LEAST[k][1])) {
                    keep[i] = FALSE;
                    again = TRUE;
                }
        }
        check_rows(c, keep, 0);
        uint32_t n_items = 0;
        for (uint32_t i = 0; i < 100; i++)
            n_items += items[i] > 0;
        g_assert_cmpuint(rk_vocabulary_size(rk_vocabularies_get(c->words, "item")), ==, n_items);
        g_assert_cmpuint(rk_clean_report(c->clean)->n_items_out, ==, n_items);
        g_assert_cmpuint(memory_n_rows(c->out, 1), ==, n_items); // side rows of others are gone
        end(c);
    }
}

static void
labels(void)
{
    Case *c = begin(800, 21, 50, 50);
    run(c, "clean.label=positive clean.label.threshold=4", "split=all");
    const RkColumn *col = ((RkChunk *)c->raw->tables->pdata[0])->columns;
    g_autofree gboolean *keep = g_new(gboolean, c->n);
    for (uint32_t i = 0; i < c->n; i++)
        keep[i] = col[LABEL].real[i] >= 4;
    check_rows(c, keep, 1u << LABEL);
    for (uint32_t i = 0; i < memory_n_rows(c->out, 0); i++)
        g_assert_cmpfloat(memory_column(c->out, 0, "label")->real[i], ==, 1);
    end(c);

    c = begin(800, 21, 50, 50);
    run(c, "clean.label=binary clean.label.threshold=3", "split=all");
    col = ((RkChunk *)c->raw->tables->pdata[0])->columns;
    for (uint32_t i = 0; i < c->n; i++) {
        double raw = col[LABEL].real[i], out = memory_column(c->out, 0, "label")->real[i];
        g_assert_true(isnan(raw) ? isnan(out) : out == (raw >= 3));
    }
    end(c);
}

// ---- cells -----------------------------------------------------------------------------------

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// The ages of rows that `train`, sorted.
static double *
sorted_ages(const Case *c, const RkSplit *split, const gboolean *keep, uint32_t *n)
{
    const double *age = memory_column(c->raw, 0, "age")->real;
    double *ages = g_new(double, c->n);
    uint64_t to = 0;
    *n = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        if (keep != NULL && !keep[i])
            continue;
        if (rk_split_part(split, to++) == RK_PART_TRAIN && !isnan(age[i]))
            ages[(*n)++] = age[i];
    }
    qsort(ages, *n, sizeof *ages, compare);
    return ages;
}

static double
quantile(const double *sorted, uint32_t n, double q)
{
    double at = q * (n - 1);
    uint32_t i = (uint32_t)at;
    return i + 1 < n ? sorted[i] * (i + 1 - at) + sorted[i + 1] * (at - i) : sorted[n - 1];
}

static void
fills_from_training_rows(void)
{
    static const char *const WAYS[] = {"mean", "median", "most-frequent", "constant:-3.5"};
    for (uint32_t w = 0; w < 4; w++) {
        Case *c = begin(3000, 30 + w, 50, 50);
        g_autofree char *text = g_strdup_printf(
            "clean.missing.fields=age=%s,city=most-frequent,items.price=median", WAYS[w]);
        run(c, text, "split=temporal split.test=0.3");
        uint32_t n = 0;
        g_autofree double *ages = sorted_ages(c, rk_clean_split(c->clean), NULL, &n);
        double sum = 0, mode = 0, expected;
        uint32_t most = 0;
        for (uint32_t i = 0, same = 0; i < n; i++) {
            sum += ages[i];
            same = i > 0 && ages[i] == ages[i - 1] ? same + 1 : 1;
            if (same > most) {
                most = same;
                mode = ages[i];
            }
        }
        const double by_way[] = {sum / n, quantile(ages, n, 0.5), mode, -3.5};
        expected = by_way[w];
        const double *raw = memory_column(c->raw, 0, "age")->real,
                     *out = memory_column(c->out, 0, "age")->real;
        uint32_t city[40] = {0}, best = 0;
        const uint32_t *raw_city = memory_column(c->raw, 0, "city")->code,
                       *out_city = memory_column(c->out, 0, "city")->code;
        for (uint32_t i = 0; i < c->n; i++) {
            // The running mean rounds otherwise than a sum does.
            g_assert_cmpfloat_with_epsilon(out[i], isnan(raw[i]) ? expected : raw[i], 1e-9);
            if (raw_city[i] != RK_CODE_MISSING &&
                rk_split_part(rk_clean_split(c->clean), i) == RK_PART_TRAIN)
                city[raw_city[i]]++;
        }
        for (uint32_t k = 0; k < 40; k++)
            best = city[k] > city[best] ? k : best;
        for (uint32_t i = 0; i < c->n; i++)
            g_assert_true(same_code(c, "events.city",
                                    raw_city[i] == RK_CODE_MISSING ? best : raw_city[i],
                                    out_city[i]));
        const RkColumn *price = memory_column(c->out, 1, "price");
        g_assert_cmpfloat(price->real[1], ==, price->real[5]);
        g_assert_false(isnan(price->real[1]));
        end(c);
    }
}

// Whatever the rows outside the training part hold, what is fitted stays the same.
static void
fits_ignore_other_parts(void)
{
    double filled[2];
    for (int changed = 0; changed < 2; changed++) {
        Case *c = begin(3000, 40, 50, 50);
        const int64_t *time = memory_column(c->raw, 0, "time")->time;
        double *age = memory_column(c->raw, 0, "age")->real;
        for (uint32_t i = 0; i < c->n && changed; i++)
            if (time[i] >= 37 && !isnan(age[i]))
                age[i] = 1e6 + i;
        run(c, "clean.missing=mean clean.outliers=clip",
            "split=temporal split.test=0.3 split.valid=0");
        g_assert_cmpuint(rk_split_n(rk_clean_split(c->clean), RK_PART_TEST), >, 500);
        const double *out = memory_column(c->out, 0, "age")->real;
        for (uint32_t i = 0; i < c->n; i++)
            if (isnan(age[i]))
                filled[changed] = out[i];
        end(c);
    }
    g_assert_cmpfloat(filled[0], ==, filled[1]);
}

static void
outliers(void)
{
    static const char *const WAYS[] = {"clip", "missing", "drop"};
    for (uint32_t w = 0; w < 3; w++) {
        Case *c = begin(4000, 50, 50, 50);
        g_autofree char *text = g_strdup_printf(
            "clean.outliers=%s clean.outliers.low=0.1 clean.outliers.high=0.95", WAYS[w]);
        run(c, text, "split=temporal split.test=0.2");
        // Bounds from a plan that keeps all rows, so the parts are those that were fitted to.
        Case *d = begin(4000, 50, 50, 50);
        run(d, "clean.missing.fields=age=keep", "split=temporal split.test=0.2");
        uint32_t n = 0, n_dropped = 0;
        g_autofree double *ages = sorted_ages(d, rk_clean_split(d->clean), NULL, &n);
        double low = quantile(ages, n, 0.1), high = quantile(ages, n, 0.95);
        const double *raw = memory_column(c->raw, 0, "age")->real,
                     *out = memory_column(c->out, 0, "age")->real;
        g_autofree gboolean *keep = g_new(gboolean, c->n);
        for (uint32_t i = 0; i < c->n; i++) {
            gboolean outlier = raw[i] < low || raw[i] > high;
            keep[i] = w < 2 || !outlier;
            n_dropped += outlier;
            if (w == 0 && outlier)
                g_assert_cmpfloat_with_epsilon(out[i], raw[i] < low ? low : high, 1e-9);
            if (w == 1)
                g_assert_true(outlier || isnan(raw[i]) ? isnan(out[i]) : out[i] == raw[i]);
        }
        g_assert_cmpuint(n_dropped, >, 100);
        check_rows(c, keep, w < 2 ? 1u << AGE : 0);
        for (uint32_t i = 0, to = 0; i < c->n; i++) // rows keep their parts
            if (keep[i])
                g_assert_cmpint(rk_split_part(rk_clean_split(c->clean), to++), ==,
                                rk_split_part(rk_clean_split(d->clean), i));
        end(c);
        end(d);
    }
}

static void
drops_missing(void)
{
    Case *c = begin(2000, 60, 50, 50);
    run(c, "clean.missing=drop", "split=random");
    const RkColumn *col = ((RkChunk *)c->raw->tables->pdata[0])->columns;
    g_autofree gboolean *keep = g_new(gboolean, c->n);
    for (uint32_t i = 0; i < c->n; i++)
        keep[i] = col[USER].code[i] != RK_CODE_MISSING && col[CITY].code[i] != RK_CODE_MISSING &&
                  !isnan(col[AGE].real[i]) && col[TIME].time[i] != INT64_MIN &&
                  !isnan(col[LABEL].real[i]);
    check_rows(c, keep, 0);
    g_autoptr(GBytes) bytes = rk_split_to_bytes(rk_clean_split(c->clean));
    g_assert_null(bytes); // drawn anew, so it is still one line
    end(c);
}

static void
rare_categories(void)
{
    for (int hash = 0; hash < 2; hash++) {
        Case *c = begin(3000, 70, 50, 50);
        run(c,
            hash ? "clean.rare=hash clean.rare.min=40 clean.rare.buckets=3"
                 : "clean.rare=fold clean.rare.min=40",
            "split=temporal split.test=0.3");
        uint32_t n[40] = {0};
        const uint32_t *raw = memory_column(c->raw, 0, "city")->code,
                       *out = memory_column(c->out, 0, "city")->code;
        for (uint32_t i = 0; i < c->n; i++)
            if (raw[i] != RK_CODE_MISSING &&
                rk_split_part(rk_clean_split(c->clean), i) == RK_PART_TRAIN)
                n[raw[i]]++;
        uint32_t n_rare = 0, of[40];
        memset(of, 0xff, sizeof of);
        for (uint32_t i = 0; i < c->n; i++) {
            char scratch[RK_VOCABULARY_SCRATCH];
            if (raw[i] == RK_CODE_MISSING || n[raw[i]] >= 40) {
                g_assert_true(same_code(c, "events.city", raw[i], out[i]));
                continue;
            }
            n_rare++;
            const char *text = word(c->words, "events.city", out[i], scratch);
            g_assert_nonnull(strstr(hash ? "(rare 0)(rare 1)(rare 2)" : "(rare)", text));
            g_assert_true(of[raw[i]] == UINT32_MAX || of[raw[i]] == out[i]); // one bucket each
            of[raw[i]] = out[i];
        }
        g_assert_cmpuint(n_rare, >, 100);
        g_assert_cmpuint(rk_vocabulary_size(rk_vocabularies_get(c->words, "events.city")), <, 40);
        end(c);
    }
}

static void
refusals(void)
{
    static const char *const ROWS[][2] = {
        {"clean.missing.fields=aeg=mean", "*There are: user, item, city, age*"},
        {"clean.missing.fields=city=mean", "*categorical*city*mean*"},
        {"clean.missing.fields=age=constant:x", "*constant*x*"},
        {"clean.missing.fields=labl=mean", "*Did you mean label?*"},
        {"clean.missing.fields=age", "*FIELD=median*"},
        {"clean.outliers=clip clean.outliers.fields=city", "*another kind*"},
        {"clean.outliers=clip clean.outliers.low=0.9 clean.outliers.high=0.1", "*must be below*"},
        {"clean.k-core.user=100000", "*none of 200 rows is left after k-core*"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        g_autoptr(GError) error = NULL;
        Case *c = begin(200, 80, 20, 20);
        g_autoptr(RkParams) clean =
            settings(rk_clean_params, rk_n_clean_params, ROWS[i][0], &error);
        g_autoptr(RkParams) split = rk_params_new(rk_split_params, rk_n_split_params);
        RkCleanInput input = {&c->raw->source, clean,        split, NULL, 1,
                              raw_vocabulary,  c->raw_words, NULL};
        g_assert_null(rk_clean_plan(&input, &error));
        g_assert_nonnull(error);
        if (!g_pattern_match_simple(ROWS[i][1], error->message))
            g_error("%s: %s", ROWS[i][0], error->message);
        memory_free(c->raw);
        rk_vocabularies_free(c->raw_words);
        g_free(c);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dataset/clean/of duplicates the first or last in time stays", duplicates);
    g_test_add_func("/dataset/clean/rows that equal another in all columns go", equal_rows);
    g_test_add_func("/dataset/clean/k-core reaches the fixed point of removing one by one", k_core);
    g_test_add_func("/dataset/clean/labels are cut at the threshold", labels);
    g_test_add_func("/dataset/clean/missing cells are filled from the training rows",
                    fills_from_training_rows);
    g_test_add_func("/dataset/clean/rows outside the training part change no fit",
                    fits_ignore_other_parts);
    g_test_add_func("/dataset/clean/outliers are outside the quantiles of the training rows",
                    outliers);
    g_test_add_func("/dataset/clean/rows with missing cells are dropped", drops_missing);
    g_test_add_func("/dataset/clean/rare categories are folded or hashed", rare_categories);
    g_test_add_func("/dataset/clean/wrong settings are refused with a remedy", refusals);
    return g_test_run();
}
