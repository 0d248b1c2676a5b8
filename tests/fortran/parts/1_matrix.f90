! A module whose procedures are in a submodule (2_matrix_body.f90), used by 3_main.f90.
module matrix
  implicit none
  interface
    module function trace(a) result(t)
      real(8), intent(in) :: a(:, :)
      real(8) :: t
    end function
    module subroutine fill(a, f)
      real(8), intent(out) :: a(:, :)
      interface
        pure real(8) function f(i, j)
          integer, intent(in) :: i, j
        end function
      end interface
    end subroutine
  end interface
  character(len=*), parameter :: title = 'matrix'
  integer, protected :: calls = 0
  real(8), save :: shared(3) = [1d0, 2d0, 3d0]
end module
