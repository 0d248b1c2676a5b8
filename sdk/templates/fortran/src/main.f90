program main
  implicit none
  character(len=80) :: name

  name = "world"
  if (command_argument_count() > 0) call get_command_argument(1, name)
  print '(3a)', "Hello, ", trim(name), "!"
end program main
