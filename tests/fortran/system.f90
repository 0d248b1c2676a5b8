! What a program asks its surroundings: arguments, environment, clocks, commands.
program system
  use, intrinsic :: iso_fortran_env, only: int64, compiler_version
  implicit none
  character(len=32) :: argument, value
  character(len=:), allocatable :: line
  character(len=10) :: date, time, zone
  integer :: i, n, status, length, fields(8), error, exit_status
  integer(int64) :: ticks, rate
  real :: begin, finish
  character(len=80) :: message

  print '(a,i0)', 'arguments ', command_argument_count()
  do i = 1, command_argument_count()
    call get_command_argument(i, argument, length, status)
    print '(i0,1x,a,2i4)', i, trim(argument), length, status
  end do
  call get_command_argument(99, argument, status=status)
  print '(a,l2)', 'no such argument', status /= 0
  call get_command(length=length)
  print '(a,l2)', 'command', length > 0
  call get_environment_variable('WEFT_TEST', value, length, status)
  print '(a,2i4)', trim(value), length, status
  call get_environment_variable('NOT_THERE', status=status)
  print '(a,i4)', 'not there', status
  call date_and_time(date, time, zone, fields)
  print '(a,3l2)', 'date', fields(1) >= 2024, fields(2) >= 1 .and. fields(2) <= 12, len_trim(date) == 8
  call system_clock(ticks, rate)
  print '(a,2l2)', 'clock', ticks > 0, rate > 0
  call cpu_time(begin)
  n = 0
  do i = 1, 1000000
    n = ieor(n, i)
  end do
  call cpu_time(finish)
  print '(a,i8,l2)', 'time', n, finish >= begin
  line = compiler_version()
  print '(l2)', len(line) > 3
  if (command_argument_count() == 2) then
    message = ''
    call execute_command_line('true', exitstat=exit_status, cmdstat=error, cmdmsg=message)
    print '(i3,1x,a)', error, trim(message)
  end if
end program
