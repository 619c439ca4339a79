// SPDX-License-Identifier: GPL-3.0-or-later
//
// Streams of the counter-based generator that datasets draw from, so that no two uses of one seed
// see the same numbers. Never renumber: stored splits and generated data depend on them.
#pragma once

enum {
    RK_STREAM_SPLIT = 0x64730001,
    RK_STREAM_SAMPLE,   // reservoirs for quantiles and profiles
    RK_STREAM_NEGATIVE, // negatives: counter is (epoch, position, j)
    RK_STREAM_BALANCE,
    RK_STREAM_SYNTH, // generated tables (factors, weights), further ones by index behind it
    RK_STREAM_SYNTH_LAST = RK_STREAM_SYNTH + 63,
    RK_STREAM_ROWS, // generated rows, further ones by index behind it
    RK_STREAM_ROWS_LAST = RK_STREAM_ROWS + 63,
};
