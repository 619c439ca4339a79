// SPDX-License-Identifier: GPL-3.0-or-later
//
// The builders of all families in one include.
#pragma once

#include "graph/graph.h"
#include "ops/attention.h"
#include "ops/batchnorm.h"
#include "ops/embed.h"
#include "ops/evaluate.h"
#include "ops/index.h"
#include "ops/interact.h"
#include "ops/loss.h"
#include "ops/neighbours.h"
#include "ops/norm.h"
#include "ops/convert.h"
#include "ops/optimize.h"
#include "ops/matmul.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/softmax.h"
#include "ops/sparse.h"
