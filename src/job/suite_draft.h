// SPDX-License-Identifier: GPL-3.0-or-later
//
// A suite while it is written: the texts that a person types, right or wrong, and what the suite's
// parser says about them. Reads and writes the same documents as --batch; what a form doesn't show
// ("search", "plan", ..) is kept as it was. Owner's thread.
#pragma once

#include "bench/suite.h"

typedef enum {
    RK_DRAFT_SWEEP,
    RK_DRAFT_SERVE,
    RK_DRAFT_LOAD,
    RK_DRAFT_GATES,
    RK_N_DRAFT_PARTS,
} RkDraftPart;

// A name and its values as they are typed: "0, 0.5", "lru"; of gates one number.
typedef struct {
    char *name;
    char *values;
} RkDraftRow;

typedef struct {
    char *name; // in the suite
    char *kind; // of the zoo, or the name of a stored one
    char *set;  // "dim=8, epochs=1"
    gboolean stored;
} RkDraftModel;

typedef struct {
    char *name;
    char *dataset;                     // of the database; NULL: as `data` says
    char *data;                        // JSON object that imports or generates; NULL for `dataset`
    GPtrArray *models;                 // of RkDraftModel
    GPtrArray *rows[RK_N_DRAFT_PARTS]; // of RkDraftRow
    char *repeats;
    char *rest; // JSON object: members that are not above
} RkSuiteDraft;

RkSuiteDraft *rk_suite_draft_new(void);
void rk_suite_draft_free(RkSuiteDraft *draft);

// From a document. Paths of imports become absolute, by the folder of `path`. RK_ERROR_USAGE when
// it is no JSON object; whether it is a suite, rk_suite_draft_check() says.
RkSuiteDraft *rk_suite_draft_parse(const char *text, const char *path, GError **error);

// The document, as data/suite.schema.json has it. Free it.
char *rk_suite_draft_text(const RkSuiteDraft *draft);

// Where a mistake is.
typedef enum {
    RK_DRAFT_AT_NOTHING, // somewhere else
    RK_DRAFT_AT_DATA,
    RK_DRAFT_AT_MODEL,
    RK_DRAFT_AT_ROW,
    RK_DRAFT_AT_REPEATS,
} RkDraftPlace;

typedef struct {
    RkDraftPlace place;
    RkDraftPart part; // of AT_ROW
    guint i;          // of AT_MODEL and AT_ROW
    char *text;       // what the parser says, from the JSON path on; free it
} RkDraftMistake;

// The suite, or NULL and the first mistake in it.
RkSuite *rk_suite_draft_check(const RkSuiteDraft *draft, const RkAxisTable *tables, size_t n_tables,
                              RkDraftMistake *mistake);

// What running it takes, by its load: training and data come on top where they aren't there yet.
typedef struct {
    uint64_t n_trials, n_measurements;
    double seconds;
} RkSuiteEstimate;

RkSuiteEstimate rk_suite_estimate(const RkSuite *suite);

// Adds a row, a model; the draft's.
RkDraftRow *rk_suite_draft_add(RkSuiteDraft *draft, RkDraftPart part, const char *name,
                               const char *values);
RkDraftModel *rk_suite_draft_add_model(RkSuiteDraft *draft, const char *kind, gboolean stored);
RkDraftRow *rk_suite_draft_find(const RkSuiteDraft *draft, RkDraftPart part, const char *name);

// A parameter that can be swept. Its texts are the tables'.
typedef struct {
    RkPlace place;
    RkParam param;
} RkSweepable;

// All of them: of the tables, the run, and those that every model of the draft has. GArray of
// RkSweepable.
GArray *rk_suite_sweepables(const RkSuiteDraft *draft, const RkAxisTable *tables, size_t n_tables);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkSuiteDraft, rk_suite_draft_free)
