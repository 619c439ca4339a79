// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reports as HTML and PDF: the answer first, nothing from data gets out of its place, nothing is
// fetched, the same results give the same bytes.
#include "report/report.h"
#include "report/write.h"
#include "results_rig.h"

#include <glib/gstdio.h>
#include <string.h>

static char *
html_of(const RkResults *results)
{
    const RkResults *const all[] = {results};
    g_autoptr(RkDocument) document = rk_report_new(all, 1);
    return rk_document_to_html(document);
}

static void
opens_with_the_answer(void)
{
    g_autoptr(RkResults) results = results_rig_new(8);
    g_autofree char *html = html_of(results);
    static const char *const ORDER[] = {"<h1>",     "Recommended: batch.max=1, cache.policy=lru",
                                        "Gates",    "Charts",
                                        "<svg",     "Every trial",
                                        "00ff00ff", "How it was measured",
                                        "llvmpipe", "Checks of the measurement"};
    const char *at = html;
    for (size_t i = 0; i < G_N_ELEMENTS(ORDER); i++) {
        at = strstr(at, ORDER[i]);
        if (at == NULL)
            g_error("%s is missing, or comes too early", ORDER[i]);
    }
    g_autofree char *answer = rk_report_answer(results);
    g_assert_true(g_str_has_prefix(answer, "Recommended: batch.max=1"));
}

static void
the_same_bytes_again(void)
{
    g_autofree char *folder = g_dir_make_tmp("rankine-report-XXXXXX", NULL);
    char *bytes[2][2];
    gsize length[2][2];
    for (int k = 0; k < 2; k++)
        for (int form = 0; form < 2; form++) {
            g_autoptr(RkResults) results = results_rig_new(30);
            const RkResults *const all[] = {results};
            g_autoptr(GError) error = NULL;
            g_autofree char *name =
                g_build_filename(folder, form == 0 ? "report.html" : "report.pdf", NULL);
            rk_report_write(all, 1, name, &error);
            g_assert_no_error(error);
            g_assert_true(g_file_get_contents(name, &bytes[k][form], &length[k][form], NULL));
            g_unlink(name);
        }
    for (int form = 0; form < 2; form++) {
        g_assert_cmpmem(bytes[0][form], length[0][form], bytes[1][form], length[1][form]);
        g_free(bytes[0][form]);
        g_free(bytes[1][form]);
    }
    g_assert_cmpint(g_rmdir(folder), ==, 0); // no part of a file was left
}

static void
names_stay_names(void)
{
    g_autoptr(RkResults) results = results_rig_new(6);
    const char *const nasty = "</script></style><img src=x onerror=alert(1)>\"'\n\xE2\x80\xAE שלום";
    g_free(results->suite);
    results->suite = g_strdup(nasty);
    g_free(results->recommended.why);
    results->recommended.why = g_strdup(nasty);
    rk_settings_add_text(results->environment, nasty, nasty);
    for (guint i = 0; i < results->trials->len; i++) {
        RkTrialResult *trial = g_ptr_array_index(results->trials, i);
        RkSetting *setting = &g_array_index(trial->config, RkSetting, 1);
        g_free(setting->text);
        setting->text = g_strdup(nasty);
    }
    g_autofree char *html = html_of(results);
    g_assert_null(strstr(html, "<img"));
    g_assert_null(strstr(html, "\xE2\x80\xAE"));
    g_assert_nonnull(strstr(html, "&lt;img src=x onerror=alert(1)&gt;&quot;&#39;"));
    const char *script = strstr(html, "<script");
    g_assert_nonnull(script);
    g_assert_null(strstr(script + 1, "<script"));
}

// Nothing to fetch, and the page's policy would not let it; its own script is allowed by hash.
static void
is_self_contained(void)
{
    g_autoptr(RkResults) results = results_rig_new(5);
    g_autofree char *html = html_of(results);
    static const char *const NEVER[] = {"http:", "https:", " src=",   "@import",
                                        "url(",  "<link",  "<iframe", " onclick"};
    for (size_t i = 0; i < G_N_ELEMENTS(NEVER); i++)
        g_assert_null(strstr(html, NEVER[i]));
    const char *begin = strstr(html, "<script>") + strlen("<script>");
    const char *end = strstr(begin, "</script>");
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 digest[32];
    gsize n = sizeof digest;
    g_checksum_update(sum, (const guchar *)begin, end - begin);
    g_checksum_get_digest(sum, digest, &n);
    g_autofree char *base64 = g_base64_encode(digest, n);
    g_autofree char *policy = g_strdup_printf(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-%s'", base64);
    g_assert_nonnull(strstr(html, policy));
}

static void
no_trials_and_several_runs(void)
{
    g_autoptr(RkResults) none = results_rig_new(0);
    g_autoptr(RkResults) some = results_rig_new(3);
    g_autoptr(RkResults) bare = rk_results_new();
    g_autofree char *html = html_of(none);
    g_assert_nonnull(strstr(html, "There are no trials to choose from."));
    g_autofree char *empty = html_of(bare);
    g_assert_nonnull(strstr(empty, "There are no trials"));
    const RkResults *const all[] = {some, none, bare};
    g_autoptr(RkDocument) document = rk_report_new(all, 3);
    g_autofree char *both = rk_document_to_html(document);
    g_assert_nonnull(strstr(both, "The recommended setting of each run"));
}

static void
what_goes_wrong_is_said(void)
{
    g_autoptr(RkResults) results = results_rig_new(2);
    const RkResults *const all[] = {results, results};
    g_autoptr(GError) error = NULL;
    g_assert_false(rk_report_write(all, 1, "report.docx", &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
    g_clear_error(&error);
    g_assert_false(rk_report_write(all, 2, "report.csv", &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
    static const char *const NOWHERE[] = {"/nonesuch/r.html", "/nonesuch/r.pdf", "/nonesuch/r.csv"};
    for (size_t i = 0; i < G_N_ELEMENTS(NOWHERE); i++) {
        g_clear_error(&error);
        g_assert_false(rk_report_write(all, 1, NOWHERE[i], &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_FAILED);
        g_assert_nonnull(strstr(error->message, "nonesuch"));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/report/report/opens with the answer", opens_with_the_answer);
    g_test_add_func("/report/report/the same bytes again", the_same_bytes_again);
    g_test_add_func("/report/report/names stay names", names_stay_names);
    g_test_add_func("/report/report/is self-contained", is_self_contained);
    g_test_add_func("/report/report/no trials and several runs", no_trials_and_several_runs);
    g_test_add_func("/report/report/what goes wrong is said", what_goes_wrong_is_said);
    return g_test_run();
}
