# shellcheck shell=bash
# How flang's run-time library is built for a target. Sourced by runtime.sh and runtime_threads.sh, which set
# $sysroot (the guest sysroot), $sources (of sdk/sysroot/sources.sh), $work (a scratch directory).

: "${recipe_dir:?}" "${sysroot:?}" "${sources:?}" "${work:?}"
# shellcheck source=sdk/fortran/edit.sh
source "$recipe_dir/edit.sh"
jobs=${JOBS:-$(nproc)}

# Units whose speed programs feel. All else, input and output above all, is compiled for size.
fast_units=' ISO_Fortran_binding array-constructor assign character complex-powi complex-reduction copy derived
  dot-product extrema findloc matmul matmul-transpose numeric product random reduce reduction sum tools
  transformational '
# One template for all pairs of types and kinds: inlined throughout, they take four times as long to compile.
huge_units=' dot-product extrema findloc matmul matmul-transpose '

prepare_sources() {
  cp -r "$sources/llvm/flang-rt" "$sources/llvm/flang" "$work/"
  # Where the address of memcpy is stored, it has to be one that takes 64-bit sizes (wide_sizes.h).
  grep -rlE '&(Fortran::)?runtime::mem(cpy|move)' "$work/flang-rt" "$work/flang/include" |
    xargs sed -i -E 's/&(Fortran::)?runtime::mem(cpy|move)/\&::weft_wide_mem\2/g'
  # The lengths that stand behind a procedure's arguments have 32 bits, unlike all other sizes. The library passes them
  # to procedures for the input and output of derived types, and to the operation of REDUCE.
  edit "$work/flang-rt/lib/runtime/descriptor-io.cpp" '/GetProc</,/bindings)/s/std::size_t/std::uint32_t/g'
  edit "$work/flang/include/flang/Runtime/reduce.h" \
    '/using ReductionCharOperation /,/;/s/std::size_t/std::uint32_t/g'
  cp -r "$recipe_dir/runtime" "$work/ours"
  mkdir -p "$work/config"
  printf '#define HAVE_STRERROR_R 1\n#define HAVE_DECL_STRERROR_S 0\n' > "$work/config/config.h"
}

# build_runtime TRIPLE ARCHIVE
build_runtime() {
  local triple=$1 archive=$2 objects=$work/$1
  prepare_sources
  mkdir -p "$objects"
  mapfile -t base < <("$recipe_dir/features.sh")
  base+=("--target=$triple" "--sysroot=$sysroot" -w -ffunction-sections -fdata-sections
    -fno-vectorize -fno-slp-vectorize -fno-unroll-loops -D_GNU_SOURCE
    -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_PROCESS_CLOCKS -D_WASI_EMULATED_GETPID
    "-I$work/config" "-I$work/flang-rt/include" "-I$work/flang/include")
  [[ $triple != *-threads ]] || base+=(-pthread)
  cxx=(-std=c++17 -fno-exceptions -fno-rtti -Wno-c++11-narrowing)
  local kind
  for kind in fast huge small; do
    # shellcheck disable=SC2046
    clang-22 "${base[@]}" "${cxx[@]}" $(optimisation $kind) -x c++-header "$work/ours/wide_sizes.h" \
      -o "$work/headers-$kind.pch"
  done
  # The largest units first, so that none of them is left to the end.
  mapfile -t units < <(
    find "$work/flang-rt/lib/runtime" "$work/flang/lib/Decimal" "$work/ours" -name '*.c' -o -name '*.cpp' \
      -o -name '*.cc' | grep -v '/execute\.cpp$' | sort
  )
  local unit name ordered=() count=0 running=0
  for unit in "${units[@]}"; do if is_among "$huge_units" "$unit"; then ordered+=("$unit"); fi; done
  for unit in "${units[@]}"; do if ! is_among "$huge_units" "$unit"; then ordered+=("$unit"); fi; done
  for unit in "${ordered[@]}"; do
    count=$((count + 1))
    name=${unit##*/}
    echo "[$count/${#ordered[@]}] $name"
    compile_unit "$unit" "$objects/$name.o" &
    running=$((running + 1))
    if [ $running -ge "$jobs" ]; then
      wait -n
      running=$((running - 1))
    fi
  done
  while [ $running -gt 0 ]; do
    wait -n
    running=$((running - 1))
  done
  llvm-ar-22 crs "$archive" "$objects"/*.o
}

# is_among LIST UNIT
is_among() {
  local name=${2##*/}
  [[ $(tr '\n' ' ' <<< "$1") == *" ${name%.*} "* ]]
}

optimisation() {
  case $1 in
    fast) echo -O2 ;;
    huge) echo -O2 -fno-inline-functions ;;
    small) echo -Os ;;
  esac
}

compile_unit() {
  local unit=$1 object=$2 kind=small flags
  if is_among "$fast_units" "$unit"; then kind=fast; fi
  if is_among "$huge_units" "$unit"; then kind=huge; fi
  case $unit in
    *.c) flags=(-include "$work/ours/wide_sizes.h") ;;
    *) flags=("${cxx[@]}" -include-pch "$work/headers-$kind.pch") ;;
  esac
  # shellcheck disable=SC2046
  clang-22 "${base[@]}" $(optimisation $kind) "${flags[@]}" -c "$unit" -o "$object"
}
