// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/split-private.h"

#include "base/json.h"
#include "base/rng.h"
#include "dataset/streams.h"

#include <string.h>

static const char *const PARTS[RK_N_PARTS] = {"train", "valid", "test", "none"};

const char *
rk_part_name(RkPart part)
{
    g_assert((unsigned)part < RK_N_PARTS);
    return PARTS[part];
}

// ---- computed splits ---------------------------------------------------------------------------

static uint8_t
part_of_share(const RkSplit *split, uint32_t random)
{
    double u = random * 0x1p-32;
    if (u < split->test)
        return RK_PART_TEST;
    return u < split->test + split->valid ? RK_PART_VALID : RK_PART_TRAIN;
}

static uint8_t
part_of_fold(const RkSplit *split, uint32_t random)
{
    uint32_t fold = (uint32_t)(((uint64_t)random * split->n_folds) >> 32);
    return fold == split->fold ? RK_PART_TEST : RK_PART_TRAIN;
}

static const struct {
    const char *kind;
    uint8_t (*part)(const RkSplit *split, uint32_t random);
} COMPUTED[] = {{"random", part_of_share}, {"k-fold", part_of_fold}};

static int
find_computed(const char *kind)
{
    for (size_t i = 0; i < G_N_ELEMENTS(COMPUTED); i++)
        if (strcmp(COMPUTED[i].kind, kind) == 0)
            return (int)i;
    return -1;
}

static void
compute_parts(const RkSplit *split, uint64_t first, uint32_t n, uint8_t *part)
{
    int c = find_computed(split->kind);
    const uint32_t key[2] = {(uint32_t)split->seed, (uint32_t)(split->seed >> 32)};
    for (uint64_t row = first; row < first + n;) {
        uint64_t block = row / 4; // one call of the generator serves four rows
        const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), RK_STREAM_SPLIT, 0};
        RkRng4 r = rk_rng_philox(counter, key);
        do {
            part[row - first] = COMPUTED[c].part(split, r.v[row % 4]);
            row++;
        } while (row % 4 != 0 && row < first + n);
    }
}

// ---- parts in memory ---------------------------------------------------------------------------

RkSplit *
rk_split_alloc(const char *kind, uint64_t n_rows)
{
    RkSplit *split = g_new0(RkSplit, 1);
    split->kind = g_strdup(kind);
    split->n_rows = n_rows;
    if (find_computed(kind) < 0)
        split->packed = g_malloc0((n_rows + 3) / 4);
    return split;
}

void
rk_split_set(RkSplit *split, uint64_t row, RkPart part)
{
    unsigned shift = (unsigned)(row % 4) * 2;
    uint8_t *byte = &split->packed[row / 4];
    *byte = (uint8_t)((*byte & ~(3u << shift)) | ((unsigned)part << shift));
}

void
rk_split_count(RkSplit *split)
{
    uint8_t part[4096];
    memset(split->n, 0, sizeof split->n);
    for (uint64_t row = 0; row < split->n_rows; row += sizeof part) {
        uint32_t n = (uint32_t)MIN(sizeof part, split->n_rows - row);
        rk_split_parts(split, row, n, part);
        for (uint32_t i = 0; i < n; i++)
            split->n[part[i]]++;
    }
}

void
rk_split_parts(const RkSplit *split, uint64_t first, uint32_t n, uint8_t *part)
{
    g_assert(first + n <= split->n_rows);
    if (split->packed == NULL) {
        compute_parts(split, first, n, part);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint64_t row = first + i;
        part[i] = (split->packed[row / 4] >> (row % 4 * 2)) & 3;
    }
}

RkPart
rk_split_part(const RkSplit *split, uint64_t row)
{
    uint8_t part;
    rk_split_parts(split, row, 1, &part);
    return part;
}

RkSplit *
rk_split_new_parts(const char *kind, const uint8_t *part, uint64_t n_rows)
{
    RkSplit *split = rk_split_alloc(kind, n_rows);
    g_assert(split->packed != NULL);
    for (uint64_t row = 0; row < n_rows; row++)
        rk_split_set(split, row, part[row]);
    rk_split_count(split);
    return split;
}

RkSplit *
rk_split_new_ranges(const uint64_t *end, const RkPart *part, uint32_t n_ranges)
{
    RkSplit *split = rk_split_alloc("files", n_ranges > 0 ? end[n_ranges - 1] : 0);
    uint64_t row = 0;
    for (uint32_t i = 0; i < n_ranges; i++)
        for (; row < end[i]; row++)
            rk_split_set(split, row, part[i]);
    rk_split_count(split);
    return split;
}

RkSplit *
rk_split_filter(const RkSplit *split, const uint8_t *keep)
{
    uint64_t n_kept = 0;
    for (uint64_t row = 0; row < split->n_rows; row++)
        n_kept += (keep[row / 8] >> (row % 8)) & 1;
    RkSplit *kept = g_new0(RkSplit, 1);
    *kept = *split;
    kept->kind = g_strdup(split->kind);
    kept->n_rows = n_kept;
    kept->packed = g_malloc0((n_kept + 3) / 4);
    uint64_t to = 0;
    uint8_t part[4096];
    for (uint64_t row = 0; row < split->n_rows; row += sizeof part) {
        uint32_t n = (uint32_t)MIN(sizeof part, split->n_rows - row);
        rk_split_parts(split, row, n, part);
        for (uint32_t i = 0; i < n; i++)
            if ((keep[(row + i) / 8] >> ((row + i) % 8)) & 1)
                rk_split_set(kept, to++, part[i]);
    }
    rk_split_count(kept);
    return kept;
}

// A copy of a computed split, not yet counted; NULL when the split isn't one.
static RkSplit *
copy_computed(const RkSplit *split)
{
    if (split->packed != NULL)
        return NULL;
    RkSplit *copy = g_new0(RkSplit, 1);
    *copy = *split;
    copy->kind = g_strdup(split->kind);
    return copy;
}

RkSplit *
rk_split_fold(const RkSplit *split, uint32_t fold)
{
    RkSplit *other = fold < split->n_folds ? copy_computed(split) : NULL;
    if (other == NULL)
        return NULL;
    other->fold = fold;
    rk_split_count(other);
    return other;
}

RkSplit *
rk_split_resize(const RkSplit *split, uint64_t n_rows)
{
    RkSplit *other = copy_computed(split);
    if (other == NULL)
        return NULL;
    other->n_rows = n_rows;
    rk_split_count(other);
    return other;
}

void
rk_split_free(RkSplit *split)
{
    if (split == NULL)
        return;
    g_free(split->kind);
    g_free(split->packed);
    g_free(split);
}

const char *
rk_split_kind(const RkSplit *split)
{
    return split->kind;
}

uint64_t
rk_split_n_rows(const RkSplit *split)
{
    return split->n_rows;
}

uint64_t
rk_split_n(const RkSplit *split, RkPart part)
{
    g_assert((unsigned)part < RK_N_PARTS);
    return split->n[part];
}

// ---- stored ------------------------------------------------------------------------------------

char *
rk_split_to_json(const RkSplit *split)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    json_builder_begin_object(b);
    rk_json_add_text(b, "split", split->kind);
    rk_json_add_int(b, "rows", (int64_t)split->n_rows);
    for (int part = 0; part < RK_N_PARTS; part++)
        rk_json_add_int(b, PARTS[part], (int64_t)split->n[part]);
    rk_json_add_int(b, "seed", (int64_t)split->seed);
    rk_json_add_real(b, "valid_share", split->valid);
    rk_json_add_real(b, "test_share", split->test);
    rk_json_add_int(b, "folds", split->n_folds);
    rk_json_add_int(b, "fold", split->fold);
    rk_json_add_text(b, "kept", split->packed != NULL ? "bits" : "computed");
    json_builder_end_object(b);
    return rk_json_text(b, FALSE);
}

char *
rk_split_to_text(const RkSplit *split)
{
    static const char *const WORDS[RK_N_PARTS] = {"train", "validate", "test", "are in no part"};
    GString *text = g_string_new(NULL);
    g_string_printf(text, "Split %s", split->kind);
    if (split->n_folds > 0)
        g_string_append_printf(text, ", fold %u of %u", split->fold, split->n_folds);
    const char *between = ":";
    for (int part = 0; part < RK_N_PARTS; part++) {
        if (split->n[part] == 0)
            continue;
        g_string_append_printf(text, "%s %" G_GUINT64_FORMAT " rows %s", between, split->n[part],
                               WORDS[part]);
        between = ",";
    }
    return g_string_free(text, FALSE);
}

GBytes *
rk_split_to_bytes(const RkSplit *split)
{
    return split->packed != NULL ? g_bytes_new(split->packed, (split->n_rows + 3) / 4) : NULL;
}

static gboolean
read_json(RkSplit *split, JsonObject *o, gboolean *computed, GError **error)
{
    const char *kept = NULL, *kind = NULL;
    int64_t seed = 0, rows = 0, folds = 0, fold = 0;
    if (!rk_json_string(o, "split", &kind, error) || !rk_json_int(o, "rows", &rows, error) ||
        !rk_json_int(o, "seed", &seed, error) ||
        !rk_json_real(o, "valid_share", &split->valid, error) ||
        !rk_json_real(o, "test_share", &split->test, error) ||
        !rk_json_int(o, "folds", &folds, error) || !rk_json_int(o, "fold", &fold, error) ||
        !rk_json_string(o, "kept", &kept, error))
        return FALSE;
    *computed = strcmp(kept, "computed") == 0;
    split->kind = g_strdup(kind);
    split->n_rows = (uint64_t)rows;
    split->seed = (uint64_t)seed;
    split->n_folds = (uint32_t)folds;
    split->fold = (uint32_t)fold;
    if (rows < 0 || (*computed && find_computed(kind) < 0)) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "Can't read the split \"%s\": it doesn't say which rows are in it. Import the "
                    "dataset again.",
                    kind);
        return FALSE;
    }
    return TRUE;
}

RkSplit *
rk_split_from_json(const char *json, GBytes *bytes, GError **error)
{
    g_autoptr(JsonNode) root = rk_json_parse(json, "the split", error);
    if (root == NULL)
        return NULL;
    g_autoptr(RkSplit) split = g_new0(RkSplit, 1);
    gboolean computed = FALSE;
    if (!read_json(split, json_node_get_object(root), &computed, error))
        return NULL;
    if (!computed) {
        size_t expected = (split->n_rows + 3) / 4, size = 0;
        const void *data = bytes != NULL ? g_bytes_get_data(bytes, &size) : NULL;
        if (size != expected) {
            g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                        "Can't read the split \"%s\": it has %zu bytes for %" G_GUINT64_FORMAT
                        " rows, expected %zu. Import the dataset again.",
                        split->kind, size, split->n_rows, expected);
            return NULL;
        }
        split->packed = g_memdup2(data, MAX(size, 1));
        if (split->packed == NULL)
            split->packed = g_malloc0(1);
    }
    rk_split_count(split);
    return g_steal_pointer(&split);
}
