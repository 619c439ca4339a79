// SPDX-License-Identifier: GPL-3.0-or-later
//
// MovieLens (Harper and Konstan, "The MovieLens Datasets", TiiS 2015) in its three layouts:
// ratings.csv and its companions with a header, u.data and its companions, and "::" files.
#include "dataset/csv.h"
#include "dataset/import-private.h"

#include <string.h>

#define MAX_COLUMNS 6

typedef struct {
    const char *name;
    RkFieldKind kind;
    const char *why;
} Column;

typedef struct {
    const char *file;   // its name
    const char *header; // its first line, which says enough whatever the name; NULL without one
    const char *separator;
    uint32_t n_fields; // of a line
    const char *table;
    RkTableRole role;
    RkLine line; // for lines that don't map to columns one to one
    Column columns[MAX_COLUMNS];
} Layout;

static gboolean split_item(gpointer data, RkEmit *emit, const RkBlock *block, const char *line,
                           size_t n, GError **error);

#define USER(name)                                                                                 \
    {                                                                                              \
        name, RK_FIELD_USER, "the user"                                                            \
    }
#define ITEM(name)                                                                                 \
    {                                                                                              \
        name, RK_FIELD_ITEM, "the movie"                                                           \
    }
#define LABEL(name)                                                                                \
    {                                                                                              \
        name, RK_FIELD_LABEL, "stars"                                                              \
    }
#define TIME(name)                                                                                 \
    {                                                                                              \
        name, RK_FIELD_TIMESTAMP, "seconds since 1970"                                             \
    }
#define TITLE(name)                                                                                \
    {                                                                                              \
        name, RK_FIELD_TEXT, "a title"                                                             \
    }
#define MULTI(name)                                                                                \
    {                                                                                              \
        name, RK_FIELD_MULTI, "genres with '|' between them"                                       \
    }
#define CLASS(name)                                                                                \
    {                                                                                              \
        name, RK_FIELD_CATEGORICAL, "a class"                                                      \
    }
#define OTHER(name)                                                                                \
    {                                                                                              \
        name, RK_FIELD_TEXT, "an id elsewhere"                                                     \
    }

static const Layout LAYOUTS[] = {
    {"ratings.csv",
     "userId,movieId,rating,timestamp",
     ",",
     4,
     "ratings",
     RK_TABLE_EVENTS,
     NULL,
     {USER("userId"), ITEM("movieId"), LABEL("rating"), TIME("timestamp")}},
    {"movies.csv",
     "movieId,title,genres",
     ",",
     3,
     "movies",
     RK_TABLE_ITEMS,
     NULL,
     {ITEM("movieId"), TITLE("title"), MULTI("genres")}},
    {"links.csv",
     "movieId,imdbId,tmdbId",
     ",",
     3,
     "links",
     RK_TABLE_ITEMS,
     NULL,
     {ITEM("movieId"), OTHER("imdbId"), OTHER("tmdbId")}},
    {"tags.csv",
     "userId,movieId,tag,timestamp",
     ",",
     4,
     "tags",
     RK_TABLE_OTHER,
     NULL,
     {USER("userId"), ITEM("movieId"), CLASS("tag"), TIME("timestamp")}},
    {"genome-scores.csv",
     "movieId,tagId,relevance",
     ",",
     3,
     "genome-scores",
     RK_TABLE_OTHER,
     NULL,
     {ITEM("movieId"), CLASS("tagId"), {"relevance", RK_FIELD_NUMBER, "a share of 1"}}},
    {"genome-tags.csv",
     "tagId,tag",
     ",",
     2,
     "genome-tags",
     RK_TABLE_OTHER,
     NULL,
     {CLASS("tagId"), CLASS("tag")}},
    {"u.data",
     NULL,
     "\t",
     4,
     "ratings",
     RK_TABLE_EVENTS,
     NULL,
     {USER("user_id"), ITEM("item_id"), LABEL("rating"), TIME("timestamp")}},
    {"u.item",
     NULL,
     "|",
     24,
     "movies",
     RK_TABLE_ITEMS,
     split_item,
     {ITEM("item_id"),
      TITLE("title"),
      {"release_date", RK_FIELD_TEXT, "a date"},
      {"video_release_date", RK_FIELD_TEXT, "a date"},
      {"imdb_url", RK_FIELD_TEXT, "an address"},
      {"genres", RK_FIELD_MULTI, "the names of the 19 genre flags that are 1"}}},
    {"u.user",
     NULL,
     "|",
     5,
     "users",
     RK_TABLE_USERS,
     NULL,
     {USER("user_id"),
      {"age", RK_FIELD_NUMBER, "years"},
      CLASS("gender"),
      CLASS("occupation"),
      CLASS("zip_code")}},
    {"ratings.dat",
     NULL,
     "::",
     4,
     "ratings",
     RK_TABLE_EVENTS,
     NULL,
     {USER("user_id"), ITEM("movie_id"), LABEL("rating"), TIME("timestamp")}},
    {"movies.dat",
     NULL,
     "::",
     3,
     "movies",
     RK_TABLE_ITEMS,
     NULL,
     {ITEM("movie_id"), TITLE("title"), MULTI("genres")}},
    {"users.dat",
     NULL,
     "::",
     5,
     "users",
     RK_TABLE_USERS,
     NULL,
     {USER("user_id"),
      CLASS("gender"),
      {"age", RK_FIELD_CATEGORICAL, "a group of ages"},
      CLASS("occupation"),
      CLASS("zip_code")}},
    {"tags.dat",
     NULL,
     "::",
     4,
     "tags",
     RK_TABLE_OTHER,
     NULL,
     {USER("user_id"), ITEM("movie_id"), CLASS("tag"), TIME("timestamp")}},
};

// The order of the flags in u.item, as u.genre lists it.
static const char *const GENRES[] = {
    "unknown",     "Action", "Adventure", "Animation", "Children's", "Comedy",  "Crime",
    "Documentary", "Drama",  "Fantasy",   "Film-Noir", "Horror",     "Musical", "Mystery",
    "Romance",     "Sci-Fi", "Thriller",  "War",       "Western"};
#define N_BEFORE_GENRES 5u

typedef struct {
    const Layout *layout;
    gboolean header; // the first line is it
    RkCsv csv;
} State;

static uint32_t
count_fields(const char *line, size_t n, const char *separator)
{
    RkCsvShape shape = rk_csv_shape(line, n, TRUE, separator, FALSE, 1);
    return shape.n_fields;
}

// A file whose header got lost goes by its name.
static const Layout *
find_layout(const RkImportFile *file, gboolean *header)
{
    size_t n = 0;
    const char *line = rk_import_first_line(file, &n);
    for (size_t i = 0; i < G_N_ELEMENTS(LAYOUTS); i++) {
        const char *wanted = LAYOUTS[i].header;
        *header = wanted != NULL && n == strlen(wanted) && memcmp(line, wanted, n) == 0;
        if (*header)
            return &LAYOUTS[i];
    }
    g_autofree char *name = g_strdup_printf("%s.%s", file->stem, file->extension);
    for (size_t i = 0; i < G_N_ELEMENTS(LAYOUTS); i++)
        if (g_ascii_strcasecmp(LAYOUTS[i].file, name) == 0 && n > 0 && g_ascii_isdigit(*line) &&
            count_fields(line, n, LAYOUTS[i].separator) == LAYOUTS[i].n_fields)
            return &LAYOUTS[i];
    return NULL;
}

static int
sniff(const RkImportFile *file, char **why)
{
    gboolean header = FALSE;
    const Layout *layout = find_layout(file, &header);
    if (layout == NULL)
        return 0;
    if (header) {
        *why = g_strdup_printf("its first line is %s", layout->header);
        return 99;
    }
    *why = g_strdup_printf("it is called %s and has %u fields separated by %s%s", layout->file,
                           layout->n_fields, *layout->separator == '\t' ? "tab" : layout->separator,
                           layout->header ? ", though its header is missing" : "");
    return layout->header ? 92 : 98;
}

static gboolean
describe(RkImportFile *file, RkTable *table, GError **error)
{
    gboolean header = FALSE;
    const Layout *layout = find_layout(file, &header);
    if (layout == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "Can't import %s: line 1 is not that of a MovieLens file (ratings.csv, "
                    "movies.csv, tags.csv, links.csv, u.data, u.item, u.user, ratings.dat, "
                    "movies.dat, users.dat, tags.dat). Try --format csv.",
                    file->name);
        return FALSE;
    }
    State *state = g_new0(State, 1);
    state->layout = layout;
    state->header = header;
    state->csv.n_fields = layout->n_fields;
    state->csv.quotes = layout->header != NULL;
    g_strlcpy(state->csv.separator, layout->separator, sizeof state->csv.separator);
    file->state = state;
    file->free_state = g_free;
    file->names_fields = TRUE;
    // The older layouts are ISO 8859-1, but for ml-10m.
    if (layout->header == NULL && strcmp(rk_params_text(file->settings, "encoding"), "auto") == 0)
        file->encoding = RK_TEXT_EITHER;
    table->role = layout->role;
    if (layout->header == NULL) { // u.data is no name for a table
        g_free(table->name);
        table->name = g_strdup(layout->table);
    }
    for (uint32_t c = 0; c < MAX_COLUMNS && layout->columns[c].name != NULL; c++) {
        const Column *column = &layout->columns[c];
        rk_import_add(table, column->name, column->kind, column->why);
    }
    file->n_fields = table->fields->len;
    return TRUE;
}

// "1|Toy Story (1995)|01-Jan-1995||http://...|0|0|0|1|1|1|0|..."
static gboolean
split_item(gpointer data, RkEmit *emit, const RkBlock *block, const char *line, size_t n,
           GError **error)
{
    RkCell fields[N_BEFORE_GENRES + G_N_ELEMENTS(GENRES)];
    uint32_t n_fields = 0;
    for (const char *p = line, *end = line + n; p <= end;) {
        const char *stop = p < end ? memchr(p, '|', (size_t)(end - p)) : NULL;
        stop = stop ? stop : end;
        if (n_fields < G_N_ELEMENTS(fields))
            fields[n_fields] = (RkCell){.text = p, .length = (uint32_t)(stop - p)};
        n_fields++;
        p = stop + 1;
    }
    if (n_fields != G_N_ELEMENTS(fields))
        return rk_emit_refuse(emit, block->line, -1, error,
                              "has %u fields, expected %u. Is this "
                              "u.item? Skip such lines with --set on-error=skip.",
                              n_fields, (uint32_t)G_N_ELEMENTS(fields));
    RkCell *row = rk_emit_row(emit, block->line, error);
    if (row == NULL)
        return FALSE;
    memcpy(row, fields, N_BEFORE_GENRES * sizeof *row);
    char *genres = rk_emit_text(emit, 256); // all names and separators take 166 bytes
    uint32_t length = 0;
    for (uint32_t g = 0; g < G_N_ELEMENTS(GENRES); g++) {
        const RkCell *flag = &fields[N_BEFORE_GENRES + g];
        if (flag->length != 1 || *flag->text != '1')
            continue;
        if (length > 0)
            genres[length++] = '|';
        memcpy(genres + length, GENRES[g], strlen(GENRES[g]));
        length += (uint32_t)strlen(GENRES[g]);
    }
    row[N_BEFORE_GENRES] = (RkCell){.text = genres, .length = length};
    gboolean bad = FALSE;
    return !block->dirty || rk_emit_check_row(emit, row, N_BEFORE_GENRES, block->line, &bad, error);
}

static void
start(RkImportFile *file)
{
    State *state = file->state;
    state->csv.n_drop = state->header;
}

static gssize
split(gpointer data, RkEmit *emit, RkBlock *block, GError **error)
{
    State *state = ((RkImportFile *)data)->state;
    if (state->layout->line != NULL)
        return rk_lines_split(state->layout->line, state, emit, block, error);
    return rk_csv_split(&state->csv, emit, block, error);
}

const RkImporter rk_importer_movielens = {
    .name = "movielens",
    .label = "MovieLens: ratings.csv, u.data or :: files with their companions",
    .sniff = sniff,
    .describe = describe,
    .start = start,
    .split = split,
};
