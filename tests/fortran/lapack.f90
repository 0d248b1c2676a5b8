! BLAS and LAPACK from Fortran: procedures with and without characters, functions of all kinds, and a
! procedure of that name which is the program's own.
program lapack
  implicit none
  double precision :: a(3, 3), b(3), c(2, 2), w(3), work(100)
  complex(kind(1d0)) :: x(2), zdotc
  complex :: y(2), cdotu
  double precision, external :: dlange, ddot, dnrm2
  real, external :: sasum
  logical, external :: lsame
  integer :: pivots(3), info
  external :: dgetrf, dgetrs, dgemm, dsyev, zdotc, cdotu, dscal

  a = reshape([2d0, -3d0, -2d0, 1d0, -1d0, 1d0, -1d0, 2d0, 2d0], [3, 3])
  b = [8d0, -11d0, -3d0]
  print '(a, f8.3)', 'dlange ', dlange('M', 3, 3, a, 3, work)
  call dgetrf(3, 3, a, 3, pivots, info)
  call dgetrs('No transpose', 3, 1, a, 3, pivots, b, 3, info)
  print '(a, i2, 3f8.3)', 'dgetrs ', info, b
  c = 1
  call multiply(c)
  print '(a, 4f8.3)', 'dgemm ', c
  a = reshape([2d0, -1d0, 0d0, -1d0, 2d0, -1d0, 0d0, -1d0, 2d0], [3, 3])
  call dsyev('V', 'L', 3, a, 3, w, work, 100, info)
  print '(a, i2, 3f8.3)', 'dsyev ', info, w
  x = [(1d0, 2d0), (3d0, -1d0)]
  y = [(1.0, 2.0), (3.0, -1.0)]
  print '(a, 4f8.3)', 'dots ', zdotc(2, x, 1, x, 1), cdotu(2, y, 1, y, 1)
  print '(a, 3f8.3)', 'norms ', ddot(3, w, 1, w, 1), dnrm2(3, w, 1), sasum(4, y, 1)
  call dscal(3, 2d0, w, 1)
  print '(a, 3f8.3, 2l2)', 'dscal ', w, lsame('a', 'A'), lsame('a', 'b')
  call dtbmv('U', 'N', 'N', 3, 0, a, 3, w, 1)
contains
  subroutine multiply(c)
    double precision :: c(2, 2)
    double precision :: p(2, 2) = reshape([1d0, 2d0, 3d0, 4d0], [2, 2])
    call dgemm('N', 'T', 2, 2, 2, 2d0, p, 2, p, 2, 10d0, c, 2)
  end subroutine
end program

subroutine dtbmv(uplo, trans, diag, n, k, a, lda, x, incx)
  character :: uplo, trans, diag
  integer :: n, k, lda, incx
  double precision :: a(lda, *), x(*)
  print '(4a, 4i3)', "the program's own dtbmv ", uplo, trans, diag, n, k, lda, incx
end subroutine
