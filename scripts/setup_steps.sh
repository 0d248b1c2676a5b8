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
# On the way to a fuller one it stays where it leads, since other builds may be using it. A driver says which steps it
# is going to run: sysroot_steps STEP...
sysroots=(math threads sysroot)
sysroot_steps() {
  local name
  for name in "${sysroots[@]}"; do
    if [[ " $* " == *" $name "* ]]; then
      export WEFT_SYSROOT_GOAL=$name
      return
    fi
  done
}
# sysroot_recipe STEP
sysroot_recipe() {
  local name=$1
  [ "$name" != sysroot ] || name=base
  echo "$root/sdk/sysroot/$name.sh"
}
link_sysroot() {
  local name recipe link=$root/build/sysroot
  mkdir -p "$root/build"
  for name in "${sysroots[@]}"; do
    recipe=$(sysroot_recipe "$name")
    if "$root/scripts/cached" --have "$recipe"; then
      ln -sfn "$("$root/scripts/cached" "$recipe")" "$link.$$"
      mv -T "$link.$$" "$link"
      return
    fi
    # less than what is on its way only serves where there is nothing
    if [ "$name" = "${WEFT_SYSROOT_GOAL:-sysroot}" ] && [ -d "$link" ]; then return; fi
  done
}
# have_sysroot_part STEP, step_sysroot_part STEP
have_sysroot_part() {
  "$root/scripts/cached" --have "$(sysroot_recipe "$1")" 2> /dev/null && link_sysroot
}
step_sysroot_part() {
  "$root/scripts/cached" "$(sysroot_recipe "$1")"
  link_sysroot
}
have_sysroot() { have_sysroot_part sysroot; }
step_sysroot() { step_sysroot_part sysroot; }
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
