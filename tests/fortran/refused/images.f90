program images
  sync all
end program
