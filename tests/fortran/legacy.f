C     Fixed form: COMMON, BLOCK DATA, EQUIVALENCE, ENTRY, EXTERNAL,
C     statement functions, computed GO TO, implicit typing, DATA.
      BLOCK DATA
      COMMON /CONST/ PI, NMAX, TITLE
      DOUBLE PRECISION PI
      CHARACTER*8 TITLE
      DATA PI /3.141592653589793D0/, NMAX /5/, TITLE /'LEGACY'/
      END
      PROGRAM LEGACY
      COMMON /CONST/ PI, NMAX, TITLE
      COMMON /WORK/ A(10), K
      COMMON B(4)
      DOUBLE PRECISION PI, TOTAL, SIMPSN, F, G
      CHARACTER*8 TITLE
      DIMENSION IX(4), X(2)
      INTEGER*4 IWORD(2)
      REAL*8 DWORD
      COMPLEX CSUM, CRES
      EXTERNAL F, G
      EQUIVALENCE (DWORD, IWORD(1))
      DATA IX /4*7/, X /1.0, 2.0/
      SQ(Z) = Z * Z
      DO 10 I = 1, 10
   10 A(I) = SQ(FLOAT(I))
      K = 3
      CALL FILL
      WRITE (6, 100) TITLE, PI, NMAX, A(1), A(10), K
  100 FORMAT (1X, A8, F12.8, I4, 2F8.1, I4)
      DWORD = 1.0D0
      WRITE (6, '(2I12)') IWORD
      TOTAL = SIMPSN(F, 0.0D0, 1.0D0, 100) + SIMPSN(G, 0.0D0, PI, 100)
      WRITE (6, '(F14.9)') TOTAL
      DO 50 J = 1, 4
      GO TO (20, 30, 40), J
      WRITE (6, '(A)') ' NONE'
      GO TO 50
   20 WRITE (6, '(A)') ' FIRST'
      GO TO 50
   30 CALL SECND(J)
      GO TO 50
   40 CALL THIRD(J)
   50 CONTINUE
      CRES = CSUM(3, (1.0, 2.0))
      WRITE (6, '(2F8.2)') CRES
      IF (IX(1) - 7) 60, 70, 60
   60 WRITE (6, '(A)') ' WRONG'
   70 WRITE (6, '(4I3,4F5.1)') IX, B
      STOP
      END
      SUBROUTINE FILL
      COMMON /WORK/ A(10), K
      COMMON B(4)
      DO 10 I = 1, 4
   10 B(I) = A(I) + K
      K = K + 1
      END
      SUBROUTINE SECND(J)
      WRITE (6, '(A, I3)') ' SECOND', J
      RETURN
      ENTRY THIRD(J)
      WRITE (6, '(A, I3)') ' THIRD', J
      END
      DOUBLE PRECISION FUNCTION F(X)
      DOUBLE PRECISION X
      F = X**3
      END
      DOUBLE PRECISION FUNCTION G(X)
      DOUBLE PRECISION X
      G = SIN(X)
      END
      COMPLEX FUNCTION CSUM(N, C)
      COMPLEX C
      CSUM = (0.0, 0.0)
      DO 10 I = 1, N
   10 CSUM = CSUM + C * I
      END
      DOUBLE PRECISION FUNCTION SIMPSN(FUN, A, B, N)
      DOUBLE PRECISION FUN, A, B, H
      H = (B - A) / N
      SIMPSN = FUN(A) + FUN(B)
      DO 10 I = 1, N - 1
   10 SIMPSN = SIMPSN + (2 + 2 * MOD(I, 2)) * FUN(A + I * H)
      SIMPSN = SIMPSN * H / 3
      END
