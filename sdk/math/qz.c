// ?laqz0, which LAPACK 3.11 has in Fortran 90: QZ iterations with aggressive deflation. ?hgeqz, the
// iteration without it, does the same, and takes longer for large matrices.
#include "own.h"

#define QZ(letter, REAL)                                                                          \
  void letter##hgeqz_(const char* job, const char* compq, const char* compz, const int* n,        \
                      const int* ilo, const int* ihi, REAL* h, const int* ldh, REAL* t,           \
                      const int* ldt, REAL* alphar, REAL* alphai, REAL* beta, REAL* q,            \
                      const int* ldq, REAL* z, const int* ldz, REAL* work, const int* lwork,      \
                      int* info);                                                                 \
  PUBLIC void letter##laqz0_(const char* job, const char* compq, const char* compz, const int* n, \
                             const int* ilo, const int* ihi, REAL* h, const int* ldh, REAL* t,    \
                             const int* ldt, REAL* alphar, REAL* alphai, REAL* beta, REAL* q,     \
                             const int* ldq, REAL* z, const int* ldz, REAL* work,                 \
                             const int* lwork, const int* depth, int* info) {                     \
    letter##hgeqz_(job, compq, compz, n, ilo, ihi, h, ldh, t, ldt, alphar, alphai, beta, q, ldq,  \
                   z, ldz, work, lwork, info);                                                    \
  }

#define COMPLEX_QZ(letter, REAL)                                                                  \
  void letter##hgeqz_(const char* job, const char* compq, const char* compz, const int* n,        \
                      const int* ilo, const int* ihi, REAL* h, const int* ldh, REAL* t,           \
                      const int* ldt, REAL* alpha, REAL* beta, REAL* q, const int* ldq, REAL* z,  \
                      const int* ldz, REAL* work, const int* lwork, REAL* rwork, int* info);      \
  PUBLIC void letter##laqz0_(const char* job, const char* compq, const char* compz, const int* n, \
                             const int* ilo, const int* ihi, REAL* h, const int* ldh, REAL* t,    \
                             const int* ldt, REAL* alpha, REAL* beta, REAL* q, const int* ldq,    \
                             REAL* z, const int* ldz, REAL* work, const int* lwork, REAL* rwork,  \
                             const int* depth, int* info) {                                       \
    letter##hgeqz_(job, compq, compz, n, ilo, ihi, h, ldh, t, ldt, alpha, beta, q, ldq, z, ldz,   \
                   work, lwork, rwork, info);                                                     \
  }

QZ(d, double)
QZ(s, float)
COMPLEX_QZ(z, double)
COMPLEX_QZ(c, float)
