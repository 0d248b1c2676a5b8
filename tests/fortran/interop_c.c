// The C side of interop.f90.
#include <ISO_Fortran_binding.h>
#include <complex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct point {
  double x, y;
  int tag;
  const char* name;
  short small;
  int (*callback)(int);
  long number;
  size_t size;
};

int shared_counter;

int fortran_square(int n);
void fortran_print(const char* text, int n);
float _Complex fortran_conjugate4(float _Complex z);
double _Complex fortran_conjugate8(double _Complex z);
bool fortran_even(long long n);
void fortran_point(struct point* p);

int c_sum(const int* values, int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) sum += values[i];
  return sum;
}

void c_point(struct point* p) {
  p->x += strlen(p->name);
  p->y = -p->y;
  p->tag = p->callback(p->tag);
  p->small -= 1;
  p->number += 1;
  p->size *= 2;
}

const char** c_names(void) {
  static const char* names[] = {"one", "two", "six"};
  return names;
}

float _Complex c_turn4(float _Complex z, float by) { return z * I * by; }
double _Complex c_turn8(double _Complex z, double by) { return z * I * by; }
bool c_not(bool flag) { return !flag; }

int c_mixed(signed char a, short b, long c, long long d, float e, char f) {
  return (int)(a * 10000 + b * 1000 + c * 100 + d * 10 + e + f);
}

double c_descriptor(CFI_cdesc_t* array) {
  double sum = 0;
  for (CFI_index_t j = 0; j < array->dim[1].extent; ++j) {
    for (CFI_index_t i = 0; i < array->dim[0].extent; ++i) {
      CFI_index_t at[2] = {i + array->dim[0].lower_bound, j + array->dim[1].lower_bound};
      double* element = (double*)CFI_address(array, at);
      sum += *element;
      *element = -*element;
    }
  }
  return array->rank == 2 && array->elem_len == sizeof(double) ? sum : -1;
}

void c_allocate(CFI_cdesc_t* array) {
  CFI_index_t lower[] = {2}, upper[] = {5};
  if (CFI_allocate(array, lower, upper, 0) != CFI_SUCCESS) return;
  for (int i = 0; i < 4; ++i) ((int*)array->base_addr)[i] = 10 * i;
}

void c_apply(int (*f)(int), int n) {
  char text[20];
  int length = sprintf(text, "applied: %d", f(n));
  fortran_print(text, length);
}

void c_calls_back(void) {
  float _Complex small = fortran_conjugate4(1.0f + 2.0f * I);
  double _Complex large = fortran_conjugate8(3.0 - 4.0 * I);
  struct point p = {.x = 1.25, .tag = 1};
  fortran_point(&p);
  char text[100];
  int length =
      sprintf(text, "%.2f %.2f %.2f %.2f %d %d %.2f %d", crealf(small), cimagf(small), creal(large),
              cimag(large), fortran_even(1LL << 40), fortran_even(7), p.x, p.tag);
  fortran_print(text, length);
  shared_counter *= 3;
}
