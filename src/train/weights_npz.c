// SPDX-License-Identifier: GPL-3.0-or-later
//
// NumPy's archives: a zip of arrays, each a header that says dtype, order and shape, then numbers
// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
#include "train/weights-private.h"

#include <string.h>
#include <zip.h>

#define MAGIC     "\x93NUMPY"
#define MAGIC_LEN 6u

// ---- numbers -------------------------------------------------------------------------------

static double
read_f16(const void *p)
{
    uint16_t half;
    memcpy(&half, p, sizeof half);
    return rk_f16_to_float(half);
}

#define READER(name, type)                                                                         \
    static double read_##name(const void *p)                                                       \
    {                                                                                              \
        type value;                                                                                \
        memcpy(&value, p, sizeof value);                                                           \
        return (double)value;                                                                      \
    }
READER(f32, float)
READER(f64, double)
READER(i8, int8_t)
READER(u8, uint8_t)
READER(i16, int16_t)
READER(u16, uint16_t)
READER(i32, int32_t)
READER(u32, uint32_t)
READER(i64, int64_t)
READER(u64, uint64_t)

static const struct {
    const char *descr;
    size_t bytes;
    double (*read)(const void *p);
} NUMBERS[] = {
    {"<f4", 4, read_f32}, {"<f8", 8, read_f64}, {"<f2", 2, read_f16}, {"|i1", 1, read_i8},
    {"|u1", 1, read_u8},  {"<i2", 2, read_i16}, {"<u2", 2, read_u16}, {"<i4", 4, read_i32},
    {"<u4", 4, read_u32}, {"<i8", 8, read_i64}, {"<u8", 8, read_u64}, {"|b1", 1, read_u8},
};

// ---- the header ----------------------------------------------------------------------------

typedef struct {
    size_t kind; // in NUMBERS
    RkTensor type;
    size_t begin; // of the numbers
} Header;

static gboolean
refuse(GError **error, const char *what)
{
    g_set_error(error, RK_ERROR, RK_ERROR_DATA, "%s", what);
    return FALSE;
}

// "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }"
static gboolean
parse_header(const char *text, Header *header, GError **error)
{
    g_autoptr(GRegex) regex = g_regex_new("'descr':\\s*'([^']*)'.*'fortran_order':\\s*(True|False)"
                                          ".*'shape':\\s*\\(([0-9, ]*)\\)",
                                          G_REGEX_DOTALL, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    if (!g_regex_match(regex, text, 0, &match))
        return refuse(error, "its header is not NumPy's");
    g_autofree char *descr = g_match_info_fetch(match, 1);
    g_autofree char *fortran = g_match_info_fetch(match, 2);
    g_autofree char *shape = g_match_info_fetch(match, 3);
    size_t kind = 0;
    while (kind < G_N_ELEMENTS(NUMBERS) && strcmp(NUMBERS[kind].descr, descr) != 0)
        kind++;
    if (kind == G_N_ELEMENTS(NUMBERS))
        return refuse(error, "its dtype is not read here: save it as float32");
    header->kind = kind;
    header->type = (RkTensor){.dtype = RK_F32};
    g_auto(GStrv) parts = g_strsplit(shape, ",", -1);
    for (char **part = parts; *part != NULL; part++) {
        guint64 n;
        if (*g_strstrip(*part) == '\0')
            continue;
        if (header->type.rank == RK_MAX_RANK ||
            !g_ascii_string_to_unsigned(*part, 10, 0, UINT32_MAX - 1, &n, NULL))
            return refuse(error, "it has more than 4 dimensions or too large a one");
        header->type.dim[header->type.rank++] = (uint32_t)n;
    }
    if (strcmp(fortran, "True") == 0 && header->type.rank > 1)
        return refuse(error, "it is in Fortran order: save numpy.ascontiguousarray() of it");
    return TRUE;
}

static gboolean
read_header(const uint8_t *bytes, size_t n, Header *header, GError **error)
{
    if (n < 12 || memcmp(bytes, MAGIC, MAGIC_LEN) != 0)
        return refuse(error, "it is not a NumPy array");
    gboolean wide = bytes[6] >= 2; // from format version 2 the length has four bytes
    size_t length = bytes[8] | (size_t)bytes[9] << 8;
    if (wide)
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    size_t at = wide ? 12 : 10;
    if (length > n - at)
        return refuse(error, "its header is cut off");
    g_autofree char *text = g_strndup((const char *)bytes + at, length);
    header->begin = at + length;
    return parse_header(text, header, error);
}

static gboolean
take_array(RkWeights *weights, const char *name, const uint8_t *bytes, size_t n, GError **error)
{
    Header header;
    if (!read_header(bytes, n, &header, error))
        return FALSE;
    uint64_t count = 1; // at most 2^128 by its dimensions: multiply with care
    for (uint32_t i = 0; i < header.type.rank; i++)
        if (!g_uint64_checked_mul(&count, count, header.type.dim[i]) || count > G_MAXINT32)
            return refuse(error, "it has too many elements");
    size_t each = NUMBERS[header.kind].bytes;
    if (n - header.begin != count * each)
        return refuse(error, "it has fewer or more numbers than its shape says");
    float *values = g_new(float, MAX(count, 1));
    for (uint64_t i = 0; i < count; i++)
        values[i] = (float)NUMBERS[header.kind].read(bytes + header.begin + i * each);
    rk_weights_take(weights, name, &header.type, values);
    return TRUE;
}

// ---- the archive ---------------------------------------------------------------------------

static gboolean
read_entry(RkWeights *weights, zip_t *zip, zip_uint64_t i, GError **error)
{
    zip_stat_t stat;
    if (zip_stat_index(zip, i, 0, &stat) != 0 || stat.size > G_MAXINT32)
        return refuse(error, "an entry can't be read");
    g_autofree char *name = g_strdup(stat.name);
    if (g_str_has_suffix(name, ".npy"))
        name[strlen(name) - 4] = '\0';
    zip_file_t *file = zip_fopen_index(zip, i, 0);
    if (file == NULL)
        return refuse(error, zip_strerror(zip));
    g_autofree uint8_t *bytes = g_malloc(MAX(stat.size, 1));
    zip_int64_t got = zip_fread(file, bytes, stat.size);
    gboolean whole = zip_fclose(file) == 0 && got == (zip_int64_t)stat.size;
    if (!whole)
        refuse(error, "it is damaged");
    if (whole && rk_weights_find(weights, name) != NULL)
        whole = refuse(error, "it is there twice");
    if (whole && take_array(weights, name, bytes, stat.size, error))
        return TRUE;
    g_prefix_error(error, "array %s: ", name);
    return FALSE;
}

RkWeights *
rk_weights_read_npz(const char *path, GError **error)
{
    int code = 0;
    zip_t *zip = zip_open(path, ZIP_RDONLY, &code);
    if (zip == NULL) {
        zip_error_t why;
        zip_error_init_with_code(&why, code);
        g_set_error(error, RK_ERROR, RK_ERROR_FAILED, "Can't read the weights in %s: %s.", path,
                    zip_error_strerror(&why));
        zip_error_fini(&why);
        return NULL;
    }
    g_autoptr(RkWeights) weights = rk_weights_new();
    gboolean read = TRUE;
    for (zip_int64_t i = 0; read && i < zip_get_num_entries(zip, 0); i++)
        read = read_entry(weights, zip, (zip_uint64_t)i, error);
    zip_discard(zip);
    if (read)
        return g_steal_pointer(&weights);
    g_prefix_error(error, "Can't read the weights in %s: ", path);
    return NULL;
}

// A header of 64 bytes or a multiple, then the numbers.
static GByteArray *
array_bytes(const RkWeight *weight)
{
    g_autoptr(GString) shape = g_string_new(NULL);
    for (uint32_t i = 0; i < weight->type.rank; i++)
        g_string_append_printf(shape, "%u,%s", weight->type.dim[i],
                               i + 1 < weight->type.rank ? " " : "");
    gboolean codes = weight->type.dtype == RK_U32;
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_printf(text, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                    codes ? "<u4" : "<f4", shape->str);
    while ((10 + text->len + 1) % 64 != 0)
        g_string_append_c(text, ' ');
    g_string_append_c(text, '\n');
    const uint8_t start[] = {1, 0, (uint8_t)(text->len & 255), (uint8_t)(text->len >> 8)};
    GByteArray *bytes = g_byte_array_new();
    g_byte_array_append(bytes, (const uint8_t *)MAGIC, MAGIC_LEN);
    g_byte_array_append(bytes, start, sizeof start);
    g_byte_array_append(bytes, (const uint8_t *)text->str, (guint)text->len);
    uint64_t n = rk_tensor_numel(&weight->type);
    g_autofree float *values = codes ? NULL : rk_weight_floats(weight);
    g_byte_array_append(bytes, codes ? weight->packed : (const void *)values, (guint)(n * 4));
    return bytes;
}

gboolean
rk_weights_write_npz(const RkWeights *weights, const char *path, GError **error)
{
    int code = 0;
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    g_autoptr(GPtrArray) kept =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref); // until zip_close()
    gboolean written = zip != NULL;
    for (guint i = 0; written && i < weights->list->len; i++) {
        const RkWeight *weight = g_ptr_array_index(weights->list, i);
        GByteArray *bytes = array_bytes(weight);
        g_ptr_array_add(kept, bytes);
        g_autofree char *name = g_strconcat(weight->name, ".npy", NULL);
        zip_source_t *source = zip_source_buffer(zip, bytes->data, bytes->len, 0);
        zip_int64_t at = zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8);
        // No time of writing, so that the same weights give the same bytes.
        const zip_uint16_t JANUARY_1980 = 1 << 5 | 1;
        written = at >= 0 &&
                  zip_set_file_compression(zip, (zip_uint64_t)at, ZIP_CM_STORE, 0) == 0 &&
                  zip_file_set_dostime(zip, (zip_uint64_t)at, 0, JANUARY_1980, 0) == 0;
    }
    g_autofree char *why = written ? NULL : g_strdup(zip ? zip_strerror(zip) : "can't open it");
    if (written && zip_close(zip) == 0)
        return TRUE;
    if (why == NULL)
        why = g_strdup(zip_strerror(zip));
    if (zip != NULL)
        zip_discard(zip);
    g_set_error(error, RK_ERROR, RK_ERROR_FAILED, "Can't write the weights to %s: %s.", path, why);
    return FALSE;
}
