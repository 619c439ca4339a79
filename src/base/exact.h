// SPDX-License-Identifier: GPL-3.0-or-later
//
// Elementary functions that return the same bits on every machine, which the C library's don't
// promise: only +, -, *, / and sqrt, which IEEE 754 rounds exactly, in a fixed order (the build
// passes -ffp-contract=off, so none is fused). Generated data rests on them. Any thread.
#pragma once

// e^x, within 2 ulp; 0 below -745, infinity above 709.7.
double rk_exact_exp(double x);

// Natural logarithm of a positive normal number, within 2 ulp.
double rk_exact_log(double x);

// x^y for x > 0, as exp(y log x): relative error about |y log x| ulp.
double rk_exact_pow(double x, double y);

// 1 / (1 + e^-x).
double rk_exact_logistic(double x);

// Quantile of the standard normal distribution, 0 < p < 1, relative error about 1e-15 (Wichura,
// "Algorithm AS 241", Applied Statistics 37, 1988).
double rk_exact_normal_quantile(double p);
