// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/json_scan.h"

#include <string.h>

#define MAX_DEPTH 64 // of arrays and objects in each other

void
rk_json_scan_init(RkJsonScan *json, const char *text, size_t n)
{
    *json = (RkJsonScan){.p = text, .end = text + n};
}

static void
skip_space(RkJsonScan *json)
{
    while (json->p < json->end &&
           (*json->p == ' ' || *json->p == '\t' || *json->p == '\r' || *json->p == '\n'))
        json->p++;
}

static gboolean
fail(RkJsonScan *json, const char *wrong)
{
    if (json->wrong == NULL)
        json->wrong = wrong;
    return FALSE;
}

gboolean
rk_json_scan_take(RkJsonScan *json, char c)
{
    skip_space(json);
    if (json->p == json->end || *json->p != c)
        return FALSE;
    json->p++;
    return TRUE;
}

gboolean
rk_json_scan_at_end(RkJsonScan *json)
{
    skip_space(json);
    return json->p == json->end;
}

static gboolean
take_string(RkJsonScan *json, RkJsonSlice *value)
{
    const char *start = ++json->p;
    for (; json->p < json->end; json->p++) {
        const unsigned char c = (unsigned char)*json->p;
        if (c == '"') {
            value->type = RK_JSON_STRING;
            value->text = (RkCell){.text = start, .length = (uint32_t)(json->p++ - start)};
            return TRUE;
        }
        if (c < 0x20)
            return fail(json, "has a control byte in a string");
        if (c == '\\') {
            value->escaped = TRUE;
            if (++json->p == json->end)
                break;
        }
    }
    return fail(json, "has a string that is never closed");
}

static size_t
skip_digits(RkJsonScan *json)
{
    const char *start = json->p;
    while (json->p < json->end && g_ascii_isdigit(*json->p))
        json->p++;
    return (size_t)(json->p - start);
}

static gboolean
take_number(RkJsonScan *json, RkJsonSlice *value)
{
    const char *start = json->p;
    json->p += *json->p == '-';
    gboolean fits = skip_digits(json) > 0;
    if (json->p < json->end && *json->p == '.') {
        json->p++;
        fits = skip_digits(json) > 0 && fits;
    }
    if (json->p < json->end && (*json->p == 'e' || *json->p == 'E')) {
        json->p++;
        if (json->p < json->end && (*json->p == '+' || *json->p == '-'))
            json->p++;
        fits = skip_digits(json) > 0 && fits;
    }
    value->type = RK_JSON_NUMBER;
    value->text = (RkCell){.text = start, .length = (uint32_t)(json->p - start)};
    return fits || fail(json, "has a number that isn't one");
}

static gboolean
take_word(RkJsonScan *json, RkJsonSlice *value)
{
    static const struct {
        const char *word;
        RkJsonScanType type;
    } WORDS[] = {{"true", RK_JSON_TRUE},
                 {"false", RK_JSON_FALSE},
                 {"null", RK_JSON_NULL},
                 {"NaN", RK_JSON_NUMBER}};
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        const size_t n = strlen(WORDS[i].word);
        if ((size_t)(json->end - json->p) < n || memcmp(json->p, WORDS[i].word, n) != 0)
            continue;
        value->type = WORDS[i].type;
        value->text = (RkCell){.text = json->p, .length = (uint32_t)n};
        json->p += n;
        return TRUE;
    }
    return fail(json, *json->p == '\''
                          ? "has single quotes, as Python prints but JSON doesn't allow"
                          : "has something that is no JSON value");
}

// A string, number or word; the next byte isn't white space, a bracket or a brace.
static gboolean
take_scalar(RkJsonScan *json, RkJsonSlice *value)
{
    if (*json->p == '"')
        return take_string(json, value);
    if (*json->p == '-' || g_ascii_isdigit(*json->p))
        return take_number(json, value);
    return take_word(json, value);
}

gboolean
rk_json_scan_name(RkJsonScan *json, RkJsonSlice *name)
{
    *name = (RkJsonSlice){0};
    skip_space(json);
    if (json->p == json->end || *json->p != '"')
        return fail(json, "lacks a name in double quotes");
    return take_string(json, name) &&
           (rk_json_scan_take(json, ':') || fail(json, "lacks a ':' behind a name"));
}

gboolean
rk_json_scan_next(RkJsonScan *json, gboolean first, char close)
{
    if (json->wrong != NULL || rk_json_scan_take(json, close))
        return FALSE;
    return first || rk_json_scan_take(json, ',') || fail(json, "lacks a ',' or a closing bracket");
}

// An array or object and all within, by a stack of closing brackets rather than by recursion.
static gboolean
take_container(RkJsonScan *json, RkJsonSlice *value)
{
    char closing[MAX_DEPTH];
    int depth = 0;
    gboolean first = TRUE;
    const char *start = json->p;
    value->type = *start == '[' ? RK_JSON_ARRAY : RK_JSON_OBJECT;
    closing[depth++] = *json->p++ == '[' ? ']' : '}';
    while (depth > 0) {
        RkJsonSlice inner = {0};
        if (!rk_json_scan_next(json, first, closing[depth - 1])) {
            if (json->wrong != NULL)
                return FALSE;
            depth--;
            first = FALSE;
            continue;
        }
        first = FALSE;
        if (closing[depth - 1] == '}' && !rk_json_scan_name(json, &inner))
            return FALSE;
        skip_space(json);
        if (json->p == json->end)
            return fail(json, "ends within an array or object");
        if (*json->p != '[' && *json->p != '{') {
            if (!take_scalar(json, &inner))
                return FALSE;
            continue;
        }
        value->nested = TRUE;
        if (depth == MAX_DEPTH)
            return fail(json, "has arrays or objects more than 64 deep in each other");
        closing[depth++] = *json->p++ == '[' ? ']' : '}';
        first = TRUE;
    }
    value->text = (RkCell){.text = start, .length = (uint32_t)(json->p - start)};
    return TRUE;
}

gboolean
rk_json_scan_value(RkJsonScan *json, RkJsonSlice *value)
{
    *value = (RkJsonSlice){0};
    skip_space(json);
    if (json->p == json->end)
        return fail(json, "ends where a value should stand");
    if (*json->p == '[' || *json->p == '{')
        return take_container(json, value);
    return take_scalar(json, value);
}

// Four hexadecimal digits; -1 when they aren't.
static int32_t
read_hex(const char *p, const char *end)
{
    int32_t value = 0;
    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        const int digit = g_ascii_xdigit_value(p[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

// The character of a \u escape, p behind the u; two escapes where they are a surrogate pair.
static gboolean
read_unicode(const char **p, const char *end, gunichar *c)
{
    int32_t high = read_hex(*p, end);
    if (high <= 0)
        return FALSE;
    *p += 4;
    *c = (gunichar)high;
    if (high < 0xD800 || high > 0xDFFF)
        return TRUE;
    if (high > 0xDBFF || end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u')
        return FALSE;
    int32_t low = read_hex(*p + 2, end);
    if (low < 0xDC00 || low > 0xDFFF)
        return FALSE;
    *p += 6;
    *c = 0x10000 + (((gunichar)high - 0xD800) << 10) + ((gunichar)low - 0xDC00);
    return TRUE;
}

gssize
rk_json_scan_unescape(const RkCell *text, char *out)
{
    static const char FROM[] = "\"\\/bfnrt";
    static const char TO[] = "\"\\/\b\f\n\r\t";
    const char *p = text->text;
    const char *end = p + text->length;
    gssize n = 0;
    while (p < end) {
        if (*p != '\\') {
            out[n++] = *p++;
            continue;
        }
        if (++p == end || *p == '\0')
            return -1;
        const char *known = strchr(FROM, *p);
        if (known != NULL) {
            out[n++] = TO[known - FROM];
            p++;
            continue;
        }
        gunichar c = 0;
        if (*p++ != 'u' || !read_unicode(&p, end, &c))
            return -1;
        n += g_unichar_to_utf8(c, out + n); // at most 4 bytes for 6 or 12
    }
    return n;
}
