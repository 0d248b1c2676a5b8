# shellcheck shell=bash
# The compilers as commands, and what they add as data: etc/NAME.cfg. Sourced by base.sh and threads.sh.
#
# Wanted of the caller: building.sh, $sysroot, $work (a scratch directory).

# shellcheck disable=SC2154,SC2034  # the arrays of flags are toolchain.sh's

: "${sysroot:?}" "${work:?}"

# write_wrapper NAME TRIPLE c|c++: the compiler as a command. All that it adds stands in a configuration file, which
# clang can express better than a script: lines with a $ go after the inputs and only when linking, and what the user
# gives after it wins.
write_wrapper() {
  local name=$1 triple=$2 language=$3 driver=clang
  [ "$language" = c ] || driver=clang++
  mkdir -p "$sysroot/bin" "$sysroot/etc"
  wrapper_configuration "$triple" "$language" > "$sysroot/etc/$name.cfg"
  printf '%s\n' "${loops_to_host[@]}" > "$sysroot/etc/loops-to-host.cfg"
  : > "$sysroot/etc/guest-simd.cfg"
  cat > "$sysroot/bin/$name" <<SH
#!/bin/sh
# $driver for WebAssembly guests ($triple).
#   -mguest-simd   vectorise and unroll loops here, rather than leave them to the host
loops=loops-to-host
for argument do
  shift
  case \$argument in
    -mguest-simd) loops=guest-simd ;;
    *) set -- "\$@" "\$argument" ;;
  esac
done
etc=\$(dirname "\$(readlink -f "\$0")")/../etc
exec $driver-$llvm --config="\$etc/$name.cfg" --config="\$etc/\$loops.cfg" "\$@"
SH
  chmod +x "$sysroot/bin/$name"
}

wrapper_configuration() {
  local triple=$1 language=$2
  printf '%s\n' "--target=$triple" "--sysroot=<CFGDIR>/.." "${features[@]}" "${emulated[@]}"
  printf '%s %s\n' "${setjmp_flags[@]}"
  [ "$language" = c ] || echo "-fwasm-exceptions"
  # The stack lies below the data, so that overflowing it traps.
  echo "-Wl,-z,stack-size=1048576,--stack-first"
  # For -flto: the driver does not hand -mllvm on to the linker.
  echo "-Wl,-mllvm,-wasm-enable-sjlj,-mllvm,-wasm-use-legacy-eh=true,-mllvm,-exception-model=wasm"
  [ "$language" = c ] || echo "-Wl,-mllvm,-wasm-enable-eh"
  if is_threaded "$triple"; then
    printf '%s\n' -pthread "-Wl,--import-memory,--export-memory,--max-memory=4294967296"
  fi
  [ "$language" = c ] || echo "\$-lunwind"
  # libomp is only taken out of its archive when the program uses OpenMP, and it needs libc++abi.
  if is_threaded "$triple"; then echo "\$-lomp \$-lc++abi"; fi
  # sdk/posix stands before libc. Without the last one printf("%Lf") aborts at run time.
  printf '$-l%s\n' weft-posix setjmp c-printscan-long-double
}

# check_wrapper NAME FLAGS...: the command compiles and links the program on standard input, and it is valid.
check_wrapper() {
  local name=$1 language=c program=$work/check-$1.wasm
  shift
  case $name in *xx*) language=c++ ;; esac
  "$sysroot/bin/$name" -O2 -x "$language" - -o "$program" "$@"
  wasm-validate --enable-all "$program"
}
