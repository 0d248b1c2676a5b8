"""Runs a WASI program with Cranelift through the PyPI package wasmtime; called with the peers' interpreter.

    wasmtime_host.py compile PROG.wasm OUT      ahead of time, so that nothing is compiled in a measured run
    wasmtime_host.py run OUT [ARGUMENTS...]
"""

import pathlib
import sys

import wasmtime


def main():
    config = wasmtime.Config()
    config.cranelift_opt_level = "speed"
    engine = wasmtime.Engine(config)
    if sys.argv[1] == "compile":
        module = wasmtime.Module.from_file(engine, sys.argv[2])
        pathlib.Path(sys.argv[3]).write_bytes(module.serialize())
        return 0
    module = wasmtime.Module.deserialize_file(engine, sys.argv[2])
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    store = wasmtime.Store(engine)
    wasi = wasmtime.WasiConfig()
    wasi.argv = ["guest", *sys.argv[3:]]
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    store.set_wasi(wasi)
    start = linker.instantiate(store, module).exports(store)["_start"]
    try:
        start(store)
    except wasmtime.ExitTrap as end:
        return end.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
