! Files: sequential, direct, stream; formatted and not; positions, inquiries, errors. Works in the current directory.
program files
  use, intrinsic :: iso_fortran_env, only: iostat_end, output_unit, int64
  implicit none
  integer :: u, v, i, error, n, values(4)
  integer(int64) :: bytes
  real(8) :: x(5), y(5)
  character(len=40) :: line, message
  logical :: there, opened
  character(len=1) :: letter

  open (newunit=u, file='a.txt', status='replace', action='write')
  do i = 1, 5
    write (u, '(i3,1x,f6.2)') i, i * 1.25
  end do
  close (u)
  open (newunit=u, file='a.txt', status='old', position='append')
  write (u, '(a)') 'last line'
  close (u)
  open (newunit=u, file='a.txt', status='old', action='read')
  n = 0
  do
    read (u, '(a)', iostat=error) line
    if (error == iostat_end) exit
    n = n + 1
    print '(a)', trim(line)
  end do
  rewind (u)
  read (u, *) i, x(1)
  read (u, *) i, x(1)
  backspace (u)
  read (u, *) i, x(2)
  print '(3i3,2f6.2)', n, i, 0, x(1:2)
  inquire (file='a.txt', exist=there, opened=opened, size=bytes, number=v)
  print '(2l2,i5,l2)', there, opened, bytes, v == u
  close (u, status='delete')
  inquire (file='a.txt', exist=there)
  print '(l2)', there

  open (newunit=u, file='b.bin', form='unformatted', access='sequential', status='replace')
  x = [1d0, 2d0, 3d0, 4d0, 5d0]
  write (u) 5, x
  write (u) 'abc'
  close (u)
  open (newunit=u, file='b.bin', form='unformatted', status='old')
  read (u) n, y(1:n)
  read (u) letter
  print '(i3,5f5.1,1x,a)', n, y, letter
  read (u, iostat=error) letter
  print '(l2)', error == iostat_end
  close (u)
  inquire (file='b.bin', size=bytes)
  print '(i5)', bytes

  inquire (iolength=n) values
  open (newunit=u, file='c.dat', form='unformatted', access='direct', recl=n, status='replace')
  do i = 5, 1, -1
    write (u, rec=i) [i, i * i, i**3, -i]
  end do
  read (u, rec=3) values
  print '(4i5)', values
  read (u, rec=99, iostat=error) values
  print '(l2)', error /= 0
  close (u)

  open (newunit=u, file='d.str', access='stream', form='unformatted', status='replace')
  write (u) 'hello', 1_1, 2_2, 3
  inquire (u, pos=n)
  write (u, pos=2) 'E'
  read (u, pos=1) line(1:5)
  print '(i4,1x,a)', n, line(1:5)
  close (u)
  open (newunit=u, file='d.str', access='stream', form='formatted', status='replace')
  write (u, '(a)', advance='no') 'no '
  write (u, '(a)') 'advance'
  close (u)
  open (newunit=u, file='d.str', access='stream', form='formatted', status='old')
  read (u, '(a)', advance='no', eor=10, size=n) line
10 print '(i3,1x,a)', n, line(1:n)
  close (u, status='delete')

  open (newunit=u, status='scratch')
  write (u, *) 1, 2, 3, 4
  rewind (u)
  read (u, *) values
  print '(4i3)', values
  close (u)

  open (newunit=u, file='nothere/at/all', status='old', iostat=error, iomsg=message)
  print '(2l2)', error /= 0, len_trim(message) > 0
  open (newunit=u, file='e.txt', status='replace')
  write (u, '(a)') '1 2 x'
  rewind (u)
  read (u, *, err=20) values(1:3)
  print '(a)', 'not reached'
20 print '(a)', 'err= taken'
  close (u, status='delete')
  write (output_unit, '(a)') 'to output_unit'
  write (0, '(a)') 'to unit 0'
  do i = 1, 3
    open (10 + i, file='f'//achar(48 + i), status='replace')
    write (10 + i, *) i
  end do
  do i = 1, 3
    close (10 + i, status='delete')
  end do
  read (*, *) i, line
  read (*, '(a)', iostat=error) message
  print '(i4,1x,a,1x,a)', i, trim(line), trim(message)
  read (*, *, iostat=error) i
  print '(l2)', error == iostat_end
end program
