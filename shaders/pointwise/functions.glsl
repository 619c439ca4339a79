// SPDX-License-Identifier: GPL-3.0-or-later
//
// The functions that pointwise.def may use, on vec4, and rk_pointwise(): the value of op `code`
// (4 * line code; + 1 to 3 for the gradient of input A to C, whose G comes first). With `code` a
// specialization constant the driver folds the switch away.
#define MIN(a, b)  rk_min(vec4(a), vec4(b))
#define MAX(a, b)  rk_max(vec4(a), vec4(b))
#define ABS(a)     abs(a)
#define SIGN(a)    sign(a)
#define EXP(a)     exp(a)
#define LOG(a)     log(a)
#define SQRT(a)    sqrt(a)
#define POW(a, b)  pow(vec4(a), vec4(b))
#define FLOOR(a)   floor(a)
#define ROUND(a)   roundEven(a)
#define SIGMOID(a) (1.0 / (1.0 + exp(-(a))))
#define TANH(a)    (1.0 - 2.0 / (exp(2.0 * (a)) + 1.0))
#define SOFTPLUS(a) (max(a, 0.0) + log(1.0 + exp(-abs(a))))
#define GT(a, b)   vec4(greaterThan(vec4(a), vec4(b)))
#define GE(a, b)   vec4(greaterThanEqual(vec4(a), vec4(b)))
#define LT(a, b)   vec4(lessThan(vec4(a), vec4(b)))
#define LE(a, b)   vec4(lessThanEqual(vec4(a), vec4(b)))
#define EQ(a, b)   vec4(equal(vec4(a), vec4(b)))
#define NE(a, b)   vec4(notEqual(vec4(a), vec4(b)))
#define SEL(c, a, b) mix(vec4(b), vec4(a), notEqual(vec4(c), vec4(0.0)))

// GLSL leaves min and max of a NaN open; here it comes through.
vec4 rk_min(vec4 a, vec4 b)
{
    return mix(mix(a + b, b, greaterThanEqual(a, b)), a, lessThan(a, b));
}

vec4 rk_max(vec4 a, vec4 b)
{
    return mix(mix(a + b, b, lessThanEqual(a, b)), a, greaterThan(a, b));
}

vec4 rk_pointwise(uint code, vec4 x0, vec4 x1, vec4 x2, vec4 x3, float P, float Q)
{
    const vec4 _ = vec4(0.0);
    switch (code) {
#define RK_POINTWISE_FLAT(number, name, arity, attributes, domain, value) \
    case number * 4: {                                                    \
        vec4 A = x0, B = x1, C = x2;                                      \
        return value;                                                     \
    }
#define RK_POINTWISE(number, name, arity, attributes, domain, value, dA, dB, dC) \
    RK_POINTWISE_FLAT(number, name, arity, attributes, domain, value)            \
    case number * 4 + 1: {                                                       \
        vec4 G = x0, A = x1, B = x2, C = x3;                                     \
        return dA;                                                               \
    }                                                                            \
    case number * 4 + 2: {                                                       \
        vec4 G = x0, A = x1, B = x2, C = x3;                                     \
        return dB;                                                               \
    }                                                                            \
    case number * 4 + 3: {                                                       \
        vec4 G = x0, A = x1, B = x2, C = x3;                                     \
        return dC;                                                               \
    }
#include "pointwise.def"
    }
    return _;
}
