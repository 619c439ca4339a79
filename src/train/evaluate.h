// SPDX-License-Identifier: GPL-3.0-or-later
//
// A model measured on a part of a dataset by a protocol:
//   predict     each event's own score against its label: click-through or ratings
//   full        a user's wanted items among all that the user hasn't had
//   sampled:C   each event's item among C others that the user never had, drawn uniformly (He et
//               al., WWW 2017: 99 or 100). Not comparable with full ranking (Krichene and Rendle,
//               KDD 2020)
//   file        each event's item among those that the data lists for it (an NCF .negative file)
//   auto        predict for models and losses of single labels, else full
// Owner's thread.
#pragma once

#include "train/metric.h"
#include "train/rank.h"
#include "train/scorer.h"
#include "train/settings.h"

typedef struct {
    RkDevice *device;
    const RkModel *model;
    const RkTrainSettings *settings; // that it was trained with
    const RkTrainFeatures *features; // with history for full
    RkState *state;
    RkPart part;
    const char *protocol; // as above; NULL: auto
    uint32_t k;           // of metrics at k and of lists
    const char *only;     // one metric by name, whatever the protocol's are; NULL: all of them
    gboolean threshold;   // choose one on the validation part, for accuracy, f1 and so on
    uint64_t seed;        // of the sampled protocols
    const gint *cancelled;
    void (*progress)(void *data, uint64_t done, uint64_t total);
    void *progress_data;
} RkEvaluateOptions;

typedef struct {
    const RkMetric *metric;
    uint32_t k;
    char *name; // "ndcg@10"; owned
    double value;
    double optimistic, pessimistic; // of rankings under ties; the value elsewhere
} RkFigure;

typedef struct {
    char *protocol;         // "sampled:99"
    GArray *figures;        // of RkFigure
    uint64_t n;             // samples, or users, or events with candidates
    const char *n_are;      // "samples", "users", "events"
    uint32_t n_without_auc; // users that grouped AUC leaves out
    uint32_t n_short;       // events with fewer candidates than asked for
    RkAnswers answers;      // what the figures are of; owned, as what follows
    uint32_t *unit;         // [n] the user of each sample or query; NULL without users
    uint32_t n_units;
    uint32_t *row; // [n] of the event table; NULL where a query is a user
    RkScores *scores;
    RkRanked *ranked;
    RkPredictions *predictions;
    RkRankings rankings;
    RkLists lists;
} RkEvaluation;

// Fails with RK_ERROR_USAGE when the protocol, the metric and the model don't go together.
RkEvaluation *rk_evaluate(const RkEvaluateOptions *options, GError **error);
void rk_evaluation_free(RkEvaluation *evaluation);

// The figure of a name; NULL when it isn't among them.
const RkFigure *rk_evaluation_find(const RkEvaluation *evaluation, const char *name);

// What `auto` stands for with these settings.
const char *rk_evaluate_protocol(const RkModel *model, const RkParams *set);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkEvaluation, rk_evaluation_free)
