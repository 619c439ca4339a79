// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/text.h"

#include <pango/pangocairo.h>
#include <string.h>

struct RkMeasure {
    PangoFontMap *fonts;
    PangoContext *context;
    PangoLayout *layout;
    PangoFontDescription *font;
    GHashTable *widths; // "size bold text" -> double*, as charts measure the same ticks again
    double scale;
};

// Marks, embeddings, overrides and isolates: what may make a name look like another.
static gboolean
turns_direction(gunichar c)
{
    return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

static gboolean
is_no_character(gunichar c) // XML has no way to write them
{
    return (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
}

char *
rk_text_clean(const char *text)
{
    if (text == NULL)
        return g_strdup("");
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_sized_new(strlen(valid));
    for (const char *p = valid; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (turns_direction(c) || is_no_character(c))
            continue;
        gboolean control = g_unichar_iscntrl(c) || c == 0x2028 || c == 0x2029;
        g_string_append_unichar(out, control ? ' ' : c);
    }
    return g_strstrip(g_string_free(out, FALSE));
}

void
rk_text_escape(GString *to, const char *text)
{
    g_autofree char *clean = rk_text_clean(text);
    for (const char *p = clean; *p != '\0'; p++)
        switch (*p) {
        case '&':
            g_string_append(to, "&amp;");
            break;
        case '<':
            g_string_append(to, "&lt;");
            break;
        case '>':
            g_string_append(to, "&gt;");
            break;
        case '"':
            g_string_append(to, "&quot;");
            break;
        case '\'':
            g_string_append(to, "&#39;");
            break;
        default:
            g_string_append_c(to, *p);
        }
}

RkMeasure *
rk_measure_new(const char *family, double scale)
{
    RkMeasure *m = g_new0(RkMeasure, 1);
    m->scale = scale;
    m->fonts = pango_cairo_font_map_new();
    pango_cairo_font_map_set_resolution(PANGO_CAIRO_FONT_MAP(m->fonts), 96);
    m->context = pango_font_map_create_context(m->fonts);
    pango_context_set_round_glyph_positions(m->context, FALSE);
    g_autoptr(GString) unused = NULL;
    cairo_font_options_t *options = cairo_font_options_create();
    // Sizes must not depend on the surface: no hinting, so that print and screen agree.
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    pango_cairo_context_set_font_options(m->context, options);
    cairo_font_options_destroy(options);
    m->layout = pango_layout_new(m->context);
    pango_layout_set_single_paragraph_mode(m->layout, TRUE);
    m->font = pango_font_description_from_string(family != NULL ? family : RK_FONT);
    m->widths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return m;
}

void
rk_measure_free(RkMeasure *m)
{
    if (m == NULL)
        return;
    g_hash_table_unref(m->widths);
    pango_font_description_free(m->font);
    g_object_unref(m->layout);
    g_object_unref(m->context);
    g_object_unref(m->fonts);
    g_free(m);
}

double
rk_measure_scale(const RkMeasure *measure)
{
    return measure->scale;
}

PangoLayout *
rk_measure_layout(RkMeasure *m, const char *text, double size, gboolean bold)
{
    pango_font_description_set_absolute_size(m->font, size * m->scale * PANGO_SCALE);
    pango_font_description_set_weight(m->font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(m->layout, m->font);
    pango_layout_set_text(m->layout, text, -1);
    return m->layout;
}

double
rk_measure_width(RkMeasure *m, const char *text, double size, gboolean bold)
{
    const guint MANY = 4096; // a report of many trials measures many names once
    g_autofree char *key = g_strdup_printf("%.2f %d %s", size, bold, text);
    double *known = g_hash_table_lookup(m->widths, key);
    if (known != NULL)
        return *known;
    int width = 0;
    pango_layout_get_size(rk_measure_layout(m, text, size, bold), &width, NULL);
    known = g_new(double, 1);
    *known = (double)width / PANGO_SCALE;
    if (g_hash_table_size(m->widths) >= MANY)
        g_hash_table_remove_all(m->widths);
    g_hash_table_insert(m->widths, g_steal_pointer(&key), known);
    return *known;
}

// The first `head` and the last `tail` characters around an ellipsis.
static char *
shortened(const char *text, glong n, glong kept)
{
    glong tail = kept / 3, head = kept - tail;
    const char *end = g_utf8_offset_to_pointer(text, head);
    const char *rest = g_utf8_offset_to_pointer(text, n - tail);
    g_autofree char *first = g_strndup(text, (gsize)(end - text));
    return g_strconcat(g_strchomp(first), "…", rest, NULL);
}

char *
rk_measure_fit(RkMeasure *m, const char *text, double size, gboolean bold, double width)
{
    const glong LONGEST = 400; // characters that are worth measuring
    glong n = g_utf8_strlen(text, -1);
    if (n <= LONGEST && rk_measure_width(m, text, size, bold) <= width)
        return g_strdup(text);
    glong low = 0, high = MIN(n, LONGEST); // `low` fits, or nothing does
    while (low + 1 < high) {
        glong middle = (low + high) / 2;
        g_autofree char *candidate = shortened(text, n, middle);
        if (rk_measure_width(m, candidate, size, bold) <= width)
            low = middle;
        else
            high = middle;
    }
    return low > 0 ? shortened(text, n, low) : g_strdup("…");
}
