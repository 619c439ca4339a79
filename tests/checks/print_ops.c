// SPDX-License-Identifier: GPL-3.0-or-later
// Prints "FAMILY NAME" for every op row: what new_op.py looks for.
#include "ops/ops.h"

#include <stdio.h>

int
main(void)
{
    const RkOp *op;
    for (size_t i = 0; (op = rk_op_at(i)) != NULL; i++)
        printf("%s %s\n", rk_op_family(op), op->name);
    return 0;
}
