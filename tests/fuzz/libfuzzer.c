// SPDX-License-Identifier: GPL-3.0-or-later
//
// libFuzzer's side: `fuzz-import TARGET [its options] [corpus folders]`.
#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *target;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    if (*argc < 2 || !g_strv_contains(rk_fuzz_targets, (*argv)[1])) {
        g_autofree char *all = g_strjoinv(", ", (char **)rk_fuzz_targets);
        fprintf(stderr, "Can't fuzz: name one of %s first.\n", all);
        exit(2);
    }
    target = (*argv)[1];
    (*argv)[1] = (*argv)[0];
    (*argv)++;
    (*argc)--;
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    rk_fuzz_import(target, data, n);
    return 0;
}
