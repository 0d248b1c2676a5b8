#!/bin/bash
# Prints clang's flags for the WebAssembly features that guests may use, one a line: those of the sysroot.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
# shellcheck disable=SC2034  # steps.sh asks for these, and uses none of them while it is read
recipe_dir=$root/sdk/sysroot sources=- sysroot=- work=-
# shellcheck source=sdk/sysroot/steps.sh
source "$root/sdk/sysroot/steps.sh"
printf '%s\n' "${features[@]}"
