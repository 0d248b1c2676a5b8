! OpenMP: parallel loops, reductions, sections, critical, atomic, private data, omp_lib.
program openmp
  use omp_lib
  implicit none
  integer, parameter :: n = 1000
  integer :: i, total, threads, hits(0:3), maximum, counter
  real(8) :: a(n), sum8
  integer(omp_lock_kind) :: lock

  call omp_set_num_threads(4)
  threads = 0
  hits = 0
  !$omp parallel default(shared)
  !$omp single
  threads = omp_get_num_threads()
  !$omp end single
  hits(omp_get_thread_num()) = 1
  !$omp end parallel
  print '(5i4)', threads, hits
  !$omp parallel do schedule(dynamic, 7)
  do i = 1, n
    a(i) = sqrt(real(i, 8))
  end do
  !$omp end parallel do
  sum8 = 0
  total = 0
  maximum = -1
  !$omp parallel do reduction(+:sum8, total) reduction(max:maximum)
  do i = 1, n
    sum8 = sum8 + a(i)**2
    total = total + i
    maximum = max(maximum, mod(i * 37, 1001))
  end do
  print '(f12.3,2i8)', sum8, total, maximum
  counter = 0
  !$omp parallel
  !$omp do
  do i = 1, 100
    !$omp critical
    counter = counter + 1
    !$omp end critical
    !$omp atomic
    counter = counter + 1
  end do
  !$omp end do
  !$omp end parallel
  print '(i6)', counter
  call omp_init_lock(lock)
  total = 0
  !$omp parallel sections
  !$omp section
  call add(1)
  !$omp section
  call add(2)
  !$omp end parallel sections
  call omp_destroy_lock(lock)
  print '(i6,l2)', total, omp_get_wtime() > 0
  !$omp parallel private(threads) reduction(+:total)
  threads = omp_get_thread_num()
  !$omp barrier
  total = total + threads
  !$omp master
  total = total + 100
  !$omp end master
  !$omp end parallel
  print '(i6)', total
  !$omp parallel do collapse(2) schedule(static) firstprivate(counter) lastprivate(maximum)
  do i = 1, 10
    do threads = 1, 10
      maximum = i * threads + counter
    end do
  end do
  print '(i6)', maximum
  !$omp simd
  do i = 1, n
    a(i) = a(i) * 2
  end do
  print '(f10.4)', a(n)
contains
  subroutine add(k)
    integer, intent(in) :: k
    call omp_set_lock(lock)
    total = total + k
    call omp_unset_lock(lock)
  end subroutine
end program
