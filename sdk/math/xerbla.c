// What BLAS and LAPACK do about a bad argument, if the program does not bring a function of its own
// for it, in C (xerbla_) or in Fortran (XERBLA).
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "own.h"

// As the reference has it, this ends the program. The name ends with a blank or a zero byte.
PUBLIC void xerbla_(const char* name, const int* info) {
  int length = 0;
  while (length < 32 && name[length] != '\0' && name[length] != ' ') {
    ++length;
  }
  fprintf(stderr, " ** On entry to %.*s parameter number %2d had an illegal value\n", length, name,
          *info);
  exit(EXIT_FAILURE);
}

PUBLIC void xerbla_lengths(const char* name, const int* info, int length) {
  char terminated[33] = {0};
  memcpy(terminated, name, length < 32 ? (size_t)length : 32);
  xerbla_(terminated, info);
}
