// complex_vectors.inc, once for each precision.
#include <complex.h>
#include <math.h>
#include <stddef.h>

#include "own.h"

void dlassq_(const int* n, const double* x, const int* incx, double* scale, double* sumsq);
void slassq_(const int* n, const float* x, const int* incx, float* scale, float* sumsq);

#define REAL double
#define COMPLEX double complex
#define V(name) z##name
#define R(name) d##name
#define N(name) dz##name
#include "complex_vectors.inc"

#define REAL float
#define COMPLEX float complex
#define V(name) c##name
#define R(name) s##name
#define N(name) sc##name
#include "complex_vectors.inc"
