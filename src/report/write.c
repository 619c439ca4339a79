// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/write.h"

#include "report/export.h"
#include "report/report.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

static char *
make_html(const RkResults *const *results, guint n)
{
    g_autoptr(RkDocument) document = rk_report_new(results, n);
    return rk_document_to_html(document);
}

static char *
make_csv(const RkResults *const *results, guint n G_GNUC_UNUSED)
{
    return rk_export_csv(results[0]);
}

static char *
make_markdown(const RkResults *const *results, guint n G_GNUC_UNUSED)
{
    return rk_export_markdown(results[0]);
}

static char *
make_junit(const RkResults *const *results, guint n G_GNUC_UNUSED)
{
    return rk_export_junit(results[0]);
}

static char *
make_prometheus(const RkResults *const *results, guint n G_GNUC_UNUSED)
{
    return rk_export_prometheus(results[0]);
}

static char *
make_json(const RkResults *const *results, guint n G_GNUC_UNUSED)
{
    return rk_results_to_json(results[0]);
}

static const struct {
    const char *ending;
    gboolean several;                                        // takes more than one run
    char *(*make)(const RkResults *const *results, guint n); // NULL for PDF, which isn't text
} FORMS[] = {
    {".html", TRUE, make_html},        {".pdf", TRUE, NULL},          {".csv", FALSE, make_csv},
    {".json", FALSE, make_json},       {".md", FALSE, make_markdown}, {".xml", FALSE, make_junit},
    {".prom", FALSE, make_prometheus},
};

const char *
rk_report_forms(void)
{
    return "FILE.html, .pdf, .csv, .json, .md, .xml (JUnit) or .prom (Prometheus)";
}

static int
form_of(const char *path)
{
    g_autofree char *lower = g_ascii_strdown(path, -1);
    for (size_t i = 0; i < G_N_ELEMENTS(FORMS); i++)
        if (g_str_has_suffix(lower, FORMS[i].ending))
            return (int)i;
    return -1;
}

gboolean
rk_report_check_path(const char *path, GError **error)
{
    if (form_of(path) >= 0)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't write a report to %s: its ending names no form. Write to %s.", path,
                rk_report_forms());
    return FALSE;
}

static gboolean
write_text(const char *path, const char *text, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (g_file_set_contents(path, text, -1, &cause))
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_FAILED,
                "Can't write the report to %s: %s. Check that the folder is there and has room.",
                path, cause->message);
    return FALSE;
}

static gboolean
write_pdf(const RkResults *const *results, guint n, const char *path, GError **error)
{
    g_autoptr(RkDocument) document = rk_report_new(results, n);
    g_autofree char *part = g_strconcat(path, ".part", NULL);
    if (!rk_document_to_pdf(document, part, error)) {
        g_unlink(part);
        return FALSE;
    }
    if (g_rename(part, path) == 0)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_FAILED,
                "Can't write the report to %s: %s. Write to another folder.", path,
                g_strerror(errno));
    g_unlink(part);
    return FALSE;
}

gboolean
rk_report_write(const RkResults *const *results, guint n, const char *path, GError **error)
{
    g_return_val_if_fail(n > 0, FALSE);
    int form = form_of(path);
    if (form < 0)
        return rk_report_check_path(path, error);
    if (n > 1 && !FORMS[form].several) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't write %u runs to %s: that form takes one. Write to .html or .pdf.", n,
                    path);
        return FALSE;
    }
    if (FORMS[form].make == NULL)
        return write_pdf(results, n, path, error);
    g_autofree char *text = FORMS[form].make(results, n);
    return write_text(path, text, error);
}
