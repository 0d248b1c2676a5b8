#!/bin/bash
# Prints clang's flags for the WebAssembly features that guests may use, one a line: those of the sysroot.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
# shellcheck disable=SC2034  # toolchain.sh asks for it, and does not look at it
sysroot=-
# shellcheck source=sdk/sysroot/toolchain.sh
source "$root/sdk/sysroot/toolchain.sh"
printf '%s\n' "${features[@]}"
