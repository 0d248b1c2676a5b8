program tasks
  !$omp parallel
  !$omp task
  print *, 1
  !$omp end task
  !$omp end parallel
end program
