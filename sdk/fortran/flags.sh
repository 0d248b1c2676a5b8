# shellcheck shell=bash
# What becomes of a command line for a Fortran compiler. Sourced by compile.
#
# read_flags sets: mode (c S E syntax), source, output, verbose, triple, flang_level (of optimisation), flang_flags,
# clang_flags.

# The source decides nothing by itself that flang would not know from its name, so only names are looked at.
is_source() {
  case $1 in
    *.f | *.F | *.for | *.FOR | *.ftn | *.FTN | *.fpp | *.FPP | *.f77 | *.F77 | *.f90 | *.F90 | *.f95 | *.F95 | \
      *.f03 | *.F03 | *.f08 | *.F08 | *.f18 | *.F18) return 0 ;;
  esac
  return 1
}

drop() { if [ $verbose = yes ]; then echo "weftfc: $1 is left out: $2" >&2; fi; }

read_flags() {
  mode=c source="" output="" verbose=no triple=wasm32-wasip1
  flang_flags=() clang_flags=()
  local flag optimise=-O0
  local loops="-fno-vectorize -fno-slp-vectorize -fno-unroll-loops"
  for flag in "$@"; do if [ "$flag" = -v ]; then verbose=yes; fi; done
  while [ $# -gt 0 ]; do
    flag=$1
    shift
    case $flag in
      --threads) triple=wasm32-wasip1-threads ;;
      --guest-simd | -mguest-simd) loops="" ;;
      -v) ;;
      -c | -S | -E) mode=${flag#-} ;;
      -fsyntax-only) mode=syntax ;;
      -emit-llvm | -flto | -flto=*) clang_flags+=("$flag") ;;
      -o) output=${1:?"-o needs a file"} && shift ;;
      -o?*) output=${flag#-o} ;;
      -O0 | -O1 | -O2 | -O3) optimise=$flag ;;
      -O | -Og) optimise=-O1 ;;
      -Os | -Oz) optimise=$flag ;;
      -O[4-9]) optimise=-O3 ;;
      -Ofast) optimise=-O3 && flang_flags+=(-ffast-math -fstack-arrays) ;;
      -I | -J | -D | -U | -module-dir | -include | -Xflang | -mmlir | -mllvm)
        flang_flags+=("$flag" "${1:?"$flag needs a value"}") && shift
        ;;
      -x)
        case ${1:?"-x needs a language"} in
          f77-cpp-input | f95-cpp-input) flang_flags+=(-cpp) ;;
          f77 | f95 | none) ;;
          *)
            echo "weftfc: -x $1: only Fortran is compiled here" >&2
            exit 1
            ;;
        esac
        shift
        ;;
      -*) read_gfortran_flag "$flag" ;;
      *)
        if [ -n "$source" ]; then
          echo "weftfc: one source at a time: $source, $flag" >&2
          exit 1
        fi
        source=$flag
        is_source "$flag" || {
          echo "weftfc: $flag: the name is not one of a Fortran source (.f90, .F90, .f, …)" >&2
          exit 1
        }
        ;;
    esac
  done
  clang_flags+=("$optimise")
  # flang has no levels for size.
  case $optimise in -Os | -Oz) optimise=-O2 ;; esac
  flang_level=$optimise
  # shellcheck disable=SC2206
  clang_flags+=($loops)
  if [[ $triple == *-threads ]]; then clang_flags+=(-pthread); fi
}

# gfortran's flags that flang does not have, by what they are about; all others are flang's.
read_gfortran_flag() {
  local unneeded="it changes nothing here" unchecked="flang has no such checks"
  local dialect="flang takes all dialects at once"
  case $1 in
    -ffixed-line-length-none) flang_flags+=(-ffixed-line-length=0) ;;
    -ffixed-line-length-*) flang_flags+=("-ffixed-line-length=${1##*-}") ;;
    -fdefault-real-16 | -fdefault-real-10 | -freal-*-real-10 | -freal-*-real-16 | -freal-4-real-8 | -freal-8-real-4 | \
      -finteger-4-integer-8 | -fcoarray=lib | -frecord-marker=8 | -finit-real=* | -finit-integer=* | \
      -finit-local-zero | -finit-derived | -fexternal-blas)
      echo "weftfc: $1 is not supported: flang 22 has nothing that does this" >&2
      exit 1
      ;;
    -fcheck=* | -fbounds-check | -fcheck-array-temporaries) drop "$1" "$unchecked" ;;
    -ffpe-trap=* | -ffpe-summary=*) drop "$1" "WebAssembly has no floating-point exceptions" ;;
    -std=f2018 | -pedantic | -Werror | -w) flang_flags+=("$1") ;;
    -std=* | -fallow-* | -fno-allow-* | -fall-intrinsics | -fdec* | -fdollar-ok | -fcray-pointer | -frange-check | \
      -fno-range-check | -ffree-line-length-* | -fmodule-private | -fcoarray=*) drop "$1" "$dialect" ;;
    -fbacktrace | -fno-backtrace | -fmax-* | -fno-second-underscore | -frecursive | -frecord-marker=4 | \
      -fprotect-parens | -fno-protect-parens | -fsign-zero | -fno-sign-zero | -faggressive-function-elimination | \
      -f*frontend-optimize | -fblas-matmul-limit=* | -fwhole-file | -fno-whole-file | -falign-commons | \
      -fno-align-commons | -finline-* | -fno-inline* | -fomit-frame-pointer | -fno-omit-frame-pointer | -fno-common | \
      -fcommon | -fdiagnostics-* | -fvisibility=* | -ffunction-sections | -fdata-sections | -fno-math-errno | \
      -fno-trapping-math | -ftree-* | -fno-tree-* | -fno-strict-aliasing | -fcaf-* | -pipe | -fPIC | -fpic | -fPIE | \
      -fpie | -pthread | -m* | -g3 | -ggdb* | -gdwarf*)
      case $1 in -g*) flang_flags+=(-g) ;; *) drop "$1" "$unneeded" ;; esac
      ;;
    -W*) drop "$1" "flang has warnings of its own" ;;
    -cpp | -fpp) flang_flags+=(-cpp) ;;
    *) flang_flags+=("$1") ;;
  esac
}
