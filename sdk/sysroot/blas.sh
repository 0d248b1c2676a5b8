#!/bin/bash
# artefact: guest-blas
# inputs: sdk/sysroot/math_sources.sh sdk/sysroot/libc-threads.sh sdk/sysroot/toolchain.sh sdk/sysroot/building.sh
# inputs: sdk/math sdk/fortran/lapack_procedures.txt
# packages: clang-22 f2c
#
# BLAS, CBLAS, LAPACK and LAPACKE 3.11: reference LAPACK through f2c, with products of matrices and operations on
# vectors of our own (sdk/math), which weft's compiler vectorises. math.sh adds it to the sysroot.
set -euo pipefail
recipe_dir=$(dirname "$(readlink -f "$0")")
root=$(cd "$recipe_dir/../.." && pwd)
triple=wasm32-wasip1-threads

# What f2c does not understand, for want of EXIT, MAXLOC or HUGE: libflame has older translations of these.
from_libflame=(larft laqr5 tgsja pstrf pstf2 bbcsd)
# What sdk/math has of its own, and what exists only with extra precision.
own='^([ds](gemm|axpy|dot|scal|copy)|lsame|lsamen|xerbla|xerbla_array|ilaenv|ilaenv2stage|iparmq|iparam2stage)\.f$'
own+='|^[ds](la)?isnan\.f$|(svxx|rfsxx?|_extended)\.f$|^.la_|^(dsecnd|second)'
# What nobody translates (sdk/math/README.md); anything else that is missing is a mistake.
missing='^([sd]bdsvdx|[sdcz](getsqrhrt|trsyl3|laqz[0-4]))$'

build() {
  out=$1
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  libraries=$("$root/scripts/cached" "$recipe_dir/math_sources.sh")
  sysroot=$("$root/scripts/cached" "$recipe_dir/libc-threads.sh")
  for part in toolchain building; do
    # shellcheck source=/dev/null
    source "$recipe_dir/$part.sh"
  done
  guest_flags $triple
  translate
  flags=(-O1 -w "-I$root/sdk/math" "${guest_cflags[@]}")
  (cd "$root/sdk/math" && printf '%s\n' *.c | compile_all "$work/own" "${flags[@]}" -O2)
  echo "compiling BLAS and LAPACK"
  (cd "$work/c" && printf '%s\n' [!g]*.c | compile_groups 25 "$work/lapack" "${flags[@]}")
  build_cblas
  build_lapacke
  check_procedures
  install_libraries
}

# translate_with_f2c DIR: its *.f into *.c beside them; what f2c refuses is left out.
translate_with_f2c() (
  cd "$1" || exit
  python3 "$root/sdk/math/fix_fortran.py" -- *.f
  printf '%s\n' *.f | xargs -P "$jobs" -n 100 f2c -a -A -R '-!bs' > f2c.log 2>&1 || true
  find . -name '*.c' -size 0 -delete
  printf '%s\n' *.c | xargs python3 "$root/sdk/math/fix_f2c.py" > procedures
)

translate() {
  local name precision
  mkdir -p "$work/c"
  cp -n "$libraries"/lapack/SRC/*.f "$libraries"/lapack/BLAS/SRC/*.f "$work/c/"
  (cd "$work/c" && printf '%s\n' *.f | grep -E "$own" | xargs rm -f)
  for name in "${from_libflame[@]}"; do
    for precision in s d c z; do
      rm -f "$work/c/$precision$name.f"
      cp "$libraries/libflame/src/map/lapack2flamec/f2c/c/$precision$name.c" "$work/c/"
    done
  done
  echo "translating BLAS and LAPACK to C"
  translate_with_f2c "$work/c"
  for name in "$work"/c/*.f; do
    name=$(basename "$name" .f)
    if [ ! -e "$work/c/$name.c" ] && ! grep -qE "$missing" <<< "$name"; then
      echo "f2c did not translate $name:" >&2
      grep -F "$name.f" "$work/c/f2c.log" >&2
      exit 1
    fi
  done
  echo "$(find "$work/c" -name '*.c' | wc -l) functions of BLAS and LAPACK"
}

build_cblas() {
  echo "compiling CBLAS"
  cp -r "$libraries/lapack/CBLAS/src" "$work/cblas"
  rm "$work/cblas/xerbla.c" # sdk/math has one
  cp "$libraries"/lapack/CBLAS/include/*.h "$work/cblas/"
  cp "$libraries/lapack/CBLAS/include/cblas_mangling_with_flags.h.in" "$work/cblas/cblas_mangling.h"
  sed -i 's/^#define BLAS_FORTRAN_STRLEN_END//' "$work/cblas/cblas_f77.h"
  mkdir "$work/cblas/f"
  mv "$work"/cblas/*.f "$work/cblas/f/"
  translate_with_f2c "$work/cblas/f"
  (cd "$work/cblas/f" && printf '%s\n' *.c | compile_groups 50 "$work/cblas-f-o" "${flags[@]}")
  (cd "$work/cblas" && printf '%s\n' *.c | compile_groups 50 "$work/cblas-o" "${flags[@]}" -DADD_)
}

# compile_groups N OUT-DIR FLAGS... < LIST: compiles N sources of the list at a time, as one: starting the compiler and
# reading long headers costs more than one small function. The linker leaves out what a program does not use.
compile_groups() {
  local n=$1 group
  shift
  split -l "$n" - group-
  for group in group-*; do sed 's/.*/#include "&"/' "$group" > "$group.c"; done
  printf '%s\n' group-*.c | compile_all "$@" -I.
}

build_lapacke() {
  echo "compiling LAPACKE"
  cp -r "$libraries/lapack/LAPACKE" "$work/lapacke"
  (
    cd "$work/lapacke" || exit
    cp include/lapacke_mangling_with_flags.h.in include/lapacke_mangling.h
    sed -i 's/^#define LAPACK_FORTRAN_STRLEN_END//' include/lapack.h
    sed -i -e '1i #include <ctype.h>' -e 's/return .*LAPACK_lsame.*/return toupper(ca) == toupper(cb);/' \
      utils/lapacke_lsame.c
    printf '%s\n' src/*.c utils/*.c | compile_groups 150 "$work/lapacke-o" "${flags[@]}" -DADD_ -Iinclude -Iutils
  )
}

# The procedures that Fortran programs call by a second name are those that sdk/fortran takes them for.
check_procedures() {
  llvm-nm-$llvm --defined-only --format=just-symbols "$work"/own/*.o "$work"/lapack/*.o |
    sed -n 's/_\.lengths$//p' | LC_ALL=C sort > "$work/procedures"
  if ! grep -v '^#' "$root/sdk/fortran/lapack_procedures.txt" | tr -s ' ' '\n' | diff - "$work/procedures" >&2; then
    echo "sdk/fortran/lapack_procedures.txt lacks (>) or has too many (<) of the procedures that take characters" >&2
    exit 1
  fi
}

install_libraries() {
  local name
  sysroot=$out
  archive $triple lapack "$work"/own/*.o "$work"/cblas-{,f-}o/*.o "$work"/lapack/*.o "$work"/lapacke-o/*.o
  for name in blas cblas lapacke openblas; do ln -s liblapack.a "$out/lib/$triple/lib$name.a"; done
  mkdir -p "$out/include/$triple"
  cp "$work"/cblas/cblas{,_mangling}.h "$work"/lapacke/include/{lapack,lapacke,lapacke_config,lapacke_mangling}.h \
    "$out/include/$triple/"
  for name in blas cblas lapack lapacke; do
    pkg_config $triple "$name" 3.11.0 "-l$name -lm" "BLAS, CBLAS, LAPACK and LAPACKE"
  done
}

"$@"
