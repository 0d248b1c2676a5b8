! Derived types: defaults, inheritance, type-bound and deferred procedures, polymorphism, finalizers, operators.
module shapes
  implicit none
  private
  public :: shape, circle, square, counted, alive, unit_of, area_of, operator(.over.), operator(+), vector

  integer :: alive = 0

  type :: unit_of
    character(len=4) :: name = 'm'
    real(8) :: scale = 1.5d0
    integer, pointer :: next => null()
    integer :: list(3) = [7, 8, 9]
  end type

  type, abstract :: shape
    type(unit_of) :: unit
    character(len=:), allocatable :: label
  contains
    procedure(area_interface), deferred :: area
    procedure :: describe
    procedure, private :: scaled_real, scaled_integer
    generic :: scaled => scaled_real, scaled_integer
    procedure(make_interface), nopass, deferred :: sides
  end type

  abstract interface
    function area_interface(this) result(area)
      import :: shape
      class(shape), intent(in) :: this
      real(8) :: area
    end function
    integer function make_interface()
    end function
  end interface

  type, extends(shape) :: circle
    real(8) :: radius = 2.0d0
  contains
    procedure :: area => circle_area
    procedure, nopass :: sides => circle_sides
  end type

  type, extends(shape) :: square
    real(8) :: side = 3.0d0
  contains
    procedure :: area => square_area
    procedure :: describe => describe_square
    procedure, nopass :: sides => square_sides
  end type

  type :: counted
    integer :: id = 0
  contains
    final :: forget, forget_many
  end type

  type :: vector
    real :: x(2) = 0
  end type

  interface operator(.over.)
    module procedure over
  end interface
  interface operator(+)
    module procedure add
  end interface

contains

  real(8) function circle_area(this) result(area)
    class(circle), intent(in) :: this
    area = 3.0d0 * this%radius**2 * this%unit%scale
  end function

  integer function circle_sides()
    circle_sides = 0
  end function

  real(8) function square_area(this) result(area)
    class(square), intent(in) :: this
    area = this%side**2
  end function

  integer function square_sides()
    square_sides = 4
  end function

  subroutine describe(this)
    class(shape), intent(in) :: this
    print '(a,a,f8.3,a,i0)', this%label, ' has area ', this%area(), ' sides ', this%sides()
  end subroutine

  subroutine describe_square(this)
    class(square), intent(in) :: this
    print '(a,f6.2)', 'square with side ', this%side
  end subroutine

  real(8) function scaled_real(this, factor)
    class(shape), intent(in) :: this
    real(8), intent(in) :: factor
    scaled_real = this%area() * factor
  end function

  real(8) function scaled_integer(this, factor)
    class(shape), intent(in) :: this
    integer, intent(in) :: factor
    scaled_integer = this%area() * factor
  end function

  real(8) function area_of(list)
    class(shape), intent(in) :: list(:)
    integer :: i
    area_of = 0
    do i = 1, size(list)
      area_of = area_of + list(i)%area()
    end do
  end function

  subroutine forget(this)
    type(counted), intent(inout) :: this
    alive = alive - 1
    print '(a,i0)', 'final ', this%id
  end subroutine

  subroutine forget_many(these)
    type(counted), intent(inout) :: these(:)
    alive = alive - size(these)
    print '(a,*(1x,i0))', 'final array', these%id
  end subroutine

  elemental real function over(a, b)
    real, intent(in) :: a, b
    over = a / b
  end function

  type(vector) elemental function add(a, b)
    type(vector), intent(in) :: a, b
    add%x = a%x + b%x
  end function
end module

program types
  use shapes
  implicit none
  type :: holder
    class(shape), allocatable :: item
  end type
  type(holder) :: row(2)
  class(shape), allocatable :: copy, many(:)
  class(*), allocatable :: anything
  type(unit_of) :: unit
  type(vector) :: v
  integer :: i

  print '(a,f5.2,l2,3i3)', unit%name, unit%scale, associated(unit%next), unit%list
  allocate (row(1)%item, source=circle(unit_of(), 'circle'))
  allocate (square :: row(2)%item)
  row(2)%item%label = 'square'
  do i = 1, 2
    call row(i)%item%describe()
    print '(2f9.3)', row(i)%item%scaled(2), row(i)%item%scaled(0.5d0)
  end do
  copy = row(1)%item
  select type (copy)
  type is (circle)
    copy%radius = 5
    print '(a,f8.3)', 'a circle of radius', copy%radius
  class default
    print '(a)', 'something else'
  end select
  print '(2l2)', same_type_as(copy, row(1)%item), extends_type_of(row(2)%item, copy)
  allocate (circle :: many(3))
  print '(f9.3)', area_of(many)
  do i = 1, 4
    call show(i)
  end do
  allocate (anything, source=2.5)
  call kind_of(anything)
  deallocate (anything)
  allocate (anything, source='text')
  call kind_of(anything)
  print '(f6.2,2f6.1)', 3.0 .over. 4.0, [1.0, 9.0] .over. 2.0
  v = vector([1.0, 2.0]) + vector([10.0, 20.0])
  print '(2f6.1)', v%x
  call scope()
  print '(a,i0)', 'alive ', alive

contains

  subroutine kind_of(x)
    class(*), intent(in) :: x
    select type (x)
    type is (integer)
      print '(a,i0)', 'integer ', x
    type is (real)
      print '(a,f5.2)', 'real ', x
    type is (character(*))
      print '(a,a,1x,i0)', 'character ', x, len(x)
    class is (shape)
      print '(a,a)', 'shape ', x%label
    class default
      print '(a)', 'unknown'
    end select
  end subroutine

  subroutine show(i)
    integer, intent(in) :: i
    select case (i)
    case (1)
      call kind_of(42)
    case (2)
      call kind_of(row(2)%item)
    case (3)
      call kind_of(.true.)
    case default
      call kind_of('abc'//'def')
    end select
  end subroutine

  subroutine scope()
    type(counted) :: one
    type(counted), allocatable :: some(:)
    one%id = 1
    alive = alive + 1
    allocate (some(2))
    some%id = [2, 3]
    alive = alive + 2
    deallocate (some)
    block
      type(counted) :: inner
      inner%id = 4
      alive = alive + 1
    end block
  end subroutine
end program
