// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/detect.h"

#include "dataset/cell.h"

#include <math.h>
#include <string.h>

// Names of columns as public datasets have them, lower case without punctuation; a better one
// first, since only one column of a table becomes its user, item or label.
static const char *const USER_WORDS[] = {
    "user",       "userid",   "uid",        "usernum",   "userno",   "userindex", "useridx",
    "visitorid",  "customer", "customerid", "memberid",  "msno",     "reviewer",  "reviewerid",
    "accountid",  "steamid",  "profileid",  "personid",  "clientid", "buyerid",   "playerid",
    "listenerid", "authorid", "session",    "sessionid", NULL};
static const char *const ITEM_WORDS[] = {
    "item",    "itemid",   "iid",        "itemnum",    "itemno",     "itemindex", "itemidx",
    "movie",   "movieid",  "product",    "productid",  "parentasin", "asin",      "book",
    "bookid",  "isbn",     "artist",     "artistid",   "song",       "songid",    "track",
    "trackid", "video",    "videoid",    "photoid",    "goodsid",    "game",      "gameid",
    "appid",   "newsid",   "article",    "articleid",  "businessid", "venueid",   "poi",
    "poiid",   "location", "locationid", "offerid",    "sku",        "skuid",     "showid",
    "animeid", "recipeid", "jokeid",     "contentid",  "docid",      "hotelid",   "listingid",
    "gmapid",  "adid",     "adgroupid",  "creativeid", "tmdbid",     NULL};
static const char *const LABEL_WORDS[] = {
    "label",   "rating",   "ratings",   "score",  "stars",     "overall",  "target",   "click",
    "clicked", "isclick",  "like",      "liked",  "islike",    "response", "feedback", "watchratio",
    "clk",     "purchase", "purchased", "weight", "playcount", "plays",    "y",        NULL};
static const char *const TIME_WORDS[] = {
    "timestamp", "time",      "ts",         "date",           "datetime", "unixreviewtime",
    "timems",    "eventtime", "createdat",  "eventtimestamp", "unixtime", "reviewtime",
    "utctime",   "localtime", "createtime", "timestampms",    NULL};
static const char *const MULTI_WORDS[] = {"genre",    "genres",   "category", "categories", "tags",
                                          "keywords", "features", "authors",  "actors",     NULL};
static const char *const TEXT_WORDS[] = {"title",      "name",    "description", "review",
                                         "reviewtext", "summary", "text",        "comment",
                                         "url",        "imdbid",  NULL};

static const struct {
    RkFieldKind kind;
    const char *const *words;
} SINGLES[] = {
    {RK_FIELD_USER, USER_WORDS},
    {RK_FIELD_ITEM, ITEM_WORDS},
    {RK_FIELD_LABEL, LABEL_WORDS},
    {RK_FIELD_TIMESTAMP, TIME_WORDS},
};

#define MULTI_SEPARATORS "|;,"
#define MIN_UNIQUE       10u    // rows from which on it says something that all differ
#define MAX_LABEL        1000.0 // a whole number beyond is rather an id

typedef struct {
    uint32_t n; // cells that aren't empty
    uint32_t n_numbers, n_whole, n_binary, n_zeros_first, n_dates, n_distinct;
    uint32_t n_with[3];   // cells with each of MULTI_SEPARATORS
    uint32_t n_tokens[3]; // values between them
    uint32_t n_distinct_tokens[3];
    uint64_t n_bytes;
    double *numbers; // [n_numbers]
} Stats;

static void
normalise(const char *name, char word[32])
{
    size_t n = 0;
    for (; *name != '\0' && n < 31; name++)
        if (g_ascii_isalnum(*name))
            word[n++] = g_ascii_tolower(*name);
    word[n] = '\0';
}

static gboolean
has_word(const char *const *words, const char *name)
{
    char word[32];
    normalise(name, word);
    return g_strv_contains(words, word);
}

gboolean
rk_detect_knows_name(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(SINGLES); i++)
        if (has_word(SINGLES[i].words, name))
            return TRUE;
    return has_word(MULTI_WORDS, name) || has_word(TEXT_WORDS, name);
}

static void
count_tokens(Stats *stats, const RkCell *cell, GHashTable *seen[3])
{
    for (int s = 0; s < 3; s++) {
        const char separator = MULTI_SEPARATORS[s];
        const char *p = cell->text;
        const char *end = p + cell->length;
        stats->n_with[s] += memchr(p, separator, cell->length) != NULL;
        while (p <= end) {
            const char *stop = p < end ? memchr(p, separator, (size_t)(end - p)) : NULL;
            stop = stop ? stop : end;
            stats->n_tokens[s]++;
            g_hash_table_add(seen[s], g_strndup(p, (gsize)(stop - p)));
            p = stop + 1;
        }
        stats->n_distinct_tokens[s] = g_hash_table_size(seen[s]);
    }
}

static void
look_at(Stats *stats, const RkSample *sample, uint32_t field)
{
    *stats = (Stats){.numbers = g_new(double, sample->n_rows + 1)};
    g_autoptr(GHashTable) distinct = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GHashTable *tokens[3];
    for (int s = 0; s < 3; s++)
        tokens[s] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (uint32_t row = 0; row < sample->n_rows; row++) {
        const RkCell *cell = &sample->cells[(size_t)row * sample->n_fields + field];
        double number = 0;
        int64_t seconds = 0;
        if (cell->length == 0)
            continue;
        stats->n++;
        stats->n_bytes += cell->length;
        g_hash_table_add(distinct, g_strndup(cell->text, cell->length));
        if (rk_cell_real(cell, &number) == NULL) {
            if (isnan(number))
                continue;
            stats->numbers[stats->n_numbers++] = number;
            stats->n_whole +=
                number == floor(number) && memchr(cell->text, '.', cell->length) == NULL;
            stats->n_binary += number == 0 || number == 1;
            stats->n_zeros_first +=
                cell->length > 1 && cell->text[0] == '0' && cell->text[1] != '.';
        } else if (rk_cell_time(cell, 1, &seconds) == NULL) {
            stats->n_dates++;
        } else {
            count_tokens(stats, cell, tokens);
        }
    }
    stats->n_distinct = g_hash_table_size(distinct);
    for (int s = 0; s < 3; s++)
        g_hash_table_unref(tokens[s]);
}

static int
compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

uint32_t
rk_detect_time_unit(double *values, uint32_t n)
{
    if (n == 0)
        return 1;
    qsort(values, n, sizeof *values, compare_doubles);
    const double middle = fabs(values[n / 2]);
    // As seconds 1e11 is the year 5138; as milliseconds it is 1973. Nanoseconds end in 2100 here:
    // beyond, a number is more likely nonsense.
    if (middle < 1e11 || middle > 4.1e18)
        return 1;
    return middle < 1e14 ? 1000 : middle < 1e17 ? 1000000 : 1000000000;
}

static void set_kind(const RkTable *table, RkField *field, RkFieldKind kind, const char *format,
                     ...) G_GNUC_PRINTF(4, 5);

static void
set_kind(const RkTable *table, RkField *field, RkFieldKind kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_free(field->why);
    field->why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    rk_field_set_kind(table, field, kind);
}

static const char *
unit_name(uint32_t per_second)
{
    return per_second == 1         ? "seconds"
           : per_second == 1000    ? "milliseconds"
           : per_second == 1000000 ? "microseconds"
                                   : "nanoseconds";
}

void
rk_detect_time(RkField *field, const RkSample *sample, uint32_t f)
{
    Stats stats;
    look_at(&stats, sample, f);
    field->per_second = rk_detect_time_unit(stats.numbers, stats.n_numbers);
    g_free(field->why);
    field->why = stats.n_dates > stats.n_numbers
                     ? g_strdup("dates")
                     : g_strdup_printf("%s since 1970", unit_name(field->per_second));
    g_free(stats.numbers);
}

static void
set_time(const RkTable *table, RkField *field, Stats *stats, const char *because)
{
    field->per_second = rk_detect_time_unit(stats->numbers, stats->n_numbers);
    if (stats->n_dates > stats->n_numbers)
        set_kind(table, field, RK_FIELD_TIMESTAMP, "%s, dates", because);
    else
        set_kind(table, field, RK_FIELD_TIMESTAMP, "%s, %s since 1970", because,
                 unit_name(field->per_second));
}

// Whether the cells allow the kind that a name suggests. Half of them do: a bad cell shall be an
// error with its line, not turn a rating into text.
static gboolean
fits(RkFieldKind kind, const Stats *stats)
{
    if (kind == RK_FIELD_LABEL)
        return stats->n_numbers * 2 >= stats->n;
    if (kind == RK_FIELD_TIMESTAMP)
        return (stats->n_numbers + stats->n_dates) * 2 >= stats->n;
    return TRUE;
}

// Whether values lie where times of 1990 to 2035 do, in seconds or milliseconds.
static gboolean
looks_like_time(const Stats *stats)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < stats->n_numbers; i++) {
        const double v = stats->numbers[i];
        n += (v > 6.3e8 && v < 2.05e9) || (v > 6.3e11 && v < 2.05e12);
    }
    return n > 0 && n == stats->n_numbers && stats->n_numbers == stats->n;
}

// Whether a nameless column may be what is to be predicted: numbers, but not ids.
static gboolean
looks_like_label(const Stats *stats)
{
    uint32_t n_large = 0;
    for (uint32_t i = 0; i < stats->n_numbers; i++)
        n_large += fabs(stats->numbers[i]) > MAX_LABEL;
    return stats->n > 0 && fits(RK_FIELD_LABEL, stats) &&
           !(stats->n_whole == stats->n_numbers && n_large * 2 > stats->n_numbers);
}

static gboolean
try_multi(const RkTable *table, RkField *field, const Stats *stats)
{
    const uint32_t n_texts = stats->n - stats->n_numbers - stats->n_dates;
    const gboolean named = has_word(MULTI_WORDS, field->name);
    for (int s = 0; s < 3; s++) {
        const gboolean often = stats->n_with[s] * 10 >= n_texts && stats->n_with[s] > 0;
        const gboolean repeat = stats->n_distinct_tokens[s] * 3 <= stats->n_tokens[s];
        // A sentence has commas too: without a telling name its parts must repeat.
        if (!often || !(repeat || (named && stats->n_with[s] * 2 >= n_texts)))
            continue;
        field->separator = MULTI_SEPARATORS[s];
        set_kind(table, field, RK_FIELD_MULTI, "several values with '%c' between them",
                 field->separator);
        return TRUE;
    }
    return FALSE;
}

static gboolean
ends_in_id(const char *name)
{
    char word[32];
    normalise(name, word);
    return g_str_has_suffix(word, "id") || g_str_has_suffix(word, "code");
}

static void
guess_by_content(const RkTable *table, RkField *field, Stats *stats, gboolean named)
{
    const uint32_t n = stats->n;
    if (n == 0)
        set_kind(table, field, RK_FIELD_TEXT, "empty in the rows looked at");
    else if (stats->n_dates * 10 >= n * 9)
        set_time(table, field, stats, "its cells");
    else if (stats->n_numbers * 10 >= n * 9 && stats->n_zeros_first * 10 > n)
        set_kind(table, field, RK_FIELD_CATEGORICAL, "numbers with leading zeros");
    else if (stats->n_numbers * 10 >= n * 9 && named && ends_in_id(field->name) &&
             (n < MIN_UNIQUE || stats->n_distinct < n))
        set_kind(table, field, RK_FIELD_CATEGORICAL, "numbers, but named like an id");
    else if (stats->n_numbers * 10 >= n * 9 && !(named && ends_in_id(field->name)))
        set_kind(table, field, RK_FIELD_NUMBER, "its cells are numbers");
    else if (named && has_word(TEXT_WORDS, field->name))
        set_kind(table, field, RK_FIELD_TEXT, "its name");
    else if (named && has_word(TIME_WORDS, field->name))
        set_kind(table, field, RK_FIELD_TEXT, "named like a time, but written in another way");
    else if (n >= MIN_UNIQUE && stats->n_distinct == n && named && ends_in_id(field->name))
        set_kind(table, field, RK_FIELD_TEXT, "an id of its own for every row");
    else if (try_multi(table, field, stats))
        return;
    else if (stats->n_bytes <= 40 * (uint64_t)n &&
             (stats->n_distinct <= 20 || stats->n_distinct * 2 <= n))
        set_kind(table, field, RK_FIELD_CATEGORICAL, "%u different values in %u rows",
                 stats->n_distinct, n);
    else
        set_kind(table, field, RK_FIELD_TEXT, "%u different values in %u rows", stats->n_distinct,
                 n);
}

// Whether a table's name says what its rows are ("movies", "item_info", "users2").
static gboolean
names_rows_of(const RkTable *table, const char *const *words)
{
    char name[32];
    normalise(table->name, name);
    for (; *words != NULL; words++)
        if (strlen(*words) >= 4 && !g_str_has_suffix(*words, "id") &&
            g_str_has_prefix(name, *words))
            return TRUE;
    return FALSE;
}

static gboolean
is_plain_id(const RkTable *table, const RkField *field, RkFieldKind kind)
{
    return g_ascii_strcasecmp(field->name, "id") == 0 &&
           ((kind == RK_FIELD_USER && names_rows_of(table, USER_WORDS)) ||
            (kind == RK_FIELD_ITEM && names_rows_of(table, ITEM_WORDS)));
}

// The one column for each of the single kinds: the best word that the table has and that fits.
static void
guess_by_name(const RkTable *table, Stats *stats, gboolean *done)
{
    for (size_t i = 0; i < G_N_ELEMENTS(SINGLES); i++) {
        const RkFieldKind kind = SINGLES[i].kind;
        int best = -1;
        for (const char *const *w = SINGLES[i].words; *w != NULL && best < 0; w++)
            for (uint32_t f = 0; f < table->fields->len && best < 0; f++) {
                char word[32];
                normalise(rk_table_field(table, f)->name, word);
                if (!done[f] && strcmp(word, *w) == 0 && fits(kind, &stats[f]))
                    best = (int)f;
            }
        for (uint32_t f = 0; f < table->fields->len && best < 0; f++)
            if (is_plain_id(table, rk_table_field(table, f), kind))
                best = (int)f;
        if (best < 0)
            continue;
        RkField *field = rk_table_field(table, (uint32_t)best);
        done[best] = TRUE;
        if (kind == RK_FIELD_TIMESTAMP)
            set_time(table, field, &stats[best], "its name");
        else
            set_kind(table, field, kind, "its name");
    }
}

// A second id, label or time of a table.
static gboolean
guess_further(const RkTable *table, RkField *field, Stats *stats)
{
    if (has_word(TIME_WORDS, field->name) && fits(RK_FIELD_TIMESTAMP, stats))
        set_time(table, field, stats, "its name");
    else if (has_word(USER_WORDS, field->name) || has_word(ITEM_WORDS, field->name))
        set_kind(table, field, RK_FIELD_CATEGORICAL, "an id, but not the first choice for one");
    else
        return FALSE;
    return TRUE;
}

// Without names: "label feature feature ..." or "user item [label] [time]".
static void
guess_by_position(const RkTable *table, Stats *stats, gboolean *done)
{
    const uint32_t n = table->fields->len;
    if ((n >= 10 || (n >= 5 && stats[0].n_distinct == 2)) && stats[0].n > 0 &&
        stats[0].n_binary == stats[0].n) {
        set_kind(table, rk_table_field(table, 0), RK_FIELD_LABEL, "the first of many, 0 or 1");
        done[0] = TRUE;
        return;
    }
    if (n < 2)
        return;
    for (uint32_t f = 0; f < 2; f++)
        if (stats[f].n == 0 || stats[f].n_dates > 0 || stats[f].n_numbers != stats[f].n_whole ||
            stats[f].n_bytes > 64 * (uint64_t)stats[f].n)
            return;
    set_kind(table, rk_table_field(table, 0), RK_FIELD_USER, "the first column");
    set_kind(table, rk_table_field(table, 1), RK_FIELD_ITEM, "the second column");
    done[0] = done[1] = TRUE;
    gboolean has_label = FALSE;
    gboolean has_time = FALSE;
    for (uint32_t f = 2; f < n; f++) {
        RkField *field = rk_table_field(table, f);
        const gboolean is_time = looks_like_time(&stats[f]);
        if (is_time && !has_time) {
            set_time(table, field, &stats[f], "its cells");
            done[f] = has_time = TRUE;
        } else if (f < 4 && !is_time && !has_label && looks_like_label(&stats[f])) {
            set_kind(table, field, RK_FIELD_LABEL, "the first number behind user and item");
            done[f] = has_label = TRUE;
        }
    }
}

static RkTableRole
guess_role(const RkTable *table, const Stats *stats, const RkSample *sample)
{
    const int user = rk_table_find_kind(table, RK_FIELD_USER);
    const int item = rk_table_find_kind(table, RK_FIELD_ITEM);
    const int key = user >= 0 ? user : item;
    if ((user >= 0) == (item >= 0) || sample->n_rows == 0)
        return RK_TABLE_EVENTS;
    // One row an id: a side table, but for a stray duplicate that shall be an error.
    if (stats[key].n_distinct * 100 < stats[key].n * 90)
        return RK_TABLE_OTHER;
    return user >= 0 ? RK_TABLE_USERS : RK_TABLE_ITEMS;
}

void
rk_detect_kinds(RkTable *table, gboolean named, const RkSample *sample)
{
    const uint32_t n = table->fields->len;
    g_autofree Stats *stats = g_new0(Stats, n);
    g_autofree gboolean *done = g_new0(gboolean, n);
    for (uint32_t f = 0; f < n; f++)
        look_at(&stats[f], sample, f);
    if (named)
        guess_by_name(table, stats, done);
    else
        guess_by_position(table, stats, done);
    for (uint32_t f = 0; f < n; f++) {
        RkField *field = rk_table_field(table, f);
        if (!done[f] && !(named && guess_further(table, field, &stats[f])))
            guess_by_content(table, field, &stats[f], named);
    }
    table->role = guess_role(table, stats, sample);
    for (uint32_t f = 0; f < n; f++) {
        RkField *field = rk_table_field(table, f);
        if (table->role != RK_TABLE_EVENTS && field->kind == RK_FIELD_LABEL)
            set_kind(table, field, RK_FIELD_NUMBER, "a number; labels belong to interactions");
        g_free(stats[f].numbers);
    }
}
