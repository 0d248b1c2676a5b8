// LAPACK as C programs of old call it: they declare what they need by themselves, and find names
// with an underscore. The values are known from the definitions.
#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void dgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k,
            const double* alpha, const double* a, const int* lda, const double* b, const int* ldb,
            const double* beta, double* c, const int* ldc);
void dgesv_(int* n, int* nrhs, double* a, int* lda, int* ipiv, double* b, int* ldb, int* info);
void dsyev_(char* jobz, char* uplo, int* n, double* a, int* lda, double* w, double* work,
            int* lwork, int* info);
void dgeev_(char* jobvl, char* jobvr, int* n, double* a, int* lda, double* wr, double* wi,
            double* vl, int* ldvl, double* vr, int* ldvr, double* work, int* lwork, int* info);
double complex zdotc_(const int* n, const double complex* x, const int* incx,
                      const double complex* y, const int* incy);
void zheev_(char* jobz, char* uplo, int* n, double complex* a, int* lda, double* w,
            double complex* work, int* lwork, double* rwork, int* info);
void dggev3_(char* jobvl, char* jobvr, int* n, double* a, int* lda, double* b, int* ldb,
             double* alphar, double* alphai, double* beta, double* vl, int* ldvl, double* vr,
             int* ldvr, double* work, int* lwork, int* info);
float snrm2_(const int* n, const float* x, const int* incx);

static int one = 1, two = 2, three = 3, many = 200;

static void check(const char* name, double error) {
  if (error < 1e-12) {
    printf("ok %s\n", name);
  } else {
    printf("FAILED %s: error %g\n", name, error);
  }
}

static void products(void) {
  double a[] = {1, 2, 3, 4}, b[] = {5, 6, 7, 8}, c[] = {1, 1, 1, 1}, alpha = 2, beta = 10;
  const double expected[] = {56, 78, 72, 102};  // 2 [1 3; 2 4] [5 7; 6 8] + 10
  dgemm_("N", "N", &two, &two, &two, &alpha, a, &two, b, &two, &beta, c, &two);
  double error = 0;
  for (int i = 0; i < 4; ++i) {
    error = fmax(error, fabs(c[i] - expected[i]));
  }
  check("dgemm of known numbers", error);
  double complex x[] = {1 + 2 * I, 3 - I}, y[] = {2, 1 + I};
  double complex dot = zdotc_(&two, x, &one, y, &one);  // conj(x) y
  check("zdotc returns a complex number", cabs(dot - (4 + 0 * I)));
  float z[] = {3, 4};
  check("snrm2 returns a float", fabs(snrm2_(&two, z, &one) - 5.0));
}

static void systems(void) {
  double a[] = {2, 1, -1, -3, 1, 2, 1, -1, 2}, b[] = {8, -11, -3};
  a[0] = 2, a[3] = 1, a[6] = -1, a[1] = -3, a[4] = -1, a[7] = 2, a[2] = -2, a[5] = 1, a[8] = 2;
  int pivots[3], info = -1;
  dgesv_(&three, &one, a, &three, pivots, b, &three, &info);
  check("dgesv of known numbers", abs(info) + fabs(b[0] - 2) + fabs(b[1] - 3) + fabs(b[2] + 1));
}

static void eigenvalues(void) {
  double a[] = {2, -1, 0, -1, 2, -1, 0, -1, 2}, w[3], work[200];
  int info = -1;
  dsyev_("V", "L", &three, a, &three, w, work, &many, &info);
  check("dsyev of known numbers",
        abs(info) + fabs(w[0] - (2 - sqrt(2))) + fabs(w[1] - 2) + fabs(w[2] - (2 + sqrt(2))));
  double turn[] = {0, 1, -1, 0}, re[2], im[2];  // a quarter of a turn: eigenvalues +-i
  dgeev_("N", "N", &two, turn, &two, re, im, NULL, &one, NULL, &one, work, &many, &info);
  check("dgeev of a rotation",
        abs(info) + fabs(re[0]) + fabs(re[1]) + fabs(fabs(im[0]) - 1) + fabs(im[0] + im[1]));
  double complex h[] = {1, I, -I, 1}, wide[200];  // [1 -i; i 1]: eigenvalues 0 and 2
  double rwork[8];
  zheev_("N", "U", &two, h, &two, w, wide, &many, rwork, &info);
  check("zheev of known numbers", abs(info) + fabs(w[0]) + fabs(w[1] - 2));
  double p[] = {2, 0, 0, 12}, q[] = {1, 0, 0, 3}, beta[2];
  dggev3_("N", "N", &two, p, &two, q, &two, re, im, beta, NULL, &one, NULL, &one, work, &many,
          &info);
  check("dggev3 of known numbers",
        abs(info) + fabs(re[0] / beta[0] - 2) + fabs(re[1] / beta[1] - 4));
}

int main(int argc, char** argv) {
  (void)argv;
  if (argc > 1) {
    double number = 1;
    int zero = 0;
    dgemm_("N", "N", &two, &two, &two, &number, &number, &zero, &number, &two, &number, &number,
           &two);
    puts("FAILED a bad argument is not noticed");
    return 0;
  }
  products();
  systems();
  eigenvalues();
}
