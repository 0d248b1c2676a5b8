// FFTW against the definition, in both precisions, and back again.
#include <complex.h>
#include <fftw3.h>
#include <math.h>
#include <stdio.h>

enum { longest = 210 };

static void check(const char* kind, int n, double error, double allowed) {
  if (error <= allowed) {
    printf("ok %s of %d\n", kind, n);
  } else {
    printf("FAILED %s of %d: error %g\n", kind, n, error);
  }
}

static void transform(int n) {
  double complex in[longest], out[longest], back[longest];
  float complex in_float[longest], out_float[longest];
  fftw_plan forward = fftw_plan_dft_1d(n, in, out, FFTW_FORWARD, FFTW_ESTIMATE);
  fftw_plan backward = fftw_plan_dft_1d(n, out, back, FFTW_BACKWARD, FFTW_ESTIMATE);
  fftwf_plan single = fftwf_plan_dft_1d(n, in_float, out_float, FFTW_FORWARD, FFTW_ESTIMATE);
  for (int i = 0; i < n; ++i) {
    in_float[i] = (float complex)(in[i] = sin(i * i) + I * cos(3 * i));
  }
  fftw_execute(forward);
  fftwf_execute(single);
  fftw_execute(backward);
  double error = 0, error_float = 0, error_back = 0;
  for (int k = 0; k < n; ++k) {
    double complex sum = 0;
    for (int i = 0; i < n; ++i) {
      sum += in[i] * cexp(-2 * I * M_PI * i * k / n);
    }
    error = fmax(error, cabs(out[k] - sum));
    error_float = fmax(error_float, cabs(out_float[k] - sum));
    error_back = fmax(error_back, cabs(back[k] / n - in[k]));
  }
  check("double", n, error, 1e-10);
  check("float", n, error_float, 1e-3);
  check("and back", n, error_back, 1e-13);
  fftw_destroy_plan(forward);
  fftw_destroy_plan(backward);
  fftwf_destroy_plan(single);
}

int main(void) {
  const int sizes[] = {1, 2, 13, 64, 97, 120, 210};
  for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
    transform(sizes[i]);
  }
}
