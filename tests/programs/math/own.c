// A program with some functions of BLAS of its own: they are used, the library's others with them.
#include <stdio.h>

double ddot_(const int* n, const double* x, const int* incx, const double* y, const int* incy) {
  (void)n, (void)x, (void)incx, (void)y, (void)incy;
  return 17;
}
void xerbla_(const char* name, const int* info) {
  printf("%s: %.5s, argument %d\n",
         *info == 6 ? "ok the program's xerbla is called" : "FAILED xerbla", name, *info);
}

void daxpy_(const int* n, const double* alpha, const double* x, const int* incx, double* y,
            const int* incy);
void dgemv_(const char* trans, const int* m, const int* n, const double* alpha, const double* a,
            const int* lda, const double* x, const int* incx, const double* beta, double* y,
            const int* incy);

int main(void) {
  int two = 2, one = 1, zero = 0;
  double alpha = 3, x[] = {1, 2}, y[] = {10, 20};
  daxpy_(&two, &alpha, x, &one, y, &one);
  puts(y[0] == 13 && y[1] == 26 ? "ok daxpy is the library's" : "FAILED daxpy");
  puts(ddot_(&two, x, &one, y, &one) == 17 ? "ok ddot is the program's" : "FAILED ddot");
  dgemv_("N", &two, &one, &alpha, x, &zero, x, &one, &alpha, y, &one);
}
