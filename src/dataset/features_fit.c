// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which features the settings ask for, and what the training part says about them.
#include "dataset/features-private.h"

#include "dataset/streams.h"

#include <math.h>
#include <string.h>

const RkParam rk_feature_params[] = {
    {"features.scale", RK_PARAM_CHOICE, 0, 0, "standard", NULL,
     "none|standard|minmax|log|quantile|bucket", "How numbers are scaled unless FIELD.scale says"},
    {"features.time", RK_PARAM_CHOICE, 0, 0, "hour+weekday", NULL, "none|hour|weekday|hour+weekday",
     "What is read of timestamps unless FIELD.time says"},
    {"features.buckets", RK_PARAM_INT, 2, 65536, "32", "buckets", NULL,
     "Ranges of a number scaled by bucket"},
    {"features.smoothing", RK_PARAM_REAL, 0, 1e9, "20", "events", NULL,
     "Events at the mean label that a rate of the past starts with"},
};
const size_t rk_n_feature_params = G_N_ELEMENTS(rk_feature_params);

#define KIND(k) (1u << RK_FIELD_##k)

static const struct {
    const char *name, *choices;
    uint32_t kinds;      // of fields it suits
    const char *initial; // the setting that has the default; NULL for none
    const char *help;
} PROPERTIES[] = {
    {"scale", "none|standard|minmax|log|quantile|bucket", KIND(NUMBER), "features.scale",
     "how a number is scaled"},
    {"time", "none|hour|weekday|hour+weekday", KIND(TIMESTAMP), "features.time",
     "what is read of a timestamp"},
    {"past", "none|count|rate|count+rate", KIND(USER) | KIND(ITEM) | KIND(CATEGORICAL), NULL,
     "training events before the row's time with the same user, item or category, and their mean "
     "label"},
};

// FIELD.property=value.
typedef struct {
    int table, field;
    size_t property;
    char *value;
} Choice;

typedef struct {
    const RkSchema *schema;
    RkChunkSource *source; // NULL when settings are only checked
    const RkSplit *split;
    const RkPassProgress *progress;
    RkParams *params;
    GArray *choices; // of Choice
    RkFeatures *features;
    RkFeatureFit *fits; // [n_fits], of each feature
    guint n_fits;
    uint8_t *part;
    GByteArray *seen[2];   // by code: users, items that training events name
    uint32_t table;        // of the pass
    int user, item, label; // columns of the events
} Fit;

// ---- settings ----------------------------------------------------------------------------------

static gssize
find_property(const char *assignment, size_t *key_length)
{
    const char *equals = strchr(assignment, '=');
    if (equals == NULL)
        return -1;
    const char *dot = g_strrstr_len(assignment, equals - assignment, ".");
    for (size_t i = 0; dot != NULL && i < G_N_ELEMENTS(PROPERTIES); i++)
        if ((size_t)(equals - dot - 1) == strlen(PROPERTIES[i].name) &&
            strncmp(dot + 1, PROPERTIES[i].name, (size_t)(equals - dot - 1)) == 0) {
            *key_length = (size_t)(dot - assignment);
            return (gssize)i;
        }
    return -1;
}

gboolean
rk_features_is_setting(const char *assignment)
{
    size_t n;
    return g_str_has_prefix(assignment, "features.") || find_property(assignment, &n) >= 0;
}

// "FIELD" of the events or any other table, or "TABLE.FIELD".
static gboolean
find_field(const RkSchema *schema, const char *key, Choice *choice)
{
    for (guint t = 0; t < schema->tables->len; t++) {
        const RkTable *table = rk_schema_table(schema, t);
        size_t n = strlen(table->name);
        choice->table = (int)t;
        choice->field = -1;
        if (strncmp(key, table->name, n) == 0 && key[n] == '.')
            choice->field = rk_table_find(table, key + n + 1);
        if (choice->field < 0)
            choice->field = rk_table_find(table, key);
        if (choice->field >= 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean
check_choice(const Fit *fit, const Choice *choice, const char *assignment, GError **error)
{
    const RkTable *table = rk_schema_table(fit->schema, (uint32_t)choice->table);
    RkFieldKind kind = rk_table_field(table, (uint32_t)choice->field)->kind;
    g_auto(GStrv) words = g_strsplit(PROPERTIES[choice->property].choices, "|", -1);
    const char *cause = NULL;
    if (!(PROPERTIES[choice->property].kinds >> kind & 1))
        cause = "the field's kind has no such property";
    else if (!g_strv_contains((const char *const *)words, choice->value))
        cause = PROPERTIES[choice->property].choices;
    else if (strcmp(PROPERTIES[choice->property].name, "past") == 0 && choice->table != 0)
        cause = "only fields of the events have a past";
    else if (strstr(choice->value, "rate") != NULL && fit->label < 0)
        cause = "there is no label to take the rate of";
    if (cause == NULL)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't set %s: %s%s. The field is a %s; see rankine dataset --help.", assignment,
                cause == PROPERTIES[choice->property].choices ? "the choices are " : "", cause,
                rk_field_kind_name(kind));
    return FALSE;
}

static gboolean
read_setting(Fit *fit, const char *assignment, GError **error)
{
    size_t n = 0;
    if (g_str_has_prefix(assignment, "features."))
        return rk_params_assign(fit->params, assignment, error);
    gssize property = find_property(assignment, &n);
    if (property < 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't set %s: write it as FIELD.scale, FIELD.time or FIELD.past=value.",
                    assignment);
        return FALSE;
    }
    Choice choice = {.property = (size_t)property};
    g_autofree char *key = g_strndup(assignment, n);
    if (!find_field(fit->schema, key, &choice)) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't set %s: the dataset has no field %s. See rankine dataset NAME.",
                    assignment, key);
        return FALSE;
    }
    choice.value = g_strdup(strchr(assignment, '=') + 1);
    g_array_append_val(fit->choices, choice); // a later one wins
    return check_choice(fit, &choice, assignment, error);
}

static const char *
chosen(const Fit *fit, uint32_t table, uint32_t field, size_t property)
{
    const char *initial = PROPERTIES[property].initial;
    const char *value = initial != NULL ? rk_params_text(fit->params, initial) : "none";
    for (guint i = 0; i < fit->choices->len; i++) {
        const Choice *choice = &g_array_index(fit->choices, Choice, i);
        if (choice->table == (int)table && choice->field == (int)field &&
            choice->property == property)
            value = choice->value;
    }
    return value;
}

static void
add_features(Fit *fit)
{
    const RkSchema *schema = fit->schema;
    for (guint t = 0; t < schema->tables->len; t++) {
        const RkTable *table = rk_schema_table(schema, t);
        for (guint f = 0; f < table->fields->len; f++)
            for (size_t p = 0; p < G_N_ELEMENTS(PROPERTIES); p++) {
                if (!(PROPERTIES[p].kinds >> rk_table_field(table, f)->kind & 1))
                    continue;
                g_auto(GStrv) kinds = g_strsplit(chosen(fit, t, f, p), "+", -1);
                for (char **kind = kinds; *kind != NULL; kind++)
                    if (strcmp(*kind, "none") != 0)
                        rk_features_add(fit->features, schema, t, f, rk_feature_kind(*kind));
            }
    }
}

// ---- passes ------------------------------------------------------------------------------------

static void
add_value(const RkFeature *feature, RkFeatureFit *fit, double value)
{
    if (isnan(value))
        return;
    if (feature->kind->before != NULL)
        value = feature->kind->before(value);
    fit->n++;
    double difference = value - fit->mean;
    fit->mean += difference / (double)fit->n;
    fit->squares += difference * (value - fit->mean);
    fit->min = MIN(fit->min, value);
    fit->max = MAX(fit->max, value);
    if (fit->sample.capacity > 0)
        rk_reservoir_add(&fit->sample, value);
}

static void
add_event(RkFeature *feature, uint32_t code, double label)
{
    if (code == RK_CODE_MISSING)
        return;
    if (code >= feature->n_totals) {
        uint32_t n = MAX(code + 1, feature->n_totals * 2);
        feature->totals = g_renew(RkFeatureTotal, feature->totals, n);
        memset(feature->totals + feature->n_totals, 0,
               (n - feature->n_totals) * sizeof(RkFeatureTotal));
        feature->n_totals = n;
    }
    feature->totals[code].n++;
    feature->totals[code].labels += isnan(label) ? 0 : label;
}

static void
mark(GByteArray *seen, uint32_t code)
{
    if (code == RK_CODE_MISSING)
        return;
    if (code >= seen->len) {
        guint before = seen->len;
        g_byte_array_set_size(seen, MAX(code + 1, before * 2));
        memset(seen->data + before, 0, seen->len - before);
    }
    seen->data[code] = 1;
}

// Which rows of a chunk the fit sees.
static void
choose_rows(const Fit *fit, const RkChunk *chunk)
{
    const RkTable *table = rk_schema_table(fit->schema, fit->table);
    if (fit->table == 0) {
        if (fit->split != NULL)
            rk_split_parts(fit->split, chunk->first_row, chunk->n_rows, fit->part);
        else
            memset(fit->part, RK_PART_TRAIN, chunk->n_rows);
        return;
    }
    int which = table->role == RK_TABLE_USERS ? 0 : table->role == RK_TABLE_ITEMS ? 1 : -1;
    int key = which >= 0 ? rk_table_find_kind(table, which ? RK_FIELD_ITEM : RK_FIELD_USER) : -1;
    gboolean known = key >= 0 && (which ? fit->item : fit->user) >= 0;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        uint32_t code = known ? chunk->columns[key].code[i] : 0;
        fit->part[i] = !known || (code < fit->seen[which]->len && fit->seen[which]->data[code])
                           ? RK_PART_TRAIN
                           : RK_PART_NONE;
    }
}

static gboolean
take_chunk(const RkChunk *chunk, void *data, GError **error)
{
    Fit *fit = data;
    choose_rows(fit, chunk);
    for (guint i = 0; i < fit->features->features->len; i++) {
        RkFeature *feature = g_ptr_array_index(fit->features->features, i);
        if (feature->table != fit->table)
            continue;
        const RkColumn *column = &chunk->columns[feature->field];
        const double *label =
            fit->table == 0 && fit->label >= 0 ? chunk->columns[fit->label].real : NULL;
        for (uint32_t row = 0; row < chunk->n_rows; row++) {
            if (fit->part[row] != RK_PART_TRAIN)
                continue;
            if (feature->kind->is_past)
                add_event(feature, column->code[row], label != NULL ? label[row] : 0);
            else if (feature->kind->fit != NULL)
                add_value(feature, &fit->fits[i], column->real[row]);
        }
    }
    for (uint32_t row = 0; fit->table == 0 && row < chunk->n_rows; row++) {
        if (fit->part[row] != RK_PART_TRAIN)
            continue;
        if (fit->user >= 0)
            mark(fit->seen[0], chunk->columns[fit->user].code[row]);
        if (fit->item >= 0)
            mark(fit->seen[1], chunk->columns[fit->item].code[row]);
    }
    return TRUE;
}

// Whether a table's rows have to be read at all; the events when a side table asks who trains.
static gboolean
is_needed(const Fit *fit, uint32_t table)
{
    for (guint i = 0; i < fit->features->features->len; i++) {
        const RkFeature *f = g_ptr_array_index(fit->features->features, i);
        if ((f->kind->fit != NULL || f->kind->is_past) && (f->table == table || table == 0))
            return TRUE;
    }
    return FALSE;
}

static gboolean
pass(Fit *fit, uint32_t table, GError **error)
{
    g_autoptr(GArray) columns = g_array_new(FALSE, FALSE, sizeof(int));
    const RkTable *t = rk_schema_table(fit->schema, table);
    for (guint f = 0; f < t->fields->len; f++) {
        RkFieldKind kind = rk_table_field(t, f)->kind;
        gboolean used = kind == RK_FIELD_USER || kind == RK_FIELD_ITEM || kind == RK_FIELD_LABEL;
        for (guint i = 0; i < fit->features->features->len; i++) {
            const RkFeature *feature = g_ptr_array_index(fit->features->features, i);
            used |= feature->table == table && feature->field == f &&
                    (feature->kind->fit != NULL || feature->kind->is_past);
        }
        int column = (int)f;
        if (used)
            g_array_append_val(columns, column);
    }
    fit->table = table;
    return rk_scan_told(fit->source, table, (const int *)(void *)columns->data, columns->len,
                        take_chunk, fit, "Fitting features", fit->progress, error);
}

static void
finish(Fit *fit)
{
    for (guint i = 0; i < fit->features->features->len; i++) {
        RkFeature *feature = g_ptr_array_index(fit->features->features, i);
        if (feature->kind->fit != NULL)
            feature->kind->fit(feature, &fit->fits[i],
                               (uint32_t)rk_params_int(fit->params, "features.buckets"));
        if (!feature->kind->is_past)
            continue;
        double n = 0, labels = 0;
        while (feature->n_totals > 0 && feature->totals[feature->n_totals - 1].n <= 0)
            feature->n_totals--;
        for (uint32_t code = 0; code < feature->n_totals; code++) {
            n += feature->totals[code].n;
            labels += feature->totals[code].labels;
        }
        feature->prior = n > 0 ? labels / n : 0;
        feature->smoothing = rk_params_real(fit->params, "features.smoothing");
    }
}

static gboolean
read_settings(Fit *fit, const char *const *settings, GError **error)
{
    for (; settings != NULL && *settings != NULL; settings++)
        if (!read_setting(fit, *settings, error))
            return FALSE;
    return TRUE;
}

static gboolean
run(Fit *fit, const char *const *settings, GError **error)
{
    if (!read_settings(fit, settings, error))
        return FALSE;
    add_features(fit);
    guint n = fit->features->features->len;
    fit->fits = g_new0(RkFeatureFit, MAX(n, 1));
    fit->n_fits = n;
    for (guint i = 0; i < n; i++) {
        const RkFeature *f = g_ptr_array_index(fit->features->features, i);
        fit->fits[i] = (RkFeatureFit){.min = INFINITY, .max = -INFINITY};
        if (strcmp(f->kind->name, "quantile") == 0 || strcmp(f->kind->name, "bucket") == 0)
            rk_reservoir_init(&fit->fits[i].sample, 1u << 17, RK_STREAM_SAMPLE);
    }
    for (guint t = 0; t < fit->schema->tables->len; t++)
        if (is_needed(fit, t) && !pass(fit, t, error))
            return FALSE;
    finish(fit);
    return TRUE;
}

static void
fit_clear(Fit *fit)
{
    for (guint i = 0; i < fit->n_fits; i++)
        rk_reservoir_clear(&fit->fits[i].sample);
    for (guint i = 0; i < fit->choices->len; i++)
        g_free(g_array_index(fit->choices, Choice, i).value);
    g_array_unref(fit->choices);
    rk_params_free(fit->params);
    rk_features_free(fit->features);
    g_free(fit->fits);
    g_free(fit->part);
    g_byte_array_unref(fit->seen[0]);
    g_byte_array_unref(fit->seen[1]);
}

static Fit
fit_new(const RkSchema *schema)
{
    const RkTable *events = rk_events_table(schema);
    return (Fit){.schema = schema,
                 .params = rk_params_new(rk_feature_params, rk_n_feature_params),
                 .choices = g_array_new(FALSE, FALSE, sizeof(Choice)),
                 .features = rk_features_new(),
                 .part = g_malloc(RK_CHUNK_ROWS),
                 .seen = {g_byte_array_new(), g_byte_array_new()},
                 .user = rk_table_find_kind(events, RK_FIELD_USER),
                 .item = rk_table_find_kind(events, RK_FIELD_ITEM),
                 .label = rk_table_find_kind(events, RK_FIELD_LABEL)};
}

gboolean
rk_features_check(const RkSchema *schema, const char *const *settings, GError **error)
{
    Fit fit = fit_new(schema);
    gboolean fits = read_settings(&fit, settings, error);
    fit_clear(&fit);
    return fits;
}

RkFeatures *
rk_features_fit(RkChunkSource *source, const RkSplit *split, const char *const *settings,
                const RkPassProgress *progress, GError **error)
{
    Fit fit = fit_new(source->schema);
    fit.source = source;
    fit.split = split;
    fit.progress = progress;
    RkFeatures *features = run(&fit, settings, error) ? g_steal_pointer(&fit.features) : NULL;
    fit_clear(&fit);
    return features;
}

char *
rk_features_help(void)
{
    g_autofree char *params = rk_params_help(rk_feature_params, rk_n_feature_params);
    GString *text = g_string_new(params);
    for (size_t i = 0; i < G_N_ELEMENTS(PROPERTIES); i++)
        g_string_append_printf(text, "  [TABLE.]FIELD.%s=%s\n      %s\n", PROPERTIES[i].name,
                               PROPERTIES[i].choices, PROPERTIES[i].help);
    return g_string_free(text, FALSE);
}
