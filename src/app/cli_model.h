// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the commands of models share: figures as text and JSON. Main thread only.
#pragma once

#include "app/cli.h"
#include "train/evaluate.h"
#include "train/trained.h"

// "metrics": {..} and "ties": {"optimistic": {..}, "pessimistic": {..}} in an open object.
void rk_cli_add_figures(JsonBuilder *json, const RkEvaluation *evaluation);

// The figures, a line each; those that ties could change with both ends.
void rk_cli_print_figures(const RkEvaluation *evaluation);

// Says which ids of a dataset a model has never seen, on standard error unless --quiet.
void rk_cli_print_unseen(const RkCli *cli, const GArray *unseen, const char *then);
