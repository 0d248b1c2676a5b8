program main
  use matrix, only: trace, fill, title, count_of_calls => calls, shared
  implicit none
  real(8), allocatable :: a(:, :)
  integer :: n
  do n = 2, 4
    allocate (a(n, n))
    call fill(a, product_of)
    print '(a,i3,f8.2)', title, n, trace(a)
    deallocate (a)
  end do
  shared = shared * 2
  print '(i3,3f5.1)', count_of_calls, shared
contains
  pure real(8) function product_of(i, j)
    integer, intent(in) :: i, j
    product_of = i * j
  end function
end program
