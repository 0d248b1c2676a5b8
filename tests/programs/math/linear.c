// BLAS and LAPACK against their definitions: products in all four orders and odd sizes, and
// decompositions put together again.
#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { n = 93 };
static const double tolerance = 1e-11;

static unsigned state = 12345;
static double number(void) {
  state = state * 1664525U + 1013904223U;
  return state / 4294967296.0 - 0.5;
}
static double* matrix(int rows, int columns) {
  double* m = malloc(sizeof *m * (size_t)rows * (size_t)columns);
  for (int i = 0; i < rows * columns; ++i) {
    m[i] = number();
  }
  return m;
}
static double* copy(const double* m) {
  double* c = malloc(sizeof *c * n * n);
  memcpy(c, m, sizeof *c * n * n);
  return c;
}
static void check(const char* name, double error, double allowed) {
  if (error <= allowed) {
    printf("ok %s\n", name);
  } else {
    printf("FAILED %s: error %g\n", name, error);
  }
}

static double at(const double* m, int transposed, int i, int j) {
  return transposed ? m[j + i * n] : m[i + j * n];
}

static void products(int rows, int columns, int depth) {
  double *a = matrix(n, n), *b = matrix(n, n), *c = matrix(n, n);
  double worst = 0, worst_float = 0;
  for (int way = 0; way < 4; ++way) {
    int ta = way & 1, tb = way >> 1;
    double* d = copy(c);
    static float af[n * n], bf[n * n], cf[n * n];
    for (int i = 0; i < n * n; ++i) {
      af[i] = (float)a[i], bf[i] = (float)b[i], cf[i] = (float)c[i];
    }
    enum CBLAS_TRANSPOSE how[2] = {CblasNoTrans, CblasTrans};
    cblas_dgemm(CblasColMajor, how[ta], how[tb], rows, columns, depth, 1.5, a, n, b, n, 0.5, d, n);
    cblas_sgemm(CblasColMajor, how[ta], how[tb], rows, columns, depth, 1.5F, af, n, bf, n, 0.5F, cf,
                n);
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < n; ++j) {
        double sum = c[i + j * n];
        if (i < rows && j < columns) {
          sum *= 0.5;
          for (int k = 0; k < depth; ++k) {
            sum += 1.5 * at(a, ta, i, k) * at(b, tb, k, j);
          }
        }
        worst = fmax(worst, fabs(d[i + j * n] - sum));
        worst_float = fmax(worst_float, fabs(cf[i + j * n] - sum));
      }
    }
    free(d);
  }
  char name[64];
  snprintf(name, sizeof name, "dgemm %d x %d x %d, all ways", rows, columns, depth);
  check(name, worst, tolerance);
  snprintf(name, sizeof name, "sgemm %d x %d x %d, all ways", rows, columns, depth);
  check(name, worst_float, 2e-5);
  free(a), free(b), free(c);
}

// The largest element of A B - C D
static double difference(const double* a, const double* b, const double* c, const double* d) {
  double worst = 0;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      double sum = 0;
      for (int k = 0; k < n; ++k) {
        sum += a[i + k * n] * b[k + j * n] - c[i + k * n] * d[k + j * n];
      }
      worst = fmax(worst, fabs(sum));
    }
  }
  return worst;
}

static void decompositions(void) {
  double *a = matrix(n, n), *one = calloc(n * n, sizeof *one), *values = malloc(sizeof *values * n);
  for (int i = 0; i < n; ++i) {
    one[i + i * n] = 1;
  }
  double *x = copy(one), *lu = copy(a);
  int pivots[n];
  int failed = LAPACKE_dgesv(LAPACK_COL_MAJOR, n, n, lu, n, pivots, x, n);
  check("dgesv inverts", failed ? 1 : difference(a, x, one, one), 1e-9);

  double* symmetric = copy(a);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      symmetric[i + j * n] = a[i + j * n] + a[j + i * n];
    }
  }
  double* vectors = copy(symmetric);
  failed = LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'U', n, vectors, n, values);
  double* scaled = copy(vectors);
  for (int i = 0; i < n * n; ++i) {
    scaled[i] *= values[i / n];
  }
  check("dsyevd: A V = V L", failed ? 1 : difference(symmetric, vectors, scaled, one), tolerance);

  double *u = copy(a), *vt = copy(a), *work = copy(a);
  failed = LAPACKE_dgesdd(LAPACK_COL_MAJOR, 'A', n, n, work, n, values, u, n, vt, n);
  for (int i = 0; i < n * n; ++i) {
    u[i] *= values[i / n];
  }
  check("dgesdd: A = U S V'", failed ? 1 : difference(a, one, u, vt), tolerance);

  double *qr = copy(a), *r = calloc(n * n, sizeof *r), tau[n];
  failed = LAPACKE_dgeqrf(LAPACK_COL_MAJOR, n, n, qr, n, tau);
  for (int j = 0; j < n; ++j) {
    memcpy(r + j * n, qr + j * n, sizeof *r * (size_t)(j + 1));
  }
  failed |= LAPACKE_dorgqr(LAPACK_COL_MAJOR, n, n, n, qr, n, tau);
  check("dgeqrf: A = Q R", failed ? 1 : difference(a, one, qr, r), tolerance);

  double bad = NAN;
  check("LAPACKE sees what is no number",
        LAPACKE_dgesv(LAPACK_COL_MAJOR, 1, 1, &bad, 1, pivots, x, 1) == -4 ? 0 : 1, 0);
  double zero = 0;
  check("a singular matrix is told",
        LAPACKE_dgetrf(LAPACK_COL_MAJOR, 1, 1, &zero, 1, pivots) == 1 ? 0 : 1, 0);
}

static void vectors(void) {
  double x[7] = {3, 1, 4, 1, 5, 9, 2}, y[7] = {0};
  cblas_daxpy(4, 2, x, -2, y, 1);
  check("daxpy backwards", y[0] == 4 && y[1] == 10 && y[2] == 8 && y[3] == 6 ? 0 : 1, 0);
  check("ddot", fabs(cblas_ddot(7, x, 1, x, 1) - 137), 0);
  double huge[2] = {3e200, 4e200}, tiny[2] = {3e-200, 4e-200};
  check("dnrm2 of huge ones", fabs(cblas_dnrm2(2, huge, 1) / 5e200 - 1), 1e-14);
  check("dnrm2 of tiny ones", fabs(cblas_dnrm2(2, tiny, 1) / 5e-200 - 1), 1e-14);
  double z[4] = {1, 2, 3, 4}, product[2];
  cblas_zdotc_sub(2, z, 1, z, 1, product);
  check("zdotc", fabs(product[0] - 30) + fabs(product[1]), 0);
}

int main(void) {
  products(1, 1, 1);
  products(5, 3, 2);
  products(64, 64, 64);
  products(93, 91, 87);
  decompositions();
  vectors();
}
