! Intrinsic functions: real, complex, integer and bit ones, IEEE arithmetic, random numbers.
program math
  use, intrinsic :: ieee_arithmetic
  use, intrinsic :: iso_fortran_env, only: int8, int16, int32, int64, real32, real64, integer_kinds, real_kinds
  implicit none
  real(real64) :: x = 0.7d0, y, small, sample(1000)
  real(real32) :: s = 0.7
  complex(real64) :: z = (0.5d0, -1.25d0)
  complex(real32) :: c = (0.5, -1.25)
  integer :: i, n, seed(64), again(4)
  integer(int64) :: large = 1234567890123_int64
  integer(int16) :: short = 300
  logical :: same
  real :: few(4), more(4)
  type(ieee_class_type) :: class

  print '(6f12.8)', sin(x), cos(x), tan(x), asin(x), acos(x), atan(x)
  print '(6f12.8)', sinh(x), cosh(x), tanh(x), asinh(x), acosh(1 + x), atanh(x)
  print '(6f12.8)', exp(x), log(x), log10(x), sqrt(x), gamma(x), log_gamma(x)
  print '(6f12.8)', erf(x), erfc(x), erfc_scaled(x), bessel_j0(x), bessel_j1(x), bessel_jn(3, x)
  print '(5f12.8)', bessel_y0(x), bessel_y1(x), bessel_yn(2, x), hypot(x, 2d0), atan2(x, -2d0)
  print '(6f9.5)', sin(s), exp(s), log(s), gamma(s), erf(s), s**2.5
  print '(6f10.6)', exp(z), log(z), sqrt(z), sin(z), cos(z), tan(z)
  print '(6f10.6)', sinh(z), cosh(z), asin(z), z**3, z**z, z**0.5d0
  print '(6f9.4)', exp(c), log(c), sqrt(c), sin(c), cos(c), tan(c)
  print '(6f9.4)', sinh(c), cosh(c), tanh(c), c**3, c**c, c**(-2)
  print '(5f10.5)', abs(z), aimag(z), real(conjg(z)), abs(c), x**10
  print '(8i6)', mod(-7, 3), modulo(-7, 3), int(-2.7), nint(-2.7), floor(-2.7), ceiling(-2.7), sign(3, -1), dim(5, 3)
  print '(4f8.3)', mod(-7.5, 2.0), modulo(-7.5, 2.0), aint(2.7), anint(2.5)
  print '(8i6)', iand(12, 10), ior(12, 10), ieor(12, 10), not(12), ishft(3, 2), ishftc(3, 30, 32), ibits(255, 2, 3), &
    merge_bits(12, 10, 6)
  print '(8i6)', popcnt(12), poppar(7), leadz(8_int8), trailz(8), maskl(3, int8), maskr(3), shiftl(1, 3), shiftr(8, 1)
  print '(l2,6i6)', btest(5, 2), ibset(0, 3), ibclr(15, 0), dshiftl(1, 0, 4), bit_size(short), digits(x), maxexponent(s)
  print '(i22,i8,i22)', large * 7, short + 1_int16, transfer(1d0, 0_int64)
  print '(3es16.8e3)', epsilon(x), tiny(x), huge(x)
  print '(3f12.6,2i5)', fraction(x), scale(x, 3), set_exponent(x, 2), exponent(x), radix(x)
  print '(2es24.16)', nearest(1d0, 1d0), spacing(1d0)
  print '(4i4)', int8, int16, int32, int64
  print '(2l2)', any(integer_kinds == int64), any(real_kinds == real64)
  print '(3i12)', 2**10, (-3)**3, 7_int64**9

  y = ieee_value(y, ieee_quiet_nan)
  call get_tiny(small)
  print '(4l2)', ieee_is_nan(y), y == y, ieee_is_finite(x), ieee_is_normal(small / 4)
  y = ieee_value(y, ieee_positive_inf)
  class = ieee_class(-y)
  print '(3l2,f6.1)', y > huge(x), class == ieee_negative_inf, ieee_support_datatype(x), 1 / y
  print '(2f6.2)', ieee_copy_sign(2d0, -0d0), ieee_rem(7d0, 4d0)
  print '(l2,2es16.8)', ieee_unordered(y, x), ieee_next_after(1d0, 2d0) - 1d0, ieee_scalb(1d0, 4)

  call random_seed(size=n)
  seed = [(17 * i, i=1, size(seed))]
  call random_seed(put=seed(1:n))
  call random_number(sample)
  print '(3l2)', minval(sample) >= 0, maxval(sample) < 1, abs(sum(sample) / size(sample) - 0.5d0) < 0.05d0
  call random_seed(put=seed(1:n))
  call random_number(few)
  call random_seed(put=seed(1:n))
  call random_number(more)
  same = all(few == more)
  print '(l2)', same
  again = [(mod(i**5, 13), i=1, 4)]
  print '(4i4)', again
contains
  subroutine get_tiny(t)
    real(real64), intent(out) :: t
    character(len=30) :: line
    write (line, '(es25.17e3)') tiny(t)
    read (line, *) t
  end subroutine
end program
