program short
  common /block/ a(2)
  a = 1
  call long()
end program
