! Ends as its argument says.
program stops
  implicit none
  character(len=16) :: how
  integer :: code = 7
  call get_command_argument(1, how)
  print '(a)', 'before'
  select case (how)
  case ('stop')
    stop
  case ('code')
    stop 3
  case ('variable')
    stop code
  case ('text')
    stop 'a message'
  case ('error')
    error stop
  case ('errorcode')
    error stop 9
  case ('errortext')
    error stop 'an error message'
  case ('quiet')
    stop 4, quiet=.true.
  case ('command')
    call execute_command_line('true')
  case ('open')
    open (10, file='not/there', status='old')
  case ('format')
    print '(i5)', 1.5
  end select
  print '(a)', 'after'
end program
