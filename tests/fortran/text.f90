! Characters, formats, list-directed, internal and namelist input and output, derived-type input and output.
module fractions
  implicit none
  type :: fraction
    integer :: above = 0, below = 1
  contains
    procedure :: write_fraction
    generic :: write (formatted) => write_fraction
  end type
contains
  subroutine write_fraction(this, unit, iotype, v_list, iostat, iomsg)
    class(fraction), intent(in) :: this
    integer, intent(in) :: unit, v_list(:)
    character(*), intent(in) :: iotype
    integer, intent(out) :: iostat
    character(*), intent(inout) :: iomsg
    write (unit, '(i0,"/",i0)', iostat=iostat, iomsg=iomsg) this%above, this%below
  end subroutine
end module

program text
  use fractions
  implicit none
  character(len=10) :: word = 'weft'
  character(len=:), allocatable :: grown
  character(len=80) :: line, lines(3)
  character(len=3) :: parts(2) = ['abc', 'xyz']
  integer :: i, j, error, numbers(3)
  real(8) :: x
  logical :: flag
  complex :: z
  real :: speed = 1.5
  integer :: count = 3, table(4) = 0
  character(len=8) :: name = 'none'
  namelist /settings/ speed, count, name, table, flag

  flag = .true.
  print '(3a,2i4)', '[', trim(word), ']', len(word), len_trim(word)
  print '(a)', adjustr(word)//'|'//adjustl('  left')//'|'
  print '(6i4)', index('mississippi', 'ss'), index('mississippi', 'ss', .true.), scan('fortran', 'tr'), &
    verify('aaab', 'a'), iachar('A'), ichar(char(200))
  grown = repeat('ab', 3)
  grown = grown//word(1:4)
  print '(a,i4)', grown, len(grown)
  print '(2l2)', lle('a', 'b'), 'abc' < 'abd'
  word(2:3) = 'EE'
  print '(a)', word
  parts(:)(2:2) = '-'
  print '(2a4)', parts
  print '(a)', new_line('a')//achar(9)//'end'

  write (line, '(i5.3,f8.3,es12.4,e10.3e3,g12.5,l3,a5,b8.6,o6,z6)') 7, 3.14159, 12345.678d0, 1e-5, 0.1, .true., 'str', &
    5, 64, 255
  print '(a)', trim(line)
  write (line, '(sp,i4,f7.2,ss,i4,1x,2(i2,":"),tr2,a,t60,a)') 5, 2.5, 6, 1, 2, 'x', 'col60'
  print '(a)', trim(line)
  write (line, '(en12.3,f0.2,1x,f6.0,dp,f8.2,dc,f8.2)') 123456.0, 0.5, 2.5, 1.5, 1.5
  print '(a)', trim(line)
  print '(3(i0,:,", "))', 1, 2, 3
  print '(*(g0,1x))', 1, 'mixed', .false.
  write (lines, '(i0)') 10, 20, 30
  print '(3a4)', lines

  line = '  12 34.5e1 T abc'
  read (line, *) i, x, flag, word
  print '(i4,f8.2,l2,1x,a)', i, x, flag, word
  line = '1,,3'
  read (line, *) numbers(1), numbers(2), numbers(3)
  line = '3*7'
  read (line, *) numbers
  print '(3i3)', numbers
  line = '(1.5,-2)'
  read (line, *) z
  print '(2f5.1)', z
  line = '  42-17'
  read (line, '(i4,i3)') i, j
  print '(2i5)', i, j
  line = 'notanumber'
  read (line, *, iostat=error) i
  print '(a,l2)', 'error', error > 0
  line = '5'
  read (line, *, iostat=error) i, j
  print '(a,l2)', 'end', is_iostat_end(error)
  line = "&settings speed = 2.5, name = 'x y', table(2:3) = 5, 6 flag = F /"
  read (line, nml=settings)
  print '(f5.2,i3,1x,a,4i3,l2)', speed, count, name, table, flag
  print '(dt,1x,a,2(1x,dt))', fraction(1, 2), 'and', fraction(3, 4), fraction(5, 6)
  write (line, *) 'list', 5
  read (line, *) word, i
  print '(a,i3)', trim(word), i
  print '(f8.3,i12,i22)', 1.0/3.0, huge(1), huge(1_8)
  print '(a10,1x,a3,1x,a)', 'right', 'cut off', 'exact'
  print '(1p,e12.4,0p,f8.2)', 1234.5, 1234.5
  print '(f6.2,f6.2,f6.2)', 0.005d0, 0.015d0, 2.675d0
  print '(3es24.16)', 0.1d0, 1d0/3d0, 2d0**0.5d0
  print '(2i4)', selected_int_kind(9), selected_real_kind(15)
end program
