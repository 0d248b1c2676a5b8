#!/bin/bash
# From a fresh clone on Debian 12 to WebAssembly programs running at native speed: sets up what is missing, builds weft
# into build/ (the command is build/bin/weft), and shows it at work. A second run only shows.
#
#   ./quickstart.sh            set up, build, show
#   ./quickstart.sh --help
#
# Environment: JOBS (how many processes at once; default: all cores), WEFT_CACHE (default ~/.cache/weft).
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
cd "$root"
# shellcheck source=scripts/setup_steps.sh
source scripts/setup_steps.sh

# The show needs Python of the guest programs, and the command alone.
artefact_step python tests/programs/python/program.sh
step_build() { build_preset release weft weftcc; }
steps_main "$@"
if [ $# != 0 ]; then
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
  if [ "$1" = --help ]; then exit 0; else exit 2; fi
fi

# show COMMAND...: the command as a person would type it, then what it says
show() {
  printf '\n$ %s\n' "${*@Q}" | sed "s/'\([A-Za-z0-9_./:=+-]*\)'/\1/g; s|$HOME|~|g"
  "$@"
}

sysroot_steps sysroot threads
steps_expect 5
run_step packages "Debian packages"
run_step build "building weft"
run_step sysroot "guest sysroot (C and C++ libraries for WebAssembly)"
run_step threads "guest sysroot with POSIX threads and OpenMP"
run_step python "CPython for WebAssembly"

python=$(scripts/cached tests/programs/python/program.sh)
export PATH=$root/build/bin:$PATH
mkdir -p build/show
echo
echo "A C program, compiled to WebAssembly, reads one folder that it was granted:"
show weftcc -O3 sdk/examples/words.c -o build/show/words.wasm
show weft run --dir .::/here build/show/words.wasm /here/LICENSE
echo
echo "CPython, the whole interpreter as one WebAssembly module (the first run compiles it to native code):"
show weft run "$python/python.wasm" -c \
  'import sys, json, hashlib; print(json.dumps({"python": sys.version.split()[0], "platform": sys.platform, "sha256": hashlib.sha256(b"weft").hexdigest()[:16]}))'
echo
echo "Speed of guest code, as a multiple of native clang -O3 -march=native (1.00 is native):"
show python3 bench/guest_speed.py --quick --kernels gemm,nqueens,sha256 --sides native,weft
echo
echo "Next: build/bin/weft --help, and ./test.sh --fast"
