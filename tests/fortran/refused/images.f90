program images
  integer :: x[*]
  x = 1
end program
