submodule (matrix) body
  implicit none
contains
  module procedure trace
    integer :: i
    t = 0
    do i = 1, size(a, 1)
      t = t + a(i, i)
    end do
    calls = calls + 1
  end procedure
  module procedure fill
    integer :: i, j
    do j = 1, size(a, 2)
      do i = 1, size(a, 1)
        a(i, j) = f(i, j)
      end do
    end do
  end procedure
end submodule
