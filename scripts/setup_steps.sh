# shellcheck shell=bash
# The steps that scripts/setup, quickstart.sh and test.sh share: what they do, and how each tells that it is done.
# Sourced with $root set to the repository.

: "${root:?}"

# shellcheck source=scripts/steps.sh
source "$root/scripts/steps.sh"
# shellcheck source=scripts/private_apt.sh
source "$root/scripts/private_apt.sh"
# shellcheck source=scripts/packages.sh
source "$root/scripts/packages.sh"

jobs=${JOBS:-$(nproc)}
export LC_ALL=C.UTF-8

have_packages() { [ -z "$(packages_missing "$root/scripts/packages.txt" 2> /dev/null || echo dpkg)" ]; }
step_packages() { packages_install "$root/scripts/packages.txt"; }
advice_packages() {
  # shellcheck source=/dev/null
  if [ "$(. /etc/os-release && echo "${VERSION_CODENAME:-}")" != bookworm ]; then
    echo "The packages are those of Debian 12 (bookworm); this is another system."
  fi
  echo "Missing: $(packages_missing "$root/scripts/packages.txt" 2> /dev/null | cut -d' ' -f1 | xargs)"
  echo "You can also install them by hand; nothing else of the machine is changed."
}

# artefact_step NAME RECIPE...: a step whose result are artefacts of scripts/cached
artefact_step() {
  local name=$1
  shift
  eval "have_$name() { '$root/scripts/cached' --have ${*@Q} 2> /dev/null; }
        step_$name() { '$root/scripts/cached' ${*@Q}; }"
}

# The guest's libraries, in steps that each add to the one before: build/sysroot leads to the fullest that is there.
sysroots=(math threads base)
link_sysroot() {
  local name dir
  mkdir -p "$root/build"
  for name in "${sysroots[@]}"; do
    if "$root/scripts/cached" --have "$root/sdk/sysroot/$name.sh"; then
      dir=$("$root/scripts/cached" "$root/sdk/sysroot/$name.sh")
      ln -sfn "$dir" "$root/build/sysroot"
      return
    fi
  done
}
# have_sysroot_part NAME, step_sysroot_part NAME
have_sysroot_part() {
  "$root/scripts/cached" --have "$root/sdk/sysroot/$1.sh" 2> /dev/null && link_sysroot
}
step_sysroot_part() {
  "$root/scripts/cached" "$root/sdk/sysroot/$1.sh"
  link_sysroot
}
have_sysroot() { have_sysroot_part base; }
step_sysroot() { step_sysroot_part base; }
have_threads() { have_sysroot_part threads; }
step_threads() { step_sysroot_part threads; }
have_math() { have_sysroot_part math; }
step_math() { step_sysroot_part math; }
artefact_step suites "$root/tests/conformance/suites.sh"
artefact_step generator "$root/tests/differential/generator.sh"

# Ninja finds out by itself what is to be built, so this step is never skipped.
step_build() { build_preset release; }
advice_build() {
  echo "If the compiler was killed for want of memory, set JOBS=1."
}

# build_preset NAME [TARGET...]
build_preset() {
  local preset=$1 dir
  shift
  case $preset in release) dir=$root/build ;; *) dir=$root/build/$preset ;; esac
  [ -f "$dir/build.ninja" ] || cmake -S "$root" --preset "$preset"
  ninja -C "$dir" -j "$jobs" "$@"
}
