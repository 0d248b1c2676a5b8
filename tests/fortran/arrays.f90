! Arrays: allocation, pointers, expressions, intrinsics, elemental and pure procedures, do concurrent, associate, block.
module work
  implicit none
  interface norm
    module procedure norm4, norm8
  end interface
contains
  pure real(4) function norm4(x)
    real(4), intent(in) :: x(:)
    norm4 = sqrt(sum(x**2))
  end function
  pure real(8) function norm8(x)
    real(8), intent(in) :: x(:)
    norm8 = sqrt(sum(x**2))
  end function
  elemental integer function collatz(n) result(steps)
    integer, intent(in) :: n
    integer :: k
    k = n
    steps = 0
    do while (k /= 1)
      if (mod(k, 2) == 0) then
        k = k / 2
      else
        k = 3 * k + 1
      end if
      steps = steps + 1
    end do
  end function
  recursive integer function ackermann(m, n) result(r)
    integer, intent(in) :: m, n
    if (m == 0) then
      r = n + 1
    else if (n == 0) then
      r = ackermann(m - 1, 1)
    else
      r = ackermann(m - 1, ackermann(m, n - 1))
    end if
  end function
  subroutine solve(a, b, n)
    integer, intent(in) :: n
    real(8), intent(inout) :: a(n, n), b(n)
    integer :: i, k
    do k = 1, n - 1
      do i = k + 1, n
        a(i, k) = a(i, k) / a(k, k)
        a(i, k+1:) = a(i, k+1:) - a(i, k) * a(k, k+1:)
        b(i) = b(i) - a(i, k) * b(k)
      end do
    end do
    do i = n, 1, -1
      b(i) = (b(i) - dot_product(a(i, i+1:), b(i+1:))) / a(i, i)
    end do
  end subroutine
  function window(x, first, last) result(w)
    real, target, intent(in) :: x(:)
    integer, intent(in) :: first, last
    real, pointer :: w(:)
    w(0:) => x(first:last)
  end function
end module

program arrays
  use work
  implicit none
  integer, parameter :: n = 6
  real(8), allocatable :: a(:, :), b(:), c(:, :)
  real, target :: line(10)
  real, pointer :: p(:), q(:, :)
  integer :: i, j, grid(3, 4), error
  integer, allocatable :: list(:)
  logical :: mask(3, 4)
  complex(8) :: z(3)
  complex :: w(2, 2)
  character(len=60) :: text
  integer(8) :: big(2)
  integer(1) :: small(3)

  grid = reshape([(i * i, i=1, 12)], [3, 4])
  print '(4i5)', (grid(i, :), i=1, 3)
  print '(3i5)', sum(grid), maxval(grid), minval(grid, dim=1)
  print '(12i5)', sum(grid, dim=1), maxloc(grid), minloc(grid, mask=grid > 20), findloc(grid, 49)
  mask = mod(grid, 2) == 0
  print '(i3,3l2,4i3)', count(mask), any(mask), all(mask), parity([.true., .true., .true.]), count(mask, dim=1)
  print '(20i5)', pack(grid, mask), unpack([1, 2, 3], [.true., .false., .true.], 0), merge(1, 0, mask(:, 1))
  print '(12i5)', cshift(grid(1, :), 1), eoshift(grid(2, :), -1), spread([1, 2], 1, 2)
  print '(4i5)', transpose(grid(1:2, 1:2)), product([1, 2, 3, 4]), iall([7, 6]), iany([1, 4])
  print '(f6.2)', norm2([3.0, 4.0])
  list = [integer ::]
  do i = 1, 5
    list = [list, i**2]
  end do
  print '(i3,5i4,l2)', size(list), list, allocated(list)
  allocate (list(3), stat=error)
  print '(l2)', error /= 0
  deallocate (list)
  allocate (list(-1:1), source=[5, 6, 7])
  print '(5i4)', lbound(list), ubound(list), list(-1), size(list)

  allocate (a(n, n), b(n))
  do concurrent (i = 1:n, j = 1:n)
    a(i, j) = 1d0 / (i + j - 1) + merge(2d0, 0d0, i == j)
  end do
  b = matmul(a, [(real(i, 8), i=1, n)])
  c = a
  call solve(c, b, n)
  print '(6f9.5)', b
  print '(2f12.6)', norm(b), norm([3.0, 4.0])
  c = matmul(transpose(a), a)
  print '(2f14.8)', c(1, 1), sum([(c(i, i), i=1, n)])
  where (a > 1)
    a = -1
  elsewhere (a > 0.3)
    a = 0
  end where
  print '(f12.6)', sum(a)
  forall (i = 1:n) a(i, i) = i
  print '(f12.6)', sum(a)

  line = [(0.5 * i, i=1, 10)]
  p => line(2:10:3)
  p = -p
  print '(10f5.1)', line
  print '(i3,l2)', size(p), associated(p, line(2:10:3))
  q(1:2, 1:5) => line
  print '(5f5.1)', q(2, :)
  p => window(line, 3, 5)
  print '(2i3)', lbound(p), ubound(p)
  associate (first => line(1), middle => line(4:6))
    middle = first
  end associate
  print '(4f5.1)', line(3:6)
  block
    real :: local(size(line))
    local = cumulative(line)
    print '(f8.2)', local(10)
  end block

  z = [(1d0, 2d0), (3d0, -1d0), (0d0, 1d0)]
  print '(2f10.5)', sum(z), product(z), dot_product(z, z), conjg(z(1)) * z(2), sqrt(z(2)), exp(z(3))
  w = reshape([(1., 0.), (0., 1.), (2., 1.), (1., 1.)], [2, 2])
  w = matmul(w, w)
  print '(2f8.3)', w, abs(w(1, 1)), z(1)**3
  print '(2f10.5)', z%re, z(2)%im, atan2(z(1)%im, z(1)%re)
  print '(9i4)', collatz([1, 7, 27, 9]), ackermann(2, 3)
  big = huge(1_8) - [0_8, 1_8]
  small = [100_1, -100_1, 27_1]
  print '(2i20,3i5)', big, small
  write (text, '(3(i0,","))') shape(reshape(grid, [2, 3, 2]))
  print '(a)', trim(text)
  print '(6i3)', rank(grid), is_even(3), is_even(8), ishft(1, 4), popcnt(255), leadz(1)
contains
  function cumulative(x) result(y)
    real, intent(in) :: x(:)
    real :: y(size(x))
    integer :: k
    y(1) = x(1)
    do k = 2, size(x)
      y(k) = y(k - 1) + x(k)
    end do
  end function
  integer function is_even(k)
    integer, value :: k
    is_even = 1 - iand(k, 1)
  end function
end program
