program quadruple
  real(16) :: x
  x = 1
end program
