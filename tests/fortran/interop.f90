! C calls Fortran and Fortran calls C (interop_c.c): numbers, structures, pointers, strings, arrays, procedures.
module interop
  use, intrinsic :: iso_c_binding
  implicit none
  type, bind(c) :: point
    real(c_double) :: x, y
    integer(c_int) :: tag
    type(c_ptr) :: name
    integer(c_short) :: small
    type(c_funptr) :: callback
    integer(c_long) :: long
    integer(c_size_t) :: size
  end type
  integer(c_int), bind(c, name='shared_counter') :: counter
  enum, bind(c)
    enumerator :: red = 1, green, blue = 10
  end enum
  interface
    integer(c_int) function c_sum(values, n) bind(c)
      import
      integer(c_int), intent(in) :: values(*)
      integer(c_int), value :: n
    end function
    subroutine c_point(p) bind(c)
      import
      type(point), intent(inout) :: p
    end subroutine
    integer(c_size_t) function c_length(text) bind(c, name='strlen')
      import
      character(kind=c_char), intent(in) :: text(*)
    end function
    type(c_ptr) function c_names() bind(c)
      import
    end function
    complex(c_float_complex) function c_turn4(z, by) bind(c)
      import
      complex(c_float_complex), value :: z
      real(c_float), value :: by
    end function
    complex(c_double_complex) function c_turn8(z, by) bind(c)
      import
      complex(c_double_complex), value :: z
      real(c_double), value :: by
    end function
    logical(c_bool) function c_not(flag) bind(c)
      import
      logical(c_bool), value :: flag
    end function
    integer(c_int) function c_mixed(a, b, c, d, e, f) bind(c)
      import
      integer(c_signed_char), value :: a
      integer(c_short), value :: b
      integer(c_long), value :: c
      integer(c_long_long), value :: d
      real(c_float), value :: e
      character(kind=c_char), value :: f
    end function
    real(c_double) function c_descriptor(array) bind(c)
      import
      real(c_double), intent(inout) :: array(:, :)
    end function
    subroutine c_allocate(array) bind(c)
      import
      integer(c_int), allocatable, intent(out) :: array(:)
    end subroutine
    subroutine c_apply(f, n) bind(c)
      import
      type(c_funptr), value :: f
      integer(c_int), value :: n
    end subroutine
    subroutine c_calls_back() bind(c)
    end subroutine
  end interface
  abstract interface
    integer(c_int) function unary(n) bind(c)
      import
      integer(c_int), value :: n
    end function
  end interface
contains
  integer(c_int) function fortran_square(n) bind(c)
    integer(c_int), value :: n
    fortran_square = n * n
  end function
  subroutine fortran_print(text, n) bind(c)
    character(kind=c_char), intent(in) :: text(*)
    integer(c_int), value :: n
    print '(*(a))', text(1:n)
  end subroutine
  complex(c_float_complex) function fortran_conjugate4(z) bind(c)
    complex(c_float_complex), value :: z
    fortran_conjugate4 = conjg(z)
  end function
  complex(c_double_complex) function fortran_conjugate8(z) bind(c)
    complex(c_double_complex), value :: z
    fortran_conjugate8 = conjg(z)
  end function
  logical(c_bool) function fortran_even(n) bind(c)
    integer(c_long_long), value :: n
    fortran_even = mod(n, 2_c_long_long) == 0
  end function
  subroutine fortran_point(p) bind(c)
    type(point), intent(inout) :: p
    p%x = p%x * 2
    p%tag = p%tag + 1
  end subroutine
  integer(8) function plain_long(n)
    integer, intent(in) :: n
    plain_long = 4294967296_8 * n
  end function
end module

program main
  use interop
  implicit none
  type(point) :: p
  integer(c_int), target :: values(4) = [1, 2, 3, 4]
  integer(c_int), pointer :: back(:)
  integer(c_int), allocatable :: made(:)
  type(c_ptr), pointer :: names(:)
  character(kind=c_char), pointer :: letters(:)
  procedure(unary), pointer :: f
  real(c_double) :: grid(2, 3)
  character(kind=c_char, len=6), target :: word = 'hello'//c_null_char
  type(c_ptr) :: address
  integer :: i

  print '(i4)', c_sum(values, 4)
  p = point(1.5d0, 2.5d0, 7, c_loc(word), -3_c_short, c_funloc(fortran_square), 99, 12)
  call c_point(p)
  print '(2f6.2,3i5,2i5)', p%x, p%y, p%tag, p%small, p%long, p%size
  call c_f_procpointer(p%callback, f)
  print '(i5)', f(12_c_int)
  print '(i4)', c_length(word)
  call c_f_pointer(c_names(), names, [3])
  do i = 1, 3
    call c_f_pointer(names(i), letters, [3])
    print '(3a)', letters
  end do
  print '(2f8.3)', c_turn4((1.0, 2.0), 0.5), c_turn8((1d0, 2d0), 0.25d0)
  print '(2l2)', c_not(.true._c_bool), c_not(.false._c_bool)
  print '(i6)', c_mixed(-1_c_signed_char, -2_c_short, 3_c_long, 4_c_long_long, 5.5, 'A')
  grid = reshape([1d0, 2d0, 3d0, 4d0, 5d0, 6d0], [2, 3])
  print '(f6.1)', c_descriptor(grid(:, 1:3:2))
  print '(6f5.1)', grid
  call c_allocate(made)
  print '(5i4)', lbound(made), made
  call c_apply(c_funloc(fortran_square), 3_c_int)
  counter = 5
  call c_calls_back()
  print '(i4)', counter
  address = c_loc(values(2))
  call c_f_pointer(address, back, [2])
  print '(2i3,3l2)', back, c_associated(address), c_associated(address, c_loc(values(1))), c_associated(c_null_ptr)
  print '(3i4,i14)', red, green, blue, plain_long(3)
  print '(6i4)', c_int, c_short, c_float, c_double, c_bool, c_char
end program
