"""Small guests for the tests of the command, in the text format; built with wat2wasm when a test asks for one."""

import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# A sanitizer's own memory does not fit into limits on memory and addresses.
needs_limits = unittest.skipIf(os.environ.get("WEFT_SANITIZED") == "1", "a sanitizer needs memory without limits")
WEFT = os.environ.get("WEFT", str(ROOT / "build/bin/weft"))

WASI = {
    "args_get": "(param i32 i32) (result i32)",
    "args_sizes_get": "(param i32 i32) (result i32)",
    "environ_get": "(param i32 i32) (result i32)",
    "environ_sizes_get": "(param i32 i32) (result i32)",
    "fd_read": "(param i32 i32 i32 i32) (result i32)",
    "fd_write": "(param i32 i32 i32 i32) (result i32)",
    "path_open": "(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)",
    "poll_oneoff": "(param i32 i32 i32 i32) (result i32)",
    "proc_exit": "(param i32)",
}


def module(body, *imports):
    """A program whose _start is `body`, with a memory of 16 pages and these WASI functions."""
    lines = [f'(import "wasi_snapshot_preview1" "{i}" (func ${i} {WASI[i]}))' for i in imports]
    return f'(module {" ".join(lines)} (memory (export "memory") 16) {body})'


HELLO = module("""
  (data (i32.const 16) "hello\\n")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 6))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))""", "fd_write")

BAD_C = """// Reads out of bounds, in a function that is inlined.
static inline __attribute__((always_inline)) int peek(const volatile int *p) {
  return *p;
}
__attribute__((noinline)) int walk(int *p, int n) {
  return peek(p + n);
}
void _start(void) {
  *(volatile int *)16 = walk((int *)0, 0x3fffff0);
}
"""

ENDLESS = '(module (func (export "_start") (loop br 0)))'

# Waits for standard input.
READER = module("""
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 16))
    (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8))))""", "fd_read")

# cat, with short writes taken into account.
CAT = module("""
  (func (export "_start") (local $left i32) (local $at i32)
    (loop $more
      (i32.store (i32.const 0) (i32.const 65536)) (i32.store (i32.const 4) (i32.const 262144))
      (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8))
        (then (call $proc_exit (i32.const 3))))
      (local.set $left (i32.load (i32.const 8)))
      (if (i32.eqz (local.get $left)) (then (return)))
      (local.set $at (i32.const 65536))
      (loop $rest
        (i32.store (i32.const 0) (local.get $at)) (i32.store (i32.const 4) (local.get $left))
        (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))
          (then (call $proc_exit (i32.const 4))))
        (local.set $at (i32.add (local.get $at) (i32.load (i32.const 8))))
        (local.set $left (i32.sub (local.get $left) (i32.load (i32.const 8))))
        (br_if $rest (local.get $left)))
      (br $more)))""", "fd_read", "fd_write", "proc_exit")


def strings(sizes, get):
    """Prints its arguments or its environment, each with the NUL behind it."""
    return module(f"""
      (func (export "_start")
        (drop (call ${sizes} (i32.const 0) (i32.const 4)))
        (drop (call ${get} (i32.const 1024) (i32.const 65536)))
        (i32.store (i32.const 8) (i32.const 65536))
        (i32.store (i32.const 12) (i32.load (i32.const 4)))
        (drop (call $fd_write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16))))""", sizes, get, "fd_write")


ARGUMENTS = strings("args_sizes_get", "args_get")
VARIABLES = strings("environ_sizes_get", "environ_get")


def exits(code):
    return module(f'(func (export "_start") (call $proc_exit (i32.const {code})))', "proc_exit")


def opens(path, create=False):
    """Exits with the errno of opening `path` below the first granted directory."""
    return module(f"""
      (data (i32.const 16) "{path}")
      (func (export "_start")
        (call $proc_exit (call $path_open (i32.const 3) (i32.const 1) (i32.const 16) (i32.const {len(path)})
          (i32.const {int(create)}) (i64.const {64 if create else 2}) (i64.const 0) (i32.const 0) (i32.const 8))))""",
                  "path_open", "proc_exit")


# Writes to `stream` and exits with the errno.
def writes(stream):
    return module(f"""
      (data (i32.const 16) "x")
      (func (export "_start")
        (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 1))
        (call $proc_exit (call $fd_write (i32.const {stream}) (i32.const 0) (i32.const 1) (i32.const 8))))""",
                  "fd_write", "proc_exit")


TRAPS = """(module (memory 1)
  (func $divide (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
  (func $between (result i32) (i32.add (i32.const 1) (call $divide (i32.const 0))))
  (func (export "_start") (drop (call $between)))
  (func $again (export "recurse") (param i64) (result i64) (i64.add (i64.const 1) (call $again (local.get 0))))
  (func (export "out_of_bounds") (drop (i32.load (i32.const 65536))))
  (func (export "add") (param i32 i64) (result i64) (i64.add (i64.extend_i32_s (local.get 0)) (local.get 1)))
  (func (export "pair") (param f64) (result f64 i32) (local.get 0) (i32.const -7)))"""

# Pairs of accesses to neighbours. The bytes at 0 and at 8 are 1 and 2.
WRAPPING = """(module (memory 1) (data (i32.const 0) "\\01") (data (i32.const 8) "\\02")
  (func $stop (result i32) (unreachable))
  (func (export "one") (param $p i32) (result i32) (i32.load8_u (i32.add (local.get $p) (i32.const 8))))
  (func (export "both") (param $p i32) (result i32)
    (i32.add (i32.load8_u (local.get $p)) (i32.load8_u (i32.add (local.get $p) (i32.const 8)))))
  (func (export "high_first") (param $p i32) (result i32)
    (i32.add (i32.load8_u (i32.add (local.get $p) (i32.const 8))) (i32.load8_u (local.get $p))))
  (func (export "one_path") (param $p i32) (param $both i32) (result i32)
    (if (local.get $both) (then (drop (i32.load8_u (local.get $p)))))
    (i32.load8_u (i32.add (local.get $p) (i32.const 8))))
  (func (export "call_between") (param $p i32) (result i32)
    (i32.add (i32.load8_u (i32.add (local.get $p) (i32.const 8)))
             (i32.add (call $stop) (i32.load8_u (local.get $p)))))
  (func (export "below") (param $p i32) (result i32)
    (i32.add (i32.load8_u (local.get $p)) (i32.load8_u (i32.sub (local.get $p) (i32.const 8)))))
  (func (export "far") (param $p i32) (result i32)
    (i32.add (i32.load8_u (i32.add (local.get $p) (i32.const 1)))
             (i32.load8_u (i32.add (local.get $p) (i32.const 65536)))))
  (func (export "apart") (param $p i32) (result i32) (i32.load8_u (i32.add (local.get $p) (i32.const 65536)))))"""

# Mixes numbers for about a second, a hundred calls deep, and writes the eight bytes that come out.
COUNTER = module("""
  (func $mix (param $n i32) (param $depth i32) (result i64) (local $x i64) (local $i i32)
    (if (local.get $depth)
      (then (return (i64.add (i64.const 1) (call $mix (local.get $n) (i32.sub (local.get $depth) (i32.const 1)))))))
    (local.set $x (i64.const 88172645463325252))
    (loop $more
      (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 13))))
      (local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 7))))
      (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 17))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $x))
  (func (export "value") (result i64) (call $mix (i32.const 400000000) (i32.const 100)))
  (func (export "_start")
    (i64.store (i32.const 48) (call $mix (i32.const 400000000) (i32.const 100)))
    (i32.store (i32.const 0) (i32.const 48)) (i32.store (i32.const 4) (i32.const 8))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))""", "fd_write")


# Modules byte by byte, for what the text format cannot say.
def leb(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes([*out, n])


def vector(items):
    return leb(len(items)) + b"".join(items)


def sections(*parts):
    """A module of (number, content) pairs."""
    return b"\0asm\1\0\0\0" + b"".join(bytes([number]) + leb(len(content)) + content for number, content in parts)


def name_of(text):
    return leb(len(text)) + text.encode()


def function_body(code, locals_=b"\0"):
    return leb(len(locals_) + len(code) + 1) + locals_ + code + b"\x0b"


NO_TYPE = b"\x60\0\0"  # () -> ()
I32_TYPE = b"\x60\1\x7f\1\x7f"  # (i32) -> (i32)


def program(bodies, start):
    """Functions (i32) -> (i32) with these bodies, and _start () -> () with the code `start` as the last."""
    return sections((1, vector([NO_TYPE, I32_TYPE])), (3, vector([b"\1"] * len(bodies) + [b"\0"])),
                    (7, vector([name_of("_start") + b"\0" + leb(len(bodies))])),
                    (10, vector([function_body(body) for body in bodies] + [function_body(start)])))


class CommandTest(unittest.TestCase):
    """Each test has a directory of its own; the code cache is one for all, so that a guest is compiled once."""

    @classmethod
    def setUpClass(cls):
        cls.cache = tempfile.TemporaryDirectory()

    @classmethod
    def tearDownClass(cls):
        cls.cache.cleanup()

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = pathlib.Path(directory.name)
        self.env = {**os.environ, "WEFT_CACHE_DIR": self.cache.name, "LC_ALL": "C.UTF-8"}

    def build(self, text, name="guest.wasm"):
        source = self.dir / (name + ".wat")
        source.write_text(text)
        subprocess.run(["wat2wasm", "--enable-all", "--debug-names", source, "-o", self.dir / name], check=True)
        return name

    def weft(self, *words, **options):
        options = {"capture_output": True, "timeout": 120, "stdin": subprocess.DEVNULL, **options}
        if "input" in options:
            del options["stdin"]
        return subprocess.run([WEFT, *words], cwd=self.dir, env=self.env, **options)

    def run_text(self, text, *words, **options):
        return self.weft("run", self.build(text), *words, **options)

    def spawn(self, *words, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options}
        child = subprocess.Popen([WEFT, *words], cwd=self.dir, env=self.env, **options)
        self.addCleanup(self.end, child)
        return child

    @staticmethod
    def end(child):
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream:
                stream.close()

    def assert_refused(self, done, code, *parts):
        """Exactly one line of complaint with all `parts`, and nothing on standard output."""
        message = done.stderr.decode()
        self.assertEqual(done.returncode, code, message)
        self.assertEqual(done.stdout, b"")
        self.assertEqual(message.count("\n"), 1, message)
        self.assertTrue(message.startswith("weft: "), message)
        for part in parts:
            self.assertIn(part, message)
