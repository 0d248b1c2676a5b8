subroutine by_value(p) bind(c)
  use iso_c_binding
  type, bind(c) :: point
    real(c_double) :: x, y
  end type
  type(point), value :: p
end subroutine
