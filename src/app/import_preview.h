// SPDX-License-Identifier: GPL-3.0-or-later
//
// What `rankine import --dry-run` shows: the files with their formats, the schema with its reasons
// and the first rows. Main thread only.
#pragma once

#include "dataset/import.h"

// Reads the first rows of every file and prints all of it to standard output, as JSON if asked. A
// bad row among them is the error, told after what could be printed.
gboolean rk_import_preview(RkImport *import, const RkPseudonym *pseudonym, gboolean json,
                           GError **error);
