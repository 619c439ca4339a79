// SPDX-License-Identifier: GPL-3.0-or-later
//
// results.json as tables of members: one table a struct is both the writer (results_write.c) and
// the reader (results_read.c), so a new figure is a line in results_members.c. Any thread.
#pragma once

#include "report/results.h"

typedef enum {
    M_TEXT,      // char *; null
    M_REAL,      // double; null is NaN
    M_COUNT,     // uint64_t
    M_NUMBER,    // uint32_t
    M_TRUTH,     // gboolean
    M_ENUM,      // by `names`
    M_TEXTS,     // GStrv
    M_IDS,       // GPtrArray of char *
    M_JSON,      // char *, any object; null
    M_ESTIMATE,  // RkEstimate: its value; the interval goes to "intervals"
    M_LATENCIES, // RkEstimate [RK_N_LATENCIES], likewise
    M_REALS,     // double [RK_N_LATENCIES]
    M_NAMEDS,    // GArray of RkNamed, likewise
    M_SETTINGS,  // GArray of RkSetting
    M_CURVE,     // RkCurve
    M_OBJECT,    // a struct inside, by `record`
    M_VALUES,    // GArray of structs
    M_POINTERS,  // GPtrArray of structs
} RkMemberKind;

typedef struct RkRecord RkRecord;

typedef struct {
    const char *name;
    RkMemberKind kind;
    size_t offset;
    const RkRecord *record;
    const char *(*enum_name)(unsigned value);
    unsigned n_enum;
} RkMember;

struct RkRecord {
    const RkMember *members;
    size_t n;
    size_t size;
    gpointer (*new)(void);  // of M_POINTERS
    gboolean has_intervals; // of estimates, in the member "intervals"
};

static inline gboolean
rk_member_has_interval(const RkMember *member)
{
    return member->kind == M_ESTIMATE || member->kind == M_LATENCIES || member->kind == M_NAMEDS;
}

// A curve alone, and the whole document.
extern const RkRecord rk_curve_record;
extern const RkRecord rk_results_record;
