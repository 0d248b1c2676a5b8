#!/bin/bash
# artefact: port-lammps
# port: LAMMPS, serial: CMake, and its Lennard-Jones benchmark; the thermodynamic output is compared
# inputs: sdk/ports/port.sh sdk/sysroot/threads.sh apps/weftcc sdk/env
set -euo pipefail
# shellcheck source=sdk/ports/port.sh
source "$(dirname "$(readlink -f "$0")")/port.sh"

build_side() {
  on "$1" cmake -S cmake -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_MPI=OFF -DBUILD_OMP=OFF \
    -DWITH_JPEG=OFF -DWITH_PNG=OFF -DWITH_GZIP=OFF -DWITH_FFMPEG=OFF -DBUILD_SHARED_LIBS=OFF -DBUILD_TOOLS=OFF
  on "$1" ninja -C build -j "$jobs" lmp
}

build() {
  fetch_port lammps lammps_20220106.git7586adbb6a+ds1.orig.tar.xz \
    65146c615ad24d8b8bc64f4e05e86226a7f1fdb45c0b5ea9416562b9f3863082 "$1/lammps"
  both "$1/lammps" build_side
}

# The lines of step, temperature, energies and pressure.
thermo() { "$1" -in in.lj -log none | sed -n '/Step/,/Loop/{/Loop/d;p}'; }

check_all() {
  local built=$1
  cp "$built/lammps/bench/in.lj" .
  cp "$built/lammps.guest/build/lmp" lmp
  start_here lmp
  compare "LAMMPS in.lj" thermo "$built/lammps.native/build/lmp" -- thermo ./lmp
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
