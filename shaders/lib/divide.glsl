// SPDX-License-Identifier: GPL-3.0-or-later
//
// Division by a number known on the host (src/ops/divide.c), exact for every 32-bit dividend
// (Granlund and Montgomery, "Division by invariant integers using multiplication", PLDI 1994).
// No CPU has a vector division: on lavapipe one costs as much as a vec4 load.
struct RkDivisor {
    uint by;
    uint multiplier;
    uint shifts; // the first in bits 0 to 7, the second in 8 to 15
};

uint rk_quotient(uint n, RkDivisor d)
{
    uint high, low;
    umulExtended(n, d.multiplier, high, low);
    return (high + ((n - high) >> (d.shifts & 255))) >> (d.shifts >> 8);
}

// The remainder, n becomes the quotient.
uint rk_split(inout uint n, RkDivisor d)
{
    uint quotient = rk_quotient(n, d), remainder = n - quotient * d.by;
    n = quotient;
    return remainder;
}

uint rk_remainder(uint n, RkDivisor d)
{
    return n - rk_quotient(n, d) * d.by;
}
