// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/inputs.h"

#include <math.h>
#include <string.h>

// The most codes of a multi-valued field that are served; longer ones are cut.
#define BAG_MOST 64u

typedef struct {
    const RkModelFeature *about;
    const RkFrameField *field;
    RkFrameKey key;
    gboolean of_item; // in the item's record
    uint32_t offset;
    uint32_t words; // of a bag without its count
} Part;

struct RkServeInputs {
    const RkTrainFeatures *features;
    const RkFrame *frame;
    const RkHistory *history; // or NULL
    unsigned known;
    gboolean pairs, ranks_events;
    uint32_t n_users, n_items;
    uint32_t n_history; // words of the longest past
    uint32_t user_words, item_words;
    GArray *parts; // of Part
};

// Places in a user's record: the code, the past, its length.
enum { CODE, HISTORY };

static uint32_t
longest_bag(const RkServeInputs *in, const Part *part)
{
    uint32_t n_keys = part->key == RK_KEY_ROW    ? rk_frame_n_rows(in->frame)
                      : part->key == RK_KEY_USER ? in->n_users
                                                 : in->n_items;
    uint32_t longest = 1, n;
    for (uint32_t key = 0; key < n_keys && longest < BAG_MOST; key++) {
        rk_frame_codes(part->field, key, &n);
        longest = MAX(longest, n);
    }
    return MIN(longest, BAG_MOST);
}

static gboolean
add_parts(RkServeInputs *in, GError **error)
{
    const RkModelData *data = &in->features->data;
    for (uint32_t i = 0; i < data->n_features; i++) {
        Part part = {.about = &data->features[i]};
        if ((int)i == data->user || (int)i == data->item)
            continue;
        part.field = rk_frame_lookup(in->frame, part.about->name, &part.key);
        if (part.field == NULL) {
            g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                        "Can't serve the model: the dataset has no field %s. Import one that has.",
                        part.about->name);
            return FALSE;
        }
        part.of_item = part.key == RK_KEY_ITEM || (part.key == RK_KEY_ROW && in->ranks_events);
        gboolean is_bag = part.about->kind == RK_FEATURE_BAG;
        uint32_t *end = part.of_item ? &in->item_words : &in->user_words;
        part.words = !is_bag                 ? 1
                     : part.about->width > 0 ? part.about->width
                                             : longest_bag(in, &part);
        part.offset = *end;
        *end += part.words + is_bag;
        g_array_append_val(in->parts, part);
    }
    return TRUE;
}

static gboolean
find_history(RkServeInputs *in, GError **error)
{
    g_autoptr(GError) failure = NULL;
    in->history = rk_frame_history(in->features->frame, &failure);
    if (in->history != NULL || in->features->data.history == 0)
        return TRUE;
    g_propagate_prefixed_error(error, g_steal_pointer(&failure),
                               "Can't serve a model of users' histories: ");
    return FALSE;
}

RkServeInputs *
rk_serve_inputs_new(const RkTrainFeatures *features, gboolean pairs, unsigned known, GError **error)
{
    g_autoptr(RkServeInputs) in = g_new0(RkServeInputs, 1);
    const RkModelData *data = &features->data;
    in->features = features;
    in->frame = features->frame;
    in->known = known;
    in->pairs = pairs;
    in->ranks_events = data->item < 0;
    in->n_users = rk_frame_n_users(in->frame);
    in->n_items = in->ranks_events ? rk_frame_n_rows(in->frame) : rk_frame_n_items(in->frame);
    in->n_history = data->history;
    in->user_words = 1 + (data->history > 0 ? data->history + 1 : 0);
    in->item_words = 1;
    in->parts = g_array_new(FALSE, FALSE, sizeof(Part));
    if (!find_history(in, error) || !add_parts(in, error))
        return NULL;
    if (pairs || !in->ranks_events)
        return g_steal_pointer(&in);
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't serve the model: %s has no item field to rank. Import it with "
                "--set FIELD.kind=item.",
                rk_dataset_name(features->dataset));
    return NULL;
}

void
rk_serve_inputs_free(RkServeInputs *inputs)
{
    if (inputs == NULL)
        return;
    g_array_unref(inputs->parts);
    g_free(inputs);
}

uint32_t
rk_serve_inputs_n_users(const RkServeInputs *inputs)
{
    return inputs->n_users;
}

uint32_t
rk_serve_inputs_n_items(const RkServeInputs *inputs)
{
    return inputs->n_items;
}

uint32_t
rk_serve_inputs_user_words(const RkServeInputs *inputs)
{
    return inputs->user_words;
}

uint32_t
rk_serve_inputs_item_words(const RkServeInputs *inputs)
{
    return inputs->item_words;
}

// ---- records -------------------------------------------------------------------------------

static void
fill_part(const RkServeInputs *in, const Part *part, uint32_t key, uint32_t *record)
{
    uint32_t *to = record + part->offset;
    if (part->about->kind == RK_FEATURE_BAG) {
        const uint32_t *codes = rk_frame_codes(part->field, key, &to[0]);
        to[0] = MIN(to[0], part->words);
        for (uint32_t i = 0; i < part->words; i++)
            to[1 + i] = i < to[0] ? codes[i] : UINT32_MAX;
        return;
    }
    to[0] = rk_frame_value(in->frame, part->field, key);
    float number;
    memcpy(&number, to, sizeof number);
    if (part->about->kind == RK_FEATURE_NUMBER && isnan(number))
        to[0] = 0; // as loaders feed a missing number
    else if (part->about->kind == RK_FEATURE_CODE && to[0] >= part->about->rows)
        to[0] = UINT32_MAX;
}

// The last event that may be known of a user; UINT32_MAX without.
static uint32_t
last_event(const RkServeInputs *in, uint32_t user)
{
    const RkHistory *h = in->history;
    if (h == NULL || user >= h->n_users)
        return UINT32_MAX;
    for (uint64_t at = h->offset[user + 1]; at-- > h->offset[user];)
        if (in->known >> h->part[at] & 1)
            return h->row[at];
    return UINT32_MAX;
}

void
rk_serve_user_record(gconstpointer data, uint32_t user, void *record)
{
    const RkServeInputs *in = data;
    uint32_t *to = record, n = 0, row = in->pairs ? last_event(in, user) : UINT32_MAX;
    to[CODE] = user < in->n_users ? user : UINT32_MAX;
    if (in->n_history > 0) {
        if (user < in->n_users)
            n = rk_history_last(in->history, user, UINT32_MAX, in->known, in->n_history,
                                to + HISTORY);
        for (uint32_t i = n; i < in->n_history; i++)
            to[HISTORY + i] = UINT32_MAX;
        to[HISTORY + in->n_history] = n;
    }
    for (guint i = 0; i < in->parts->len; i++) {
        const Part *part = &g_array_index(in->parts, Part, i);
        if (!part->of_item)
            fill_part(in, part, part->key == RK_KEY_ROW ? row : user, to);
    }
}

void
rk_serve_item_record(gconstpointer data, uint32_t item, void *record)
{
    const RkServeInputs *in = data;
    uint32_t *to = record;
    to[CODE] = item < in->n_items ? item : UINT32_MAX;
    for (guint i = 0; i < in->parts->len; i++) {
        const Part *part = &g_array_index(in->parts, Part, i);
        if (part->of_item)
            fill_part(in, part, item, to);
    }
}

// ---- feeds ---------------------------------------------------------------------------------

static gboolean
id_feed(const RkServeInputs *in, const char *name, RkFeed *feed)
{
    const RkModelData *data = &in->features->data;
    feed->words = 1;
    feed->padding = UINT32_MAX;
    if (strcmp(name, "candidates") == 0)
        feed->kind = RK_FEED_CANDIDATES;
    if (data->user >= 0 && strcmp(name, data->features[data->user].name) == 0) {
        feed->ids = RK_IDS_USER;
        return TRUE;
    }
    feed->ids = RK_IDS_ITEM;
    feed->of_item = TRUE;
    return feed->kind == RK_FEED_CANDIDATES ||
           (data->item >= 0 && strcmp(name, data->features[data->item].name) == 0);
}

static gboolean
history_feed(const RkServeInputs *in, const char *name, RkFeed *feed)
{
    gboolean length = strcmp(name, "history.length") == 0;
    if (in->n_history == 0 || (!length && strcmp(name, "history") != 0))
        return FALSE;
    feed->offset = HISTORY + (length ? in->n_history : 0);
    feed->words = length ? 1 : in->n_history;
    feed->padding = length ? 0 : UINT32_MAX;
    feed->ids = length ? RK_IDS_NONE : RK_IDS_ITEM;
    return TRUE;
}

static gboolean
part_feed(const RkServeInputs *in, const char *name, RkFeed *feed)
{
    for (guint i = 0; i < in->parts->len; i++) {
        const Part *part = &g_array_index(in->parts, Part, i);
        size_t n = strlen(part->about->name);
        gboolean is_bag = part->about->kind == RK_FEATURE_BAG;
        gboolean is_ends = is_bag && strcmp(name + MIN(n, strlen(name)), ".ends") == 0;
        if (strncmp(name, part->about->name, n) != 0 || (name[n] != '\0' && !is_ends))
            continue;
        feed->of_item = part->of_item;
        feed->offset = part->offset;
        feed->words = part->words;
        feed->padding = part->about->kind == RK_FEATURE_NUMBER ? 0 : UINT32_MAX;
        feed->room = part->about->capacity;
        feed->kind = is_ends ? RK_FEED_BAG_ENDS : is_bag ? RK_FEED_BAG : RK_FEED_WORDS;
        if (is_bag && part->about->width > 0) { // of a fixed width: the codes without their count
            feed->kind = RK_FEED_WORDS;
            feed->offset++;
        }
        return TRUE;
    }
    return FALSE;
}

GArray *
rk_serve_inputs_feeds(const RkServeInputs *in, const RkGraph *graph, RkPlan *plan, GError **error)
{
    g_autoptr(GArray) feeds = g_array_new(FALSE, FALSE, sizeof(RkFeed));
    for (RkRef ref = 0; ref < rk_graph_size(graph); ref++) {
        const RkNode *node = rk_graph_node(graph, ref);
        if (node->kind != RK_NODE_INPUT || rk_plan_input(plan, ref, NULL) == NULL)
            continue;
        RkFeed id = {.input = ref, .kind = RK_FEED_WORDS}, past = id, part = id;
        if (id_feed(in, node->name, &id)) {
            g_array_append_val(feeds, id);
        } else if (history_feed(in, node->name, &past)) {
            g_array_append_val(feeds, past);
        } else if (part_feed(in, node->name, &part)) {
            g_array_append_val(feeds, part);
        } else {
            g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                        "Can't serve the model: nothing in the dataset is its input \"%s\".",
                        node->name);
            return NULL;
        }
    }
    return g_steal_pointer(&feeds);
}

// ---- what comes next -----------------------------------------------------------------------

static int
compare_pairs(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

uint32_t *
rk_serve_inputs_next_items(const RkServeInputs *in)
{
    const RkHistory *h = in->history;
    if (h == NULL || in->ranks_events)
        return NULL;
    uint64_t n = 0;
    g_autofree uint64_t *pair = g_new(uint64_t, h->offset[h->n_users] + 1);
    for (uint32_t u = 0; u < h->n_users; u++)
        for (uint64_t at = h->offset[u] + 1; at < h->offset[u + 1]; at++)
            if (h->part[at - 1] == RK_PART_TRAIN && h->part[at] == RK_PART_TRAIN)
                pair[n++] = (uint64_t)h->item[at - 1] << 32 | h->item[at];
    qsort(pair, n, sizeof *pair, compare_pairs);
    uint32_t *next = g_new(uint32_t, MAX(in->n_items, 1)), longest = 0, run = 0;
    for (uint32_t i = 0; i < in->n_items; i++)
        next[i] = UINT32_MAX;
    for (uint64_t i = 0; i < n; i++) {
        uint32_t item = (uint32_t)(pair[i] >> 32);
        if (i == 0 || pair[i - 1] >> 32 != item)
            longest = 0;
        run = i > 0 && pair[i - 1] == pair[i] ? run + 1 : 1;
        if (run > longest && item < in->n_items) {
            longest = run;
            next[item] = (uint32_t)pair[i];
        }
    }
    return next;
}
