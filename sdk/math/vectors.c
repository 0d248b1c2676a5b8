// Level 1 of BLAS for real numbers, and what LAPACK 3.11 has in Fortran 90: vectors.inc, once for
// each precision.
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "own.h"

#define REAL double
#define V(name) d##name
#include "vectors.inc"

#define REAL float
#define V(name) s##name
#include "vectors.inc"
