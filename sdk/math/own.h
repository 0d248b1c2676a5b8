// What the sources of our own share.
#pragma once

// A program may have a definition of its own.
#define PUBLIC __attribute__((weak))

// Procedures that take characters have a second entry, which Fortran programs call: the lengths
// come last (fix_f2c.py).
#define LENGTHS(name) __asm__(#name "_.lengths")
#define FORTRAN_ENTRY(result, name, parameters, ...)                       \
  result name##_lengths parameters LENGTHS(name);                          \
  PUBLIC result name##_lengths parameters { return name##_(__VA_ARGS__); } \
  static_assert(1, "a semicolon follows")

// Tells of a bad argument; the name may end with blanks.
void xerbla_lengths(const char* name, const int* info, int length) LENGTHS(xerbla);
