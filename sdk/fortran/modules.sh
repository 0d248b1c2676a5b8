# shellcheck shell=bash
# Fortran's intrinsic modules, with the sizes that the guest's C types have. Sourced by compiler.sh, which sets $out,
# $work and $sources.

: "${out:?}" "${work:?}" "${sources:?}" "${recipe_dir:?}"
# shellcheck source=sdk/fortran/edit.sh
source "$recipe_dir/edit.sh"

build_modules() {
  local dir=$work/flang/module module
  echo "compiling the intrinsic modules"
  mkdir -p "$work/flang"
  cp -r "$sources/llvm/flang/module" "$sources/llvm/flang/include" "$work/flang/"
  # flang takes addresses to have 64 bits whatever the target. What it generates follows the type of the component, so
  # with this c_ptr is a C pointer, in structures and arrays too, and the tables of type-bound procedures are as the
  # run-time library has them.
  edit "$dir/__fortran_builtins.f90" \
    '/type, bind(c), public :: __builtin_c_ptr/,/end type/s/kind=int64/kind=4/' \
    '/type, bind(c), public :: __builtin_c_funptr/,/end type/s/kind=int64/kind=4/'
  edit "$dir/__fortran_type_info.f90" '/type, bind(c) :: SpecialBinding/,/end type/{/__padding0(4)/d}'
  # long double is a quadruple here, which flang does not have.
  edit "$dir/iso_c_binding.f90" \
    's/c_long = c_int64_t/c_long = c_int32_t/' \
    's/c_size_t = kind(c_sizeof(1))/c_size_t = c_int32_t/' \
    's/c_unsigned_long = c_uint64_t/c_unsigned_long = c_uint32_t/' \
    's/c_unsigned_long_long = c_unsigned_long/c_unsigned_long_long = c_uint64_t/' \
    's/c_uintmax_t = c_uint128_t/c_uintmax_t = c_uint64_t/' \
    's/c_long_double = 1[06]/c_long_double = -1/' \
    's/c_float128 = 16/c_float128 = -1/'
  make_omp_lib "$dir"
  for module in __fortran_builtins __fortran_type_info __fortran_ieee_exceptions iso_fortran_env_impl ieee_exceptions \
    ieee_features ieee_arithmetic iso_c_binding iso_fortran_env omp_lib; do
    (cd "$dir" && "$out/bin/flang" --target=i686-pc-windows-itanium -cpp -fsyntax-only -J"$out/include/flang" \
      $module.[fF]90)
  done
  # The descriptors have 64-bit sizes, as flang writes them.
  cp "$sources/llvm/flang/include/flang/ISO_Fortran_binding.h" "$out/include/"
  edit "$out/include/ISO_Fortran_binding.h" 's/#include <stddef.h>/#include <stddef.h>\n#include <stdint.h>/' \
    's/\bsize_t elem_len/uint64_t elem_len/' 's/\bsize_t displacement/uint64_t displacement/' \
    's/typedef ptrdiff_t CFI_index_t/typedef int64_t CFI_index_t/'
}

# What OpenMP's CMake does with the template, with the values of openmp/CMakeLists.txt.
make_omp_lib() {
  local file value
  for file in omp_lib.F90 omp_lib.h; do
    cp "$sources/llvm/openmp/module/$file.var" "$1/$file"
    for value in LIBOMP_OMP_YEAR_MONTH=201611 LIBOMP_VERSION_MAJOR=5 LIBOMP_VERSION_MINOR=0 \
      LIBOMP_VERSION_BUILD=20140926 LIBOMP_BUILD_DATE=No_Timestamp; do
      sed -i "s/@${value%=*}@/${value#*=}/" "$1/$file"
    done
    if grep -q '@LIBOMP' "$1/$file"; then
      echo "$file: a value of OpenMP's build that is not known here" >&2
      return 1
    fi
  done
  cp "$1/omp_lib.h" "$out/include/flang/"
}
