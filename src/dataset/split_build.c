// SPDX-License-Identifier: GPL-3.0-or-later
//
// Finding the parts. Nothing here holds a column in memory: boundaries in time come from counting
// passes, last events from two entries a user.
#include "dataset/split-private.h"

#include <string.h>

const RkParam rk_split_params[] = {
    {"split", RK_PARAM_CHOICE, 0, 0, "random", NULL,
     "random|leave-last|leave-last-two|temporal|k-fold|all", "How rows are split into parts"},
    {"split.valid", RK_PARAM_REAL, 0, 0.9, "0.1", NULL, NULL,
     "Share that validates (random, temporal)"},
    {"split.test", RK_PARAM_REAL, 0, 0.9, "0.1", NULL, NULL, "Share that tests (random, temporal)"},
    {"split.folds", RK_PARAM_INT, 2, 100, "5", "folds", NULL, "Number of folds (k-fold)"},
    {"split.fold", RK_PARAM_INT, 0, 99, "0", NULL, NULL, "The fold that tests (k-fold)"},
};
const size_t rk_n_split_params = G_N_ELEMENTS(rk_split_params);

typedef struct {
    RkChunkSource *source;
    const RkParams *params;
    uint32_t n_users;
    const RkPassProgress *progress;
    int user, time; // columns, -1 without
} Build;

static gboolean
fail(const char *kind, const char *cause, GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't split by %s: %s", kind, cause);
    return FALSE;
}

static gboolean
pass(const Build *build, const int *columns, uint32_t n, RkScanFunc func, void *data,
     GError **error)
{
    return rk_scan_told(build->source, 0, columns, n, func, data, "Splitting", build->progress,
                        error);
}

// ---- by time -----------------------------------------------------------------------------------

#define N_BINS 65536u

// Looks for the earliest time with at most `target` events at it or later, in [low, high]. Times
// are int64 shifted to uint64, so that differences don't overflow.
typedef struct {
    uint64_t target, above; // events later than `high`
    uint64_t low, high, width;
    uint64_t boundary;
    gboolean found;
    uint64_t *bins; // [N_BINS]
} Select;

typedef struct {
    int column;
    uint64_t low, high, n, n_missing; // of all times
    Select select[2];
    RkSplit *split;
} Temporal;

static uint64_t
shift_time(int64_t time)
{
    return (uint64_t)time ^ (1ull << 63);
}

static gboolean
find_range(const RkChunk *chunk, void *data, GError **error)
{
    Temporal *t = data;
    const int64_t *time = chunk->columns[t->column].time;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        if (time[i] == INT64_MIN) {
            t->n_missing++;
            continue;
        }
        uint64_t shifted = shift_time(time[i]);
        t->low = MIN(t->low, shifted);
        t->high = MAX(t->high, shifted);
        t->n++;
    }
    return TRUE;
}

static gboolean
count_times(const RkChunk *chunk, void *data, GError **error)
{
    Temporal *t = data;
    const int64_t *time = chunk->columns[t->column].time;
    for (int s = 0; s < 2; s++) {
        Select *select = &t->select[s];
        if (select->found)
            continue;
        for (uint32_t i = 0; i < chunk->n_rows; i++) {
            uint64_t shifted = shift_time(time[i]);
            if (time[i] != INT64_MIN && shifted >= select->low && shifted <= select->high)
                select->bins[(shifted - select->low) / select->width]++;
        }
    }
    return TRUE;
}

static void
select_prepare(Select *select)
{
    select->width = (select->high - select->low) / N_BINS + 1;
    memset(select->bins, 0, N_BINS * sizeof *select->bins);
}

// Narrows the range to the bin in which the count passes the target.
static void
select_narrow(Select *select)
{
    uint64_t n_bins = (select->high - select->low) / select->width + 1;
    for (uint64_t b = n_bins; b-- > 0;) {
        if (select->above + select->bins[b] <= select->target) {
            select->above += select->bins[b];
            continue;
        }
        uint64_t bin_low = select->low + b * select->width;
        uint64_t bin_high = MIN(select->high, bin_low + (select->width - 1));
        select->found = select->width == 1;
        // When found, the bin is one second that passes the target itself.
        select->boundary = bin_high < UINT64_MAX ? bin_high + 1 : bin_high;
        select->low = bin_low;
        select->high = bin_high;
        return;
    }
    select->found = TRUE; // the target takes in every event of the range
    select->boundary = select->low;
}

static gboolean
assign_times(const RkChunk *chunk, void *data, GError **error)
{
    Temporal *t = data;
    const int64_t *time = chunk->columns[t->column].time;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        uint64_t shifted = shift_time(time[i]);
        RkPart part = RK_PART_TRAIN;
        if (time[i] == INT64_MIN)
            part = RK_PART_NONE;
        else if (shifted >= t->select[0].boundary)
            part = RK_PART_TEST;
        else if (shifted >= t->select[1].boundary)
            part = RK_PART_VALID;
        rk_split_set(t->split, chunk->first_row + i, part);
    }
    return TRUE;
}

static gboolean
temporal_passes(const Build *build, Temporal *t, GError **error)
{
    double test = rk_params_real(build->params, "split.test");
    double valid = rk_params_real(build->params, "split.valid");
    if (!pass(build, &t->column, 1, find_range, t, error))
        return FALSE;
    if (t->n == 0)
        return fail("temporal", "no event has a time. Choose another split.", error);
    for (int s = 0; s < 2; s++) {
        t->select[s].target = (uint64_t)((double)t->n * (s == 0 ? test : test + valid));
        t->select[s].low = t->low;
        t->select[s].high = t->high;
    }
    while (!t->select[0].found || !t->select[1].found) {
        for (int s = 0; s < 2; s++)
            if (!t->select[s].found)
                select_prepare(&t->select[s]);
        if (!pass(build, &t->column, 1, count_times, t, error))
            return FALSE;
        for (int s = 0; s < 2; s++)
            if (!t->select[s].found)
                select_narrow(&t->select[s]);
    }
    return pass(build, &t->column, 1, assign_times, t, error);
}

static gboolean
build_temporal(const Build *build, RkSplit *split, GError **error)
{
    if (build->time < 0)
        return fail("temporal",
                    "the events have no timestamp. Mark one (--set FIELD.kind=timestamp) or choose "
                    "another split.",
                    error);
    Temporal t = {.column = build->time, .low = UINT64_MAX, .split = split};
    for (int s = 0; s < 2; s++)
        t.select[s].bins = g_new0(uint64_t, N_BINS);
    gboolean done = temporal_passes(build, &t, error);
    for (int s = 0; s < 2; s++)
        g_free(t.select[s].bins);
    if (!done)
        return FALSE;
    rk_split_count(split);
    double asked = rk_params_real(build->params, "split.test");
    if (asked > 0 && split->n[RK_PART_TEST] == 0)
        return fail("temporal",
                    "more events share the last second than split.test asks for. Raise split.test "
                    "or choose another split.",
                    error);
    if (split->n[RK_PART_TRAIN] == 0)
        return fail("temporal", "no event is left to train on. Lower split.test and split.valid.",
                    error);
    return TRUE;
}

// ---- by user -----------------------------------------------------------------------------------

typedef struct {
    int64_t time;
    uint64_t row;
} Event;

typedef struct {
    int user, time;
    uint32_t n_users;
    Event (*last)[3]; // [n_users], the latest first; row UINT64_MAX where there is none
} LastEvents;

static gboolean
later(Event a, Event b)
{
    if (b.row == UINT64_MAX)
        return TRUE;
    return a.time != b.time ? a.time > b.time : a.row > b.row;
}

static gboolean
take_last(const RkChunk *chunk, void *data, GError **error)
{
    LastEvents *l = data;
    const uint32_t *user = chunk->columns[l->user].code;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        if (user[i] >= l->n_users) // missing
            continue;
        Event event = {.time = l->time >= 0 ? chunk->columns[l->time].time[i] : 0,
                       .row = chunk->first_row + i};
        Event *last = l->last[user[i]];
        for (int k = 0; k < 3; k++)
            if (later(event, last[k])) {
                Event moved = last[k];
                last[k] = event;
                event = moved;
                if (event.row == UINT64_MAX)
                    break;
            }
    }
    return TRUE;
}

// Leaves out each user's last `n` events (1: test; 2: test and valid) where one more is left.
static gboolean
leave_last(const Build *build, RkSplit *split, int n, GError **error)
{
    if (build->user < 0)
        return fail(split->kind,
                    "the events name no user. Mark the field (--set FIELD.kind=user) or choose "
                    "another split.",
                    error);
    LastEvents l = {build->user, build->time, build->n_users, NULL};
    l.last = g_malloc_n(MAX(build->n_users, 1), sizeof *l.last);
    memset(l.last, 0xff, build->n_users * sizeof *l.last);
    const int columns[] = {build->user, build->time};
    gboolean done = pass(build, columns, 2, take_last, &l, error);
    for (uint32_t user = 0; done && user < build->n_users; user++) {
        if (l.last[user][n].row == UINT64_MAX)
            continue;
        rk_split_set(split, l.last[user][0].row, RK_PART_TEST);
        if (n == 2)
            rk_split_set(split, l.last[user][1].row, RK_PART_VALID);
    }
    g_free(l.last);
    return done;
}

static gboolean
build_leave_last(const Build *build, RkSplit *split, GError **error)
{
    return leave_last(build, split, 1, error);
}

static gboolean
build_leave_last_two(const Build *build, RkSplit *split, GError **error)
{
    return leave_last(build, split, 2, error);
}

// ---- all kinds ---------------------------------------------------------------------------------

static gboolean
build_random(const Build *build, RkSplit *split, GError **error)
{
    split->valid = rk_params_real(build->params, "split.valid");
    split->test = rk_params_real(build->params, "split.test");
    return TRUE;
}

static gboolean
build_folds(const Build *build, RkSplit *split, GError **error)
{
    split->n_folds = (uint32_t)rk_params_int(build->params, "split.folds");
    split->fold = (uint32_t)rk_params_int(build->params, "split.fold");
    if (split->fold >= split->n_folds)
        return fail("k-fold", "split.fold counts from 0 and must be below split.folds.", error);
    return TRUE;
}

static gboolean
build_all(const Build *build, RkSplit *split, GError **error)
{
    return TRUE; // every row trains from the start
}

static const struct {
    const char *kind;
    gboolean (*build)(const Build *build, RkSplit *split, GError **error);
} KINDS[] = {
    {"random", build_random},
    {"leave-last", build_leave_last},
    {"leave-last-two", build_leave_last_two},
    {"temporal", build_temporal},
    {"k-fold", build_folds},
    {"all", build_all},
};

RkSplit *
rk_split_build(RkChunkSource *source, const RkParams *params, uint64_t seed, uint32_t n_users,
               const RkPassProgress *progress, GError **error)
{
    const char *kind = rk_params_text(params, "split");
    const RkTable *events = rk_events_table(source->schema);
    Build build = {source,
                   params,
                   n_users,
                   progress,
                   rk_table_find_kind(events, RK_FIELD_USER),
                   rk_table_find_kind(events, RK_FIELD_TIMESTAMP)};
    if (rk_params_real(params, "split.valid") + rk_params_real(params, "split.test") >= 1) {
        fail(kind, "split.valid and split.test leave nothing to train on. Lower one.", error);
        return NULL;
    }
    g_autoptr(RkSplit) split = rk_split_alloc(kind, source->n_rows(source, 0));
    split->seed = seed;
    for (size_t i = 0; i < G_N_ELEMENTS(KINDS); i++)
        if (strcmp(KINDS[i].kind, kind) == 0 && !KINDS[i].build(&build, split, error))
            return NULL;
    rk_split_count(split);
    return g_steal_pointer(&split);
}
