#include <cblas.h>
#include <fftw3.h>
#include <lapacke.h>
#include <stdio.h>

int main(void) {
  double a[4] = {4, 1, 2, 3}, b[2] = {1, 2};
  int pivots[2];
  int failed = LAPACKE_dgesv(LAPACK_COL_MAJOR, 2, 1, a, 2, pivots, b, 2);
  fftw_complex in[4] = {{1, 0}, {2, 0}, {3, 0}, {4, 0}}, out[4];
  fftw_plan plan = fftw_plan_dft_1d(4, in, out, FFTW_FORWARD, FFTW_ESTIMATE);
  fftw_execute(plan);
  fftwf_cleanup();
  printf("%d %g %g %g\n", failed, cblas_ddot(2, b, 1, b, 1), out[0][0], out[1][1]);
}
