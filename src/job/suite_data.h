// SPDX-License-Identifier: GPL-3.0-or-later
//
// A suite's dataset: imported or generated under a name that says its recipe, or reused when it is
// there. Caller's thread.
#pragma once

#include "job/suite_run.h"
#include "store/dataset.h"

RkDataset *rk_suite_data_make(RkStore *store, const RkSuite *suite, const RkSuiteWatch *watch,
                              GError **error);
