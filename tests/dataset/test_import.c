// SPDX-License-Identifier: GPL-3.0-or-later
//
// Every format: what is found out about a file, and the rows that come out.
#include "import_rig.h"

#include <string.h>

typedef struct {
    const char *name, *text;
    const char *format;      // to be found
    const char *assignments; // as for --set
    const char *schema, *rows;
} Case;

static const Case CASES[] = {
    // ---- separated values
    {"r.csv", "userId,itemId,rating,timestamp\n1,10,4.5,1260759144\n2,\"11\",3,1260759145\n", "csv",
     NULL, "r(events): userId user, itemId item, rating label, timestamp timestamp\n",
     "r: 1 | 10 | 4.5 | 1260759144\nr: 2 | 11 | 3 | 1260759145\n"},
    {"r.tsv", "1\t10\t4\t1260759144\r\n2\t11\t3\t1260759145\r\n", "csv", NULL,
     "r(events): column_1 user, column_2 item, column_3 label, column_4 timestamp\n",
     "r: 1 | 10 | 4 | 1260759144\nr: 2 | 11 | 3 | 1260759145\n"},
    {"r.txt", "1;10;4\n2;11;3", "csv", NULL,
     "r(events): column_1 user, column_2 item, column_3 label\n", "r: 1 | 10 | 4\nr: 2 | 11 | 3\n"},
    {"bom.csv", "\xEF\xBB\xBFuser,item,title\na,x,\"One, \"\"two\"\"\nthree\"\n\nb,y,\n", "csv",
     NULL, "bom(events): user user, item item, title text\n",
     "bom: a | x | One, \"two\"\nthree\nbom: b | y | \n"},
    {"hive",
     "u1\x01i1\x01"
     "1\nu2\x01i2\x01"
     "0\n",
     "csv", NULL, "hive(events): column_1 user, column_2 item, column_3 label\n",
     "hive: u1 | i1 | 1\nhive: u2 | i2 | 0\n"},
    {"odd.txt", "a<>b<>1\nc<>d<>2\n", "csv", "separator=<> header=no",
     "odd(events): column_1 user, column_2 item, column_3 label\n",
     "odd: a | b | 1\nodd: c | d | 2\n"},
    {"quote.tsv", "user\titem\ttag\n1\t2\t\"good\" film\n3\t4\tplain\n", "csv", NULL,
     "quote(events): user user, item item, tag categorical\n",
     "quote: 1 | 2 | \"good\" film\nquote: 3 | 4 | plain\n"},
    {"pandas.csv", ",user_id,item_id,when\n0,7,8,2016-10-16 17:57:24\n1,9,8,2016-10-17\n", "csv",
     "when.kind=ignore",
     "pandas(events): column_1 number, user_id user, item_id item, when ignore\n",
     "pandas: 0 | 7 | 8 | 2016-10-16 17:57:24\npandas: 1 | 9 | 8 | 2016-10-17\n"},
    {"null.csv", "user,item,rating\n1,2,NULL\n3,NULL,4\n", "csv", "missing=NULL",
     "null(events): user user, item item, rating label\n", "null: 1 | 2 | \nnull: 3 |  | 4\n"},
    {"latin.csv", "user,item,tag\n1,2,caf\xE9\n", "csv", "encoding=latin1",
     "latin(events): user user, item item, tag categorical\n", "latin: 1 | 2 | caf\xC3\xA9\n"},
    {"ctr.csv", "click,hour,ad,site\n1,3,a,x\n0,4,b,x\n", "csv", NULL,
     "ctr(events): click label, hour number, ad categorical, site categorical\n",
     "ctr: 1 | 3 | a | x\nctr: 0 | 4 | b | x\n"},
    {"behaviour.csv", "1,2268318,2520377,pv,1511544070\n1,2333346,2520771,buy,1511561733\n", "csv",
     NULL,
     "behaviour(events): column_1 user, column_2 item, column_3 number, column_4 categorical, "
     "column_5 timestamp\n",
     "behaviour: 1 | 2268318 | 2520377 | pv | 1511544070\n"
     "behaviour: 1 | 2333346 | 2520771 | buy | 1511561733\n"},
    {"text.csv", "user,item,review,reviewTime\n1,2,\"Good, yes\",\"09 13, 2009\"\n", "csv", NULL,
     "text(events): user user, item item, review text, reviewTime text\n",
     "text: 1 | 2 | Good, yes | 09 13, 2009\n"},
    // ---- MovieLens
    {"tags.csv", "userId,movieId,tag,timestamp\n15,339,fun,1138537770\n", "movielens", NULL,
     "tags(events): userId user, movieId item, tag categorical, timestamp timestamp\n",
     "tags: 15 | 339 | fun | 1138537770\n"},
    {"movies.csv", "movieId,title,genres\n1,\"A, B\",Drama|War\n", "movielens",
     "movies.role=events", "movies(events): movieId item, title text, genres multi\n",
     "movies: 1 | A, B | Drama|War\n"},
    {"u.data", "196\t242\t3\t881250949\n186\t302\t3\t891717742\n", "movielens", NULL,
     "ratings(events): user_id user, item_id item, rating label, timestamp timestamp\n",
     "ratings: 196 | 242 | 3 | 881250949\nratings: 186 | 302 | 3 | 891717742\n"},
    {"u.item",
     "1|Caf\xE9 (1995)|01-Jan-1995||http://a|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
     "2|None||||0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n",
     "movielens", "movies.role=events",
     "movies(events): item_id item, title text, release_date text, video_release_date text, "
     "imdb_url text, genres multi\n",
     "movies: 1 | Caf\xC3\xA9 (1995) | 01-Jan-1995 |  | http://a | Animation|Children's|Comedy\n"
     "movies: 2 | None |  |  |  | \n"},
    {"ratings.dat", "1::1193::5::978300760\n1::661::3::978302109\n", "movielens", NULL,
     "ratings(events): user_id user, movie_id item, rating label, timestamp timestamp\n",
     "ratings: 1 | 1193 | 5 | 978300760\nratings: 1 | 661 | 3 | 978302109\n"},
    {"movies.dat", "1::Star: \"War\" (1977)::Action|Sci-Fi\n", "movielens", "movies.role=events",
     "movies(events): movie_id item, title text, genres multi\n",
     "movies: 1 | Star: \"War\" (1977) | Action|Sci-Fi\n"},
    // ---- RecBole
    {"ml.inter", "user_id:token\titem_id:token\trating:float\ttimestamp:float\nu1\ti1\t4\t8.5e8\n",
     "recbole", NULL, "ml(events): user_id user, item_id item, rating label, timestamp timestamp\n",
     "ml: u1 | i1 | 4 | 8.5e8\n"},
    {"ml.item", "item_id:token\tgenre:token_seq\tprice:float\tvec:float_seq\ni1\tA B\t2.5\t1 2\n",
     "recbole", "ml.role=events", "ml(events): item_id item, genre multi, price number, vec text\n",
     "ml: i1 | A B | 2.5 | 1 2\n"},
    {"seq.inter", "user_id:token\titem_id_list:token_seq\titem_id:token\nu1\ti1 i2\ti3\n",
     "recbole", NULL, "seq(events): user_id user, item_id_list multi, item_id item\n",
     "seq: u1 | i1 i2 | i3\n"},
    // ---- sparse lines
    {"a.libfm", "5 0:1 17:1\n3 2:1\n", "libsvm", NULL, "a(events): label label, features multi\n",
     "a: 5 | 0 17\na: 3 | 2\n"},
    {"a.svm", "+1 1:0.5 3:2 # note\n-1 2:1\n# all of it\n", "libsvm", NULL,
     "a(events): label label, f0 number, f1 number, f2 number, f3 number\n",
     "a: +1 | 0 | 0.5 | 0 | 2\na: -1 | 0 | 0 | 1 | 0\n"},
    {"big.svm", "1 1:0.5 70000:1\n0 2:3\n", "libsvm", NULL,
     "big(events): label label, features multi\n", "big: 1 | 1:0.5 70000:1\nbig: 0 | 2:3\n"},
    {"rank.txt", "2 qid:7 1:1 2:1\n0 qid:7 2:1\n", "libsvm", NULL,
     "rank(events): label label, qid categorical, features multi\n",
     "rank: 2 | 7 | 1 2\nrank: 0 | 7 | 2\n"},
    {"a.ffm", "1 0:5:1 1:7:1\n0 0:6:1 1:8:0.25\n", "libsvm", NULL,
     "a(events): label label, field0 categorical, field1 categorical\n",
     "a: 1 | 5 | 7\na: 0 | 6 | 8:0.25\n"},
    {"m.ffm", "1 0:5:1 0:6:1 0:7:1 1:7:1\n", "libsvm", NULL,
     "m(events): label label, field0 multi, field1 multi\n", "m: 1 | 5 6 7 | 7\n"},
    // ---- Criteo
    {"train.txt",
     "0\t1\t1\t5\t0\t1382\t4\t15\t2\t181\t1\t2\t\t2\t68fd1e64\t80e26c9b\tfb936136\t7b4723c4\t"
     "25c83c98\t7e0ccccf\tde7995b8\t1f89b562\ta73ee510\ta8cd5504\tb2cb9c98\t37c9c164\t2824a5f6\t"
     "1adce6ef\t8ba8b39a\t891b62e7\te5ba7672\tf54016b9\t21ddcdc9\tb1252a9d\t07b5194c\t\t3a171ecb\t"
     "c5c50484\te8b83407\t9727dd16\n",
     "criteo", NULL,
     "events(events): label label, I1 number, I2 number, I3 number, I4 number, I5 number, I6 "
     "number, "
     "I7 number, I8 number, I9 number, I10 number, I11 number, I12 number, I13 number, C1 "
     "categorical, C2 categorical, C3 categorical, C4 categorical, C5 categorical, C6 categorical, "
     "C7 categorical, C8 categorical, C9 categorical, C10 categorical, C11 categorical, C12 "
     "categorical, C13 categorical, C14 categorical, C15 categorical, C16 categorical, C17 "
     "categorical, C18 categorical, C19 categorical, C20 categorical, C21 categorical, C22 "
     "categorical, C23 categorical, C24 categorical, C25 categorical, C26 categorical\n",
     "events: 0 | 1 | 1 | 5 | 0 | 1382 | 4 | 15 | 2 | 181 | 1 | 2 |  | 2 | 68fd1e64 | 80e26c9b | "
     "fb936136 | 7b4723c4 | 25c83c98 | 7e0ccccf | de7995b8 | 1f89b562 | a73ee510 | a8cd5504 | "
     "b2cb9c98 | 37c9c164 | 2824a5f6 | 1adce6ef | 8ba8b39a | 891b62e7 | e5ba7672 | f54016b9 | "
     "21ddcdc9 | b1252a9d | 07b5194c |  | 3a171ecb | c5c50484 | e8b83407 | 9727dd16\n"},
    // ---- plain lines
    {"gowalla.txt", "0 5 6 7\n1 8\n2 \n3 9 5\n", "lines", NULL,
     "gowalla(events): user user, item item\n",
     "gowalla: 0 | 5\ngowalla: 0 | 6\ngowalla: 0 | 7\ngowalla: 1 | 8\ngowalla: 3 | 9\n"
     "gowalla: 3 | 5\n"},
    {"pairs.txt", "0 5\n1 8\n", "lines", NULL, "pairs(events): user user, item item\n",
     "pairs: 0 | 5\npairs: 1 | 8\n"},
    // ---- NCF
    {"ml-1m.test.rating", "0\t25\t5\t978824351\n1\t133\t3\t978300174\n", "ncf", NULL,
     "ml-1m(events): user user, item item, rating label, timestamp timestamp\n",
     "ml-1m: 0 | 25 | 5 | 978824351\nml-1m: 1 | 133 | 3 | 978300174\n"},
    {"ml-1m.test.negative", "(0,25)\t1064\t174\n(1,133)\t1072\n", "ncf", "negatives.role=events",
     "negatives(events): user user, item item, negatives multi\n",
     "negatives: 0 | 25 | 1064\t174\nnegatives: 1 | 133 | 1072\n"},
    // ---- JSON Lines
    {"r.jsonl",
     "{\"user\": {\"id\": \"a\\u00e9\\ud83d\\ude00\", \"vip\": true}, \"item\": 7, \"stars\": "
     "4.5}\n"
     "{\"item\": 8, \"user\": {\"id\": \"b\", \"vip\": null}, \"stars\": NaN, \"x\": {}}\n",
     "jsonl", "user.id.kind=user",
     "r(events): user.id user, user.vip number, item item, stars label\n",
     "r: a\xC3\xA9\xF0\x9F\x98\x80 | 1 | 7 | 4.5\nr: b |  | 8 | \n"},
    {"latin.jsonl", "{\"user\":\"a\\u00e9\",\"item\":\"b\xE9\"}\n", "jsonl", "encoding=latin1",
     "latin(events): user user, item item\n", "latin: a\xC3\xA9 | b\xC3\xA9\n"},
    {"arrays.jsonl",
     "{\"user\":1,\"item\":2,\"tags\":[\"a|b\",\"c\"],\"deep\":[[1],{\"k\":\"]\"}],\"none\":[]}\n"
     "{\"user\":1,\"item\":3,\"tags\":[\"d\"],\"deep\":[],\"none\":[null]}\n",
     "jsonl", NULL, "arrays(events): user user, item item, tags multi, deep text, none multi\n",
     "arrays: 1 | 2 | a|b;c | [[1],{\"k\":\"]\"}] | \narrays: 1 | 3 | d | [] | \n"},
};

static void
check_case(const Case *c, const char *name, const char *text, size_t n)
{
    g_auto(Imported) result = import_text(name, text, n, NULL, c->assignments);
    if (result.error != NULL)
        g_error("%s: %s", name, result.error->message);
    RkImportFileInfo info = rk_import_file(result.import, 0);
    g_autofree char *schema = schema_text(rk_import_schema(result.import));
    g_assert_nonnull(info.why);
    g_assert_cmpstr(info.format, ==, c->format);
    g_assert_cmpstr(schema, ==, c->schema);
    g_assert_cmpstr(result.rows->str, ==, c->rows);
}

static void
formats(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_test_message("%s", CASES[i].name);
        check_case(&CASES[i], CASES[i].name, CASES[i].text, strlen(CASES[i].text));
    }
}

static void
compressed(void)
{
    static const char *const HOWS[] = {"gzip", "zstd"};
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++)
        for (size_t h = 0; h < G_N_ELEMENTS(HOWS); h++) {
            g_autoptr(GBytes) bytes = compress(HOWS[h], CASES[i].text, strlen(CASES[i].text));
            g_autofree char *name = g_strconcat(CASES[i].name, h ? ".zst" : ".gz", NULL);
            gsize n = 0;
            const char *data = g_bytes_get_data(bytes, &n);
            check_case(&CASES[i], name, data, n);
        }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dataset/import/every format is found out and read", formats);
    g_test_add_func("/dataset/import/the same compressed by gzip and zstd", compressed);
    return g_test_run();
}
