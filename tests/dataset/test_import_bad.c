// SPDX-License-Identifier: GPL-3.0-or-later
//
// Bad input: the error names file, line and column and says what to do; on-error=skip counts the
// bad rows and keeps the good ones.
#include "import_rig.h"

#include <string.h>
#include <sys/resource.h>
#include <zstd.h>

#define HEADER "user,item,rating,timestamp\n"
#define GOOD1  "1,10,4,1260759144\n"
#define GOOD2  "2,20,3.5,1260759145\n"
#define ROWS   "r: 1 | 10 | 4 | 1260759144\nr: 2 | 20 | 3.5 | 1260759145\n"

typedef struct {
    const char *what;
    const char *name, *text;
    size_t n; // 0: up to the NUL
    const char *assignments;
    const char *message; // a pattern
    const char *rows;    // what on-error=skip keeps; NULL where it doesn't help
    uint64_t n_skipped;
    const char *format;
} Case;

#define BYTES(text) text, sizeof(text) - 1

static const Case CASES[] = {
    {"too few fields", "r.csv", HEADER GOOD1 "1,2,3\n" GOOD2, 0, NULL,
     "Can't import r.csv: line 3 has 3 fields, expected 4. *separator*on-error=skip*", ROWS, 1},
    {"too many fields", "r.csv", HEADER GOOD1 GOOD2 "1,2,3,4,5\n", 0, NULL,
     "Can't import r.csv: line 4 has 5 fields, expected 4. *", ROWS, 1},
    {"a bad number", "r.csv", HEADER GOOD1 "1,2,four,1260759144\n" GOOD2, 0, NULL,
     "Can't import r.csv: line 3, column 3 (rating): \"four\" isn't a number. *--set*", ROWS, 1},
    {"a bad time", "r.csv", HEADER GOOD1 "1,2,4,yesterday\n" GOOD2, 0, NULL,
     "Can't import r.csv: line 3, column 4 (timestamp): \"yesterday\" is neither *--set*", ROWS, 1},
    {"the year 292277026596", "r.csv", HEADER GOOD1 "1,2,4,9223372036854775807\n" GOOD2, 0, NULL,
     "Can't import r.csv: line 3, column 4 (timestamp): *years 1 to 9999; check its unit*", ROWS,
     1},
    {"the year 292277026596 alone", "r.csv", HEADER "1,2,4,9223372036854775807\n", 0, NULL,
     "Can't import r.csv: line 2, column 4 (timestamp): *years 1 to 9999*", NULL, 0},
    {"invalid UTF-8", "r.csv", HEADER GOOD1 "1,\xFF\xFE,4,1260759144\n" GOOD2, 0, NULL,
     "Can't import r.csv: line 3, column 2 (item) isn't valid UTF-8 (byte 0xff). *latin1*", ROWS,
     1},
    {"a surrogate in UTF-8", "r.csv", HEADER GOOD1 "1,\xED\xA0\x80,4,1260759144\n" GOOD2, 0, NULL,
     "Can't import r.csv: line 3, column 2 (item) isn't valid UTF-8*", ROWS, 1},
    {"a NUL byte", "r.csv", BYTES(HEADER GOOD1 "1,2\0,4,1260759144\n" GOOD2), NULL,
     "Can't import r.csv: line 3, column 2 (item) holds a NUL byte. *", ROWS, 1},
    {"a quote left open", "r.csv", HEADER GOOD1 "1,\"2,4,1260759144\n" GOOD2, 0, NULL,
     "Can't import r.csv: line 3, column 2 (item) opens a quote that is never closed. *quotes=no*",
     ROWS, 1},
    {"a quote left open in the last line", "r.csv", HEADER GOOD1 GOOD2 "\"1,2,4,126", 0, NULL,
     "Can't import r.csv: line 4, column 1 (user) opens a quote that is never closed. *", ROWS, 1},
    {"text behind a quote", "r.csv", HEADER GOOD1 "1,\"2\"x,4,1260759144\n" GOOD2, 0, NULL,
     "Can't import r.csv: line 3, column 2 (item) has text behind its closing quote. *", ROWS, 1},
    {"line numbers behind quoted line feeds", "r.csv", "user,item,tag\n1,2,\"a\nb\n\nc\"\n\n3,4\n",
     0, NULL, "Can't import r.csv: line 7 has 2 fields, expected 3. *", "r: 1 | 2 | a\nb\n\nc\n",
     1},
    {"a header that repeats a name", "r.csv", "user,item,user\n1,2,3\n", 0, NULL,
     "Can't import r.csv: line 1, column 3 repeats the name \"user\". *header=no*", NULL, 0},
    {"a header of another length", "r.csv", "user,item\n1,2,3\n2,3,4\n", 0, NULL,
     "Can't import r.csv: line 1 has 2 fields, expected 3. *", NULL, 0},
    {"a header alone", "r.csv", HEADER, 0, NULL, "Can't import r: it holds no row. *", NULL, 0},
    {"an empty file", "r.csv", "", 0, NULL, "Can't import r.csv: it is empty. *", NULL, 0},
    {"white space", "r.csv", " \n\t\n", 0, NULL,
     "Can't import r.csv: it holds nothing but white space. *", NULL, 0},
    {"a binary file", "r.bin",
     BYTES("\x7f"
           "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\n"),
     NULL, "Can't import r.bin: it is a binary file (* control bytes*text file*", NULL, 0},
    {"a Parquet file", "r.parquet", BYTES("PAR1\x15\0\x15"), NULL,
     "Can't import r.parquet: it is a Parquet file. Export it as CSV.", NULL, 0},
    {"xz", "r.csv.xz",
     BYTES("\xFD"
           "7zXZ\0\0\x04"),
     NULL, "Can't import r.csv.xz: *xz -dc*", NULL, 0},
    {"UTF-16", "r.csv",
     BYTES("\xFF\xFE"
           "1\0,\0"
           "2\0\n\0"),
     NULL, "Can't import r.csv: *iconv*", NULL, 0},
    {"prose", "r.txt", "Dear reader,\nthis is a letter.\n\nYours, etc.\n", 0, NULL,
     "Can't import r.txt: its content fits no format. Name one with --format.", NULL, 0},
    {"items without interactions", "movies.csv", "movieId,title,genres\n1,A,B\n", 0, NULL,
     "Can't import movies: it describes items, but there are no interactions*role=events*", NULL,
     0},
    {"every field left out", "r.csv", "user,item\n1,2\n", 0, "user.kind=ignore item.kind=ignore",
     "Can't import r: every field of it is left out. *", NULL, 0},
    {"an escape for a terminal", "r.csv", HEADER GOOD1 "1,\"2\"\x1b[2J,4,1\n" GOOD2, 0,
     "user.kind=categorical", "Can't import r.csv: line 3, column 2 (item) has text behind*", ROWS,
     1},
    // ---- other formats
    {"broken JSON", "r.jsonl", "{\"user\":1,\"item\":2}\n{\"user\":1,\"item\":}\n", 0, NULL,
     "Can't import r.jsonl: line 2, column 2 (item) has something that is no JSON value (byte 18 "
     "of the line). *",
     "r: 1 | 2\n", 1},
    {"JSON that stops", "r.jsonl", "{\"user\":1,\"item\":2}\n{\"user\":1,\"it", 0, NULL,
     "Can't import r.jsonl: line 2 has a string that is never closed*", "r: 1 | 2\n", 1},
    {"a member twice", "r.jsonl", "{\"user\":1,\"item\":2}\n{\"user\":1,\"user\":3}\n", 0, NULL,
     "Can't import r.jsonl: line 2, column 1 (user) is there twice*", "r: 1 | 2\n", 1},
    {"something behind an object", "r.jsonl", "{\"user\":1,\"item\":2}\n{\"user\":1} 5\n", 0, NULL,
     "Can't import r.jsonl: line 2 has something behind its object*", "r: 1 | 2\n", 1},
    {"half a surrogate pair", "r.jsonl",
     "{\"user\":1,\"item\":\"a\"}\n{\"user\":1,\"item\":\"\\ud800\"}\n", 0, NULL,
     "Can't import r.jsonl: line 2, column 2 (item) has a \\ escape that is no character*",
     "r: 1 | a\n", 1},
    {"Python's quotes", "r.json", "{'user': 1, 'item': 2}\n", 0, NULL,
     "Can't import r.json: line 1 is no complete JSON object*", NULL, 0},
    {"a JSON array", "r.json", "[{\"user\":1,\"item\":2},\n{\"user\":1,\"item\":3}]\n", 0, NULL,
     "Can't import r.json: line 1 opens a JSON array*jq*", NULL, 0},
    {"the separator in an array", "r.jsonl",
     "{\"user\":1,\"item\":2,\"t\":[\"a\"]}\n{\"user\":1,\"item\":2,\"t\":[\"a;b\"]}\n", 0,
     "t.separator=;",
     "Can't import r.jsonl: line 2, column 3 (t) has an array value that holds the field's "
     "separator*",
     "r: 1 | 2 | a\n", 1},
    {"a feature that is none", "a.svm", "1 1:1 5:1\n1 2:x\n", 0, NULL,
     "Can't import a.svm: line 2 has a word that isn't index:value*", "a: 1 | 1 5\n", 1, "libsvm"},
    {"a value where all should be 1", "a.libfm", "1 1:1 5:1\n1 2:3\n", 0, "layout=bag",
     "Can't import a.libfm: line 2 has a value that isn't 1*layout=pairs*", "a: 1 | 1 5\n", 1},
    {"a label that is none", "a.svm", "1 1:0.5\nx 1:0.5\n", 0, NULL,
     "Can't import a.svm: line 2 doesn't begin with a number*", "a: 1 | 0 | 0.5\n", 1, "libsvm"},
    {"a repeated typed name", "r.inter", "user_id:token\tuser_id:token\n1\t2\n", 0, NULL,
     "Can't import r.inter: line 1 repeats the name user_id*", NULL, 0},
    {"a broken line of negatives", "r.negative", "(1,2)\t3\n(1 2)\t3\n", 0, "negatives.role=events",
     "Can't import r.negative: line 2 isn't \"(user,item)\"*", "negatives: 1 | 2 | 3\n", 1},
    {"a broken u.item", "u.item", "1|A|||u|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n2|B|||u|0|0\n", 0,
     "movies.role=events", "Can't import u.item: line 2 has 7 fields, expected 24*",
     "movies: 1 | A |  |  | u | Animation|Children's|Comedy\n", 1},
    // ---- settings
    {"a separator that is none", "r.csv", HEADER GOOD1, 0, "separator=123456789",
     "Can't set separator to \"123456789\": it takes 1 to 8 characters*", NULL, 0},
    {"a field that isn't there", "r.csv", HEADER GOOD1, 0, "ratng.kind=number",
     "Can't change the field ratng: *There are: r.user, r.item, *Did you mean rating?", NULL, 0},
    {"a kind that isn't there", "r.csv", HEADER GOOD1, 0, "rating.kind=lablel",
     "Can't read the field kind \"lablel\"*Did you mean label?", NULL, 0},
    {"a unit that isn't there", "r.csv", HEADER GOOD1, 0, "timestamp.unit=days",
     "Can't set timestamp.unit to \"days\": it takes s, ms, us or ns.", NULL, 0},
};

static void
expect(const Case *c, const Imported *result)
{
    if (c->message == NULL)
        return;
    if (result->error == NULL)
        g_error("%s: there was no error", c->what);
    if (result->error->domain != RK_ERROR ||
        !g_pattern_match_simple(c->message, result->error->message))
        g_error("%s: %s", c->what, result->error->message);
}

static void
errors(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        const Case *c = &CASES[i];
        g_auto(Imported) result =
            import_text(c->name, c->text, c->n ? c->n : strlen(c->text), c->format, c->assignments);
        expect(c, &result);
    }
}

static void
skipping(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        const Case *c = &CASES[i];
        g_autofree char *assignments =
            g_strdup_printf("%s on-error=skip", c->assignments ? c->assignments : "");
        g_auto(Imported) result =
            import_text(c->name, c->text, c->n ? c->n : strlen(c->text), c->format, assignments);
        if (c->rows == NULL)
            continue;
        if (result.error != NULL)
            g_error("%s: %s", c->what, result.error->message);
        g_assert_cmpstr(result.rows->str, ==, c->rows);
        g_assert_cmpuint(result.report.skipped.n_skipped, ==, c->n_skipped);
        g_assert_cmpuint(result.report.skipped.examples->len, ==, c->n_skipped);
        // The report says the same as the error would.
        const char *example = g_ptr_array_index(result.report.skipped.examples, 0);
        g_autofree char *message = g_strconcat("Can't import ", example, NULL);
        if (!g_pattern_match_simple(c->message, message))
            g_error("%s: %s", c->what, message);
    }
}

static void
many_skipped(void)
{
    g_autoptr(GString) text = g_string_new(HEADER);
    for (int i = 0; i < 50000; i++)
        g_string_append(text, i % 5 == 0 ? "1,2,bad,3\n" : i % 5 == 1 ? "1,2\n" : GOOD1);
    g_auto(Imported) result = import_text("r.csv", text->str, text->len, NULL, "on-error=skip");
    g_assert_no_error(result.error);
    g_assert_cmpuint(result.report.n_rows[0], ==, 30000);
    g_assert_cmpuint(result.report.skipped.n_skipped, ==, 20000);
    g_assert_cmpuint(result.report.skipped.examples->len, ==, 5); // a report, not a list
}

// ---- compressed ----------------------------------------------------------------------------

static GBytes *
big_compressed(const char *how, size_t *n_text)
{
    g_autoptr(GString) text = g_string_new(HEADER);
    for (int i = 0; i < 100000; i++)
        g_string_append_printf(text, "%d,%d,4,%d\n", i * 7 % 1000, i * 13 % 5000, 1260759144 + i);
    *n_text = text->len;
    return compress(how, text->str, text->len);
}

static void
damaged(void)
{
    static const char *const HOWS[] = {"gzip", "zstd"};
    for (size_t h = 0; h < G_N_ELEMENTS(HOWS); h++) {
        size_t n_text = 0;
        g_autoptr(GBytes) whole = big_compressed(HOWS[h], &n_text);
        gsize n = 0;
        const char *data = g_bytes_get_data(whole, &n);
        for (size_t keep = 3; keep < n; keep += n / 7) { // from within the header to near the end
            g_auto(Imported) cut = import_text("r.csv.gz", data, keep, NULL, "on-error=skip");
            g_assert_error(cut.error, RK_ERROR, RK_ERROR_DATA);
            if (keep > 4)
                g_assert_nonnull(strstr(cut.error->message, "stops too early"));
        }
        g_autofree char *broken = g_memdup2(data, n);
        memset(broken + n / 2, 0x55, 64);
        g_auto(Imported) result = import_text("r.csv.gz", broken, n, NULL, NULL);
        g_assert_error(result.error, RK_ERROR, RK_ERROR_DATA);
    }
}

static void
several_members(void)
{
    static const char *const HOWS[] = {"gzip", "zstd"};
    for (size_t h = 0; h < G_N_ELEMENTS(HOWS); h++) {
        g_autoptr(GBytes) a = compress(HOWS[h], HEADER GOOD1, strlen(HEADER GOOD1));
        g_autoptr(GBytes) b = compress(HOWS[h], GOOD2, strlen(GOOD2));
        g_autoptr(GByteArray) both = g_byte_array_new();
        g_byte_array_append(both, g_bytes_get_data(a, NULL), (guint)g_bytes_get_size(a));
        g_byte_array_append(both, g_bytes_get_data(b, NULL), (guint)g_bytes_get_size(b));
        g_auto(Imported) result =
            import_text("r.csv.gz", (const char *)both->data, both->len, NULL, NULL);
        g_assert_no_error(result.error);
        g_assert_cmpstr(result.rows->str, ==, ROWS);
        const guint n = both->len;
        g_byte_array_append(both, (const guint8 *)"\0\0\0\0\0\0\0\0", 8); // padding
        g_auto(Imported) padded =
            import_text("r.csv.gz", (const char *)both->data, both->len, NULL, NULL);
        g_assert_no_error(padded.error);
        g_assert_cmpstr(padded.rows->str, ==, ROWS);
        g_byte_array_set_size(both, n);
        g_byte_array_append(both, (const guint8 *)"rubbish", 7);
        g_auto(Imported) trailed =
            import_text("r.csv.gz", (const char *)both->data, both->len, NULL, NULL);
        g_assert_error(trailed.error, RK_ERROR, RK_ERROR_DATA);
        g_assert_nonnull(strstr(trailed.error->message, "other bytes follow"));
    }
}

// A gibibyte without a line feed between two good rows, as zstd, which packs it into some KiB.
static GBytes *
gibibyte_line(void)
{
    const size_t STEP = 1u << 20;
    g_autofree char *fill = g_strnfill(STEP, 'a');
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autofree char *buffer = g_malloc(ZSTD_CStreamOutSize());
    ZSTD_CStream *stream = ZSTD_createCStream();
    ZSTD_initCStream(stream, 1);
    for (int i = -1; i <= 1024; i++) {
        const char *text = i < 0 ? HEADER GOOD1 : i == 1024 ? "\n" GOOD2 : fill;
        ZSTD_inBuffer in = {text, strlen(text), 0};
        const ZSTD_EndDirective mode = i == 1024 ? ZSTD_e_end : ZSTD_e_continue;
        size_t left = 1;
        while (mode == ZSTD_e_end ? left > 0 : in.pos < in.size) {
            ZSTD_outBuffer slice = {buffer, ZSTD_CStreamOutSize(), 0};
            left = ZSTD_compressStream2(stream, &slice, &in, mode);
            g_assert_false(ZSTD_isError(left));
            g_byte_array_append(out, (const guint8 *)buffer, (guint)slice.pos);
        }
    }
    ZSTD_freeCStream(stream);
    return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}

static void
long_line(void)
{
    struct rusage before;
    struct rusage after;
    g_autoptr(GBytes) bytes = gibibyte_line();
    gsize n = 0;
    const char *data = g_bytes_get_data(bytes, &n);
    getrusage(RUSAGE_SELF, &before);
    g_auto(Imported) failed = import_text("r.csv.zst", data, n, "csv", NULL);
    g_assert_error(failed.error, RK_ERROR, RK_ERROR_DATA);
    if (!g_pattern_match_simple(
            "Can't import r.csv.zst: line 3 is longer than 16 MiB. *record.max*",
            failed.error->message))
        g_error("%s", failed.error->message);
    g_auto(Imported) skipped = import_text("r.csv.zst", data, n, "csv", "on-error=skip");
    g_assert_no_error(skipped.error);
    g_assert_cmpstr(skipped.rows->str, ==, ROWS);
    g_assert_cmpuint(skipped.report.skipped.n_skipped, ==, 1);
    getrusage(RUSAGE_SELF, &after);
#ifndef __SANITIZE_ADDRESS__ // whose quarantine keeps freed blocks
    // Two blocks of 16 MiB while one grows, and what malloc keeps; far from a gibibyte.
    g_assert_cmpint(after.ru_maxrss - before.ru_maxrss, <, 128 * 1024);
#endif
}

// ---- several files -------------------------------------------------------------------------

static void
repeated_ids(void)
{
    char *folder = make_folder();
    g_autofree char *events = write_file(folder, "ratings.csv", HEADER GOOD1, -1);
    g_autofree char *items = write_file(
        folder, "items.csv", "item,colour\n10,red\n11,blue\n10,green\n,grey\n12,blue\n", -1);
    const char *paths[] = {items, events, NULL};
    g_auto(Imported) failed = import_paths(paths, NULL, "items.role=items", NULL);
    g_assert_error(failed.error, RK_ERROR, RK_ERROR_DATA);
    g_autofree char *wanted = g_strdup_printf(
        "Can't import %s: line 4, column 1 (item) repeats the id \"10\" of line 2. *", items);
    if (!g_pattern_match_simple(wanted, failed.error->message))
        g_error("%s", failed.error->message);
    g_auto(Imported) skipped = import_paths(paths, NULL, "items.role=items on-error=skip", NULL);
    g_assert_no_error(skipped.error);
    g_assert_cmpstr(skipped.rows->str, ==,
                    "ratings: 1 | 10 | 4 | 1260759144\n"
                    "items: 10 | red\nitems: 11 | blue\nitems: 12 | blue\n");
    g_assert_cmpuint(skipped.report.skipped.n_skipped, ==, 2);
    g_auto(Imported) other = import_paths(paths, NULL, "items.role=other", NULL);
    g_assert_no_error(other.error);
    g_assert_cmpuint(other.report.n_rows[1], ==, 5);
    remove_folder(folder);
}

static void
no_files(void)
{
    char *folder = make_folder();
    const char *empty[] = {folder, NULL};
    g_auto(Imported) nothing = import_paths(empty, NULL, NULL, NULL);
    g_assert_error(nothing.error, RK_ERROR, RK_ERROR_DATA);
    g_autofree char *prose = write_file(folder, "README", "Nothing to see.\n", -1);
    g_auto(Imported) misread = import_paths(empty, NULL, NULL, NULL);
    g_assert_error(misread.error, RK_ERROR, RK_ERROR_DATA);
    g_assert_nonnull(strstr(misread.error->message, "none of its files is understood"));
    const char *absent[] = {"no/such/file.csv", NULL};
    g_auto(Imported) missing = import_paths(absent, NULL, NULL, NULL);
    g_assert_error(missing.error, RK_ERROR, RK_ERROR_NOT_FOUND);
    const char *twice[] = {"-", "-", NULL};
    g_auto(Imported) doubled = import_paths(twice, NULL, NULL, NULL);
    g_assert_error(doubled.error, RK_ERROR, RK_ERROR_USAGE);
    g_auto(Imported) format = IMPORT("r.csv", HEADER GOOD1, "csvv", NULL);
    g_assert_error(format.error, RK_ERROR, RK_ERROR_USAGE);
    g_assert_nonnull(strstr(format.error->message, "Did you mean csv?"));
    remove_folder(folder);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dataset/import-bad/errors name file, line and column and what to do", errors);
    g_test_add_func("/dataset/import-bad/on-error=skip keeps the good rows", skipping);
    g_test_add_func("/dataset/import-bad/many skipped rows are counted, few are shown",
                    many_skipped);
    g_test_add_func("/dataset/import-bad/cut and damaged compression is told", damaged);
    g_test_add_func("/dataset/import-bad/compressed members follow each other", several_members);
    g_test_add_func("/dataset/import-bad/a line of a gibibyte takes bounded memory", long_line);
    g_test_add_func("/dataset/import-bad/a side table says each id once", repeated_ids);
    g_test_add_func("/dataset/import-bad/files that aren't there", no_files);
    return g_test_run();
}
