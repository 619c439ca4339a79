// SPDX-License-Identifier: GPL-3.0-or-later
//
// A chart that is looked at and touched: two lines, one always below the other.
#pragma once

#include "report/chart.h"

#define N_LINE 200 // points of a line, a second each

RkChart *two_lines(void); // the caller's
