subroutine long
  common /block/ a(4)
  a = 2
  print '(a)', 'not reached'
end subroutine
