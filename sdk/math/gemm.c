// dgemm and sgemm: gemm.inc, once for each precision.
#include <stdlib.h>
#include <string.h>

#include "own.h"

static char transposition(char letter) {
  switch (letter) {
    case 'n':
    case 'N':
      return 'N';
    case 't':
    case 'T':
    case 'c':
    case 'C':
      return 'T';
    default:
      return '?';
  }
}

#define REAL double
#define GEMM dgemm_
#define GEMM_(name) dgemm_##name
#define NAME "DGEMM "
#define LABEL LENGTHS(dgemm)
#include "gemm.inc"

#define REAL float
#define GEMM sgemm_
#define GEMM_(name) sgemm_##name
#define NAME "SGEMM "
#define LABEL LENGTHS(sgemm)
#include "gemm.inc"
