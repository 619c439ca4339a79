// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/exact.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

// ln 2 in two parts: the first has 21 trailing zero bits, so k * LN2_HIGH is exact for |k| < 2^20.
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW  1.90821492927058770002e-10
#define LOG2_E   1.44269504088896338700

static double
power_of_two(int k) // -1022 <= k <= 1023
{
    uint64_t bits = (uint64_t)(k + 1023) << 52;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

double
rk_exact_exp(double x)
{
    if (x < -745)
        return 0;
    if (x > 709.7)
        return HUGE_VAL;
    double k = floor(x * LOG2_E + 0.5);
    double r = (x - k * LN2_HIGH) - k * LN2_LOW; // |r| <= ln 2 / 2
    // The Taylor series, 1 / n! from n = 13 down; what is left out is under 5e-18.
    static const double TERM[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800,
                                  1.0 / 362880,     1.0 / 40320,     1.0 / 5040,     1.0 / 720,
                                  1.0 / 120,        1.0 / 24,        1.0 / 6,        0.5};
    double sum = TERM[0];
    for (int i = 1; i < 12; i++)
        sum = sum * r + TERM[i];
    sum = 1 + (r + r * r * sum);
    int half = (int)k / 2; // in two steps, so that subnormal results round once
    return sum * power_of_two((int)k - half) * power_of_two(half);
}

double
rk_exact_log(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int k = (int)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffffull) | (1023ull << 52);
    double m;
    memcpy(&m, &bits, sizeof m); // [1, 2)
    if (m > 1.4142135623730951) {
        m *= 0.5;
        k++;
    }
    double s = (m - 1) / (m + 1), s2 = s * s; // log m = 2 atanh s, |s| < 0.1716
    static const double TERM[] = {1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13,
                                  1.0 / 11, 1.0 / 9,  1.0 / 7,  1.0 / 5,  1.0 / 3};
    double sum = 0;
    for (int i = 0; i < 10; i++) // what is left out is under 1e-18
        sum = s2 * (TERM[i] + sum);
    return k * LN2_HIGH + (2 * s + (2 * s * sum + k * LN2_LOW));
}

double
rk_exact_pow(double x, double y)
{
    return rk_exact_exp(y * rk_exact_log(x));
}

double
rk_exact_logistic(double x)
{
    double e = rk_exact_exp(-fabs(x));
    return (x >= 0 ? 1 : e) / (1 + e);
}

static double
polynomial(const double c[8], double x)
{
    double sum = c[7];
    for (int i = 6; i >= 0; i--)
        sum = sum * x + c[i];
    return sum;
}

// Numerator and denominator for the centre, the shoulder and the tail: AS 241, PPND16.
static const double QUANTILE[3][2][8] = {
    {{3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
      1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
      3.3430575583588128105e+4, 2.5090809287301226727e+3},
     {1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
      2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4,
      5.2264952788528545610e+3}},
    {{1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
      3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
      2.27238449892691845833e-2, 7.74545014278341407640e-4},
     {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
      1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
      1.05075007164441684324e-9}},
    {{6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
      2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
      2.71155556874348757815e-5, 2.01033439929228813265e-7},
     {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
      7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
      2.04426310338993978564e-15}}};

double
rk_exact_normal_quantile(double p)
{
    double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return q * polynomial(QUANTILE[0][0], r) / polynomial(QUANTILE[0][1], r);
    }
    double r = sqrt(-rk_exact_log(q < 0 ? p : 1 - p));
    int tail = r > 5;
    r -= tail ? 5 : 1.6;
    double z = polynomial(QUANTILE[1 + tail][0], r) / polynomial(QUANTILE[1 + tail][1], r);
    return q < 0 ? -z : z;
}
