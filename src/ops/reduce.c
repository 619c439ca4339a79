// SPDX-License-Identifier: GPL-3.0-or-later
#include "ops/reduce.h"

RkRef
rk_sum_to(RkGraph *graph, RkRef x, RkType like)
{
    if (x == RK_NONE || rk_type_equal(rk_graph_type(graph, x), &like))
        return x;
    rk_graph_fail(graph, "Can't sum over broadcast dimensions yet.");
    return RK_NONE;
}
