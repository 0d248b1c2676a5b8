program thread_private
  integer, save :: mine
  !$omp threadprivate(mine)
  !$omp parallel
  mine = 1
  !$omp end parallel
end program
