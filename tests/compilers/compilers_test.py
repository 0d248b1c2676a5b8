#!/usr/bin/env python3
"""The guest compilers as their users call them: weftcc, weftc++, weftenv, weft new, weft build.

Needs the guest sysroot (build/sysroot); ./test.sh runs it with the programs.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("WEFT_BIN", ROOT / "build/bin"))

HELLO = """#include <stdio.h>
int main(int argc, char** argv) {
  printf("hello %d\\n", argc);
  return 0;
}
"""
CREATES_A_THREAD = """#include <pthread.h>
#include <stdio.h>
static void* body(void* argument) { return argument; }
int main(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, body, NULL) != 0) return 7;
  return pthread_join(thread, NULL);
}
"""


class CompilerTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="weft-compilers-")
        self.addCleanup(scratch.cleanup)
        self.dir = pathlib.Path(scratch.name)

    def write(self, **files):
        for name, text in files.items():
            path = self.dir / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def tool(self, name, *args, **kwargs):
        return subprocess.run([str(BIN / name), *args], cwd=self.dir, capture_output=True, text=True, timeout=600,
                              **kwargs)

    def ok(self, name, *args, **kwargs):
        done = self.tool(name, *args, **kwargs)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def refused(self, name, *args):
        done = self.tool(name, *args)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.stderr

    def memory_of(self, program):
        dump = subprocess.run(["wasm-objdump", "-x", str(self.dir / program)], capture_output=True, text=True)
        text = dump.stdout
        return "shared" if "shared" in text[text.index("memory[0]"):].splitlines()[0] else "own"


class Compile(CompilerTest):
    def test_a_c_program_runs(self):
        self.write(a_dot_c=HELLO)
        self.assertEqual(self.ok("weftcc", "-O3", "a.c", "-o", "a.wasm"), "")
        self.assertEqual(self.ok("weft", "run", "a.wasm", "x"), "hello 2\n")

    def test_a_cxx_program_with_exceptions_and_streams_runs(self):
        self.write(a_dot_cc="""#include <iostream>
#include <map>
#include <stdexcept>
int main() {
  std::map<std::string, int> counts{{"a", 1}};
  try {
    counts.at("b");
  } catch (const std::out_of_range& e) {
    std::cout << "caught\\n";
  }
}
""")
        self.ok("weftc++", "-std=c++20", "-O2", "a.cc", "-o", "a.wasm")
        self.assertEqual(self.ok("weft", "run", "a.wasm"), "caught\n")

    def test_weftcc_takes_cxx_sources_as_gcc_does(self):
        self.write(a_dot_cc="""#include <cstdio>
#include <vector>
int main() { std::printf("%zu\\n", std::vector<int>(3).size()); }
""")
        self.ok("weftcc", "-c", "a.cc", "-o", "a.o")
        self.ok("weftcc", "a.o", "-lstdc++", "-o", "a.wasm")
        self.assertEqual(self.ok("weft", "run", "a.wasm"), "3\n")

    def test_objects_archives_and_response_files_link(self):
        self.write(a_dot_c="int f(void);\n" + HELLO.replace(", argc)", ", f() + argc)"),
                   b_dot_c="int f(void) { return 40; }\n", objects_dot_rsp='a.o "-L." -lb\n')
        self.ok("weftcc", "-O2", "-c", "a.c", "b.c")
        subprocess.run(["llvm-ar-22", "crs", "libb.a", "b.o"], cwd=self.dir, check=True)
        self.ok("weftcc", "@objects.rsp", "-o", "a.wasm")
        self.assertEqual(self.ok("weft", "run", "a.wasm"), "hello 41\n")

    def test_dependencies_preprocessing_and_assembly_come_out(self):
        self.write(a_dot_c='#include "a.h"\nint x = VALUE;\n', a_dot_h="#define VALUE 17\n")
        self.assertIn("int x = 17", self.ok("weftcc", "-E", "a.c"))
        self.assertIn("a.h", self.ok("weftcc", "-MM", "a.c"))
        self.ok("weftcc", "-S", "a.c")
        self.assertIn("17", (self.dir / "a.s").read_text())
        self.ok("weftcc", "-MD", "-c", "a.c")
        self.assertIn("a.h", (self.dir / "a.d").read_text())

    def test_gcc_options_for_the_machine_are_dropped_and_v_says_so(self):
        self.write(a_dot_c=HELLO)
        done = self.tool("weftcc", "-O3", "-march=native", "-mbmi2", "-fPIC", "-static", "-Wl,--as-needed", "-v",
                         "a.c", "-lm", "-lrt", "-ldl", "-lpthread", "-o", "a.wasm")
        self.assertEqual(done.returncode, 0, done.stderr)
        for option in ("-march=native", "-mbmi2", "-fPIC", "-static", "-Wl,--as-needed", "-lrt"):
            self.assertIn(f"weftcc: note: {option}: ", done.stderr)
        self.assertEqual(self.ok("weft", "run", "a.wasm"), "hello 1\n")

    def test_loops_stay_scalar_but_for_an_option(self):
        self.write(a_dot_c="""void f(float* restrict a, const float* restrict b, int n) {
  for (int i = 0; i < n; i++) a[i] += b[i];
}
""")
        self.ok("weftcc", "-O3", "-S", "a.c", "-o", "scalar.s")
        self.ok("weftcc", "-O3", "-ftree-vectorize", "-funroll-loops", "-S", "a.c", "-o", "asked.s")
        self.ok("weftcc", "-O3", "-mguest-simd", "-S", "a.c", "-o", "vector.s")
        self.assertNotIn("f32x4.add", (self.dir / "scalar.s").read_text())
        self.assertNotIn("f32x4.add", (self.dir / "asked.s").read_text())
        self.assertIn("f32x4.add", (self.dir / "vector.s").read_text())

    def test_permission_to_contract_is_the_programs_when_all_its_parts_give_it(self):
        self.write(a_dot_c="double g(double); int main(void) { return g(1) > 3; }\n",
                   b_dot_c="double g(double x) { return x * x + x; }\n")
        self.ok("weftcc", "-c", "-ffast-math", "a.c", "-o", "fast_a.o")
        self.ok("weftcc", "-c", "-ffp-contract=fast", "b.c", "-o", "fast_b.o")
        self.ok("weftcc", "-c", "b.c", "-o", "b.o")
        for parts, expected in ((("fast_a.o", "fast_b.o"), True), (("fast_a.o", "b.o"), False),
                                (("a.c", "b.c"), False)):
            self.ok("weftcc", *parts, "-o", "p.wasm")
            self.assertEqual(b"weft.fp_contract" in (self.dir / "p.wasm").read_bytes(), expected, parts)

    def test_only_programs_that_create_threads_share_their_memory(self):
        self.write(a_dot_c=HELLO, t_dot_c=CREATES_A_THREAD)
        self.ok("weftcc", "-pthread", "a.c", "-lpthread", "-o", "a.wasm")
        self.assertEqual(self.memory_of("a.wasm"), "own")
        self.ok("weftcc", "-c", "t.c")
        self.ok("weftcc", "t.o", "-o", "t.wasm")
        self.assertEqual(self.memory_of("t.wasm"), "shared")

    def test_intrinsics_of_sse_run(self):
        self.write(a_dot_c="""#include <emmintrin.h>
#include <stdio.h>
#include <smmintrin.h>
int main(void) {
  __m128i sum = _mm_adds_epu8(_mm_set1_epi8((char)200), _mm_set1_epi8(100));
  sum = _mm_max_epu16(sum, _mm_setzero_si128());
#ifdef __SSE4_1__
  printf("%d %d\\n", _mm_cvtsi128_si32(sum) & 255, _mm_movemask_epi8(sum));
#endif
  return 0;
}
""")
        self.ok("weftcc", "-O2", "-msse4.1", "a.c", "-o", "a.wasm")
        self.assertEqual(self.ok("weft", "run", "a.wasm"), "255 65535\n")

    def test_intrinsics_take_pointers_of_another_sign_and_count_bits(self):
        self.write(a_dot_c="""#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
int main(void) {
  uint32_t table[8] = {10, 20, 30, 40, 50, 60, 70, 80}, out[8];
  __m256i at = _mm256_set_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  _mm256_storeu_si256((__m256i *)out, _mm256_i32gather_epi32(table, at, 4));
  printf("%u %u %d %d\\n", out[0], out[7], _mm_popcnt_u32(0xf0f), (int)_mm_popcnt_u64(~0ull));
  return 0;
}
""")
        self.ok("weftcc", "-O2", "-mavx2", "-mpopcnt", "a.c", "-o", "a.wasm")
        self.assertEqual(self.ok("weft", "run", "a.wasm"), "80 10 8 64\n")

    def test_intrinsics_compute_what_the_machine_does(self):
        source = str(ROOT / "tests/compilers/intrinsics.c")
        subprocess.run(["clang-22", "-O2", "-mavx2", "-w", source, "-o", "native"], cwd=self.dir, check=True)
        self.ok("weftcc", "-O2", "-mavx2", "-w", source, "-o", "a.wasm")
        native = subprocess.run([self.dir / "native"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(self.ok("weft", "run", "a.wasm").splitlines(), native.splitlines())

    def test_a_call_with_another_type_than_the_functions_is_explained_by_linker_and_trap(self):
        self.write(a_dot_c="int f();\nint main(int argc, char **argv) { return f(argc, 2); }\n",
                   b_dot_c="int f(int a) { return a; }\n")
        linked = self.tool("weftcc", "-std=gnu11", "-w", "a.c", "b.c", "-o", "a.wasm")
        self.assertEqual(linked.returncode, 0, linked.stderr)
        self.assertIn("weftcc: f is called with another type than it is defined with", linked.stderr)
        trapped = self.tool("weft", "run", "a.wasm")
        self.assertEqual(trapped.returncode, 134)
        self.assertIn("weft: trap: f is called with another type than it is defined with in a.wasm", trapped.stderr)

    def test_projects_that_ask_for_unix_find_it(self):
        self.write(a_dot_c="""#ifdef __unix__
#include <unistd.h>
#endif
#include <stdio.h>
int main(void) {
  printf("%d\\n", _POSIX_VERSION >= 200809L);
  return 0;
}
""")
        self.ok("weftcc", "a.c", "-o", "a.wasm")
        self.assertEqual(self.ok("weft", "run", "a.wasm"), "1\n")

    def test_main_may_lie_in_a_library(self):
        self.write(a_dot_c="int main(int argc, char **argv) { return argc + 6; }\n", b_dot_c="int other;\n")
        self.ok("weftcc", "-c", "a.c")
        self.ok("weftenv", "ar", "rc", "liba.a", "a.o")
        self.ok("weftcc", "b.c", "-L.", "-la", "-o", "b.wasm")
        self.assertEqual(self.tool("weft", "run", "b.wasm").returncode, 7)

    def test_a_program_whose_only_thread_ends_itself_succeeds(self):
        self.write(a_dot_c="""#include <pthread.h>
#include <stdio.h>
static void at_end(void *text) { puts(text); }
int main(int argc, char **argv) {
  pthread_key_t key;
  pthread_t thread;
  pthread_key_create(&key, at_end);
  pthread_setspecific(key, "its data is given back");
  if (argc > 9) pthread_create(&thread, NULL, NULL, NULL);
  pthread_exit(NULL);
}
""")
        self.ok("weftcc", "-O2", "-pthread", "a.c", "-o", "a.wasm")
        self.assertEqual(self.ok("weft", "run", "a.wasm"), "its data is given back\n")

    def test_naming_the_guests_own_headers_changes_nothing(self):
        self.write(a_dot_cc="#include <cstdlib>\n#include <cmath>\nint main() { return std::abs(-1) - 1; }\n")
        own = BIN.parent / "sysroot/include/wasm32-wasip1-threads"
        self.ok("weftc++", f"-I{own}", "-isystem", str(own), "a.cc", "-o", "a.wasm")

    def test_link_time_optimisation_keeps_longjmp_and_exceptions(self):
        self.write(a_dot_cc="""#include <csetjmp>
#include <cstdio>
static std::jmp_buf jump;
int main() {
  if (setjmp(jump) == 0) std::longjmp(jump, 1);
  try { throw 5; } catch (int x) { std::printf("%d\\n", x); }
}
""")
        self.ok("weftc++", "-O2", "-flto", "a.cc", "-o", "a.wasm")
        self.assertEqual(self.ok("weft", "run", "a.wasm"), "5\n")

    def test_the_same_sources_give_the_same_program(self):
        self.write(a_dot_c=HELLO)
        for out in ("1", "2"):
            os.mkdir(self.dir / out)
            self.ok("weftcc", "-O2", "a.c", "-o", f"{out}/a.wasm")
        self.assertEqual((self.dir / "1/a.wasm").read_bytes(), (self.dir / "2/a.wasm").read_bytes())


class Sdk(CompilerTest):
    C = """#include <weft.h>
int main(int argc, char** argv) {
  weft_ready();
  size_t length;
  int64_t expected = weft_input_left();
  char* input = weft_input(&length);
  if (input == NULL) return 1;
  if (expected >= 0 && (size_t)expected != length) return 2;
  weft_logf(WEFT_WARNING, "%s: %zu bytes\\nof input", weft_function(), length);
  weft_log(WEFT_INFO, "told");
  weft_log(WEFT_DEBUG, "hidden");
  printf("<");
  if (weft_output(input, length) != 0) return 3;
  puts(">");
  return (weft_time_left() == WEFT_NO_DEADLINE) != (argc > 1) ? 0 : 4;
}
"""

    def test_a_c_program_reads_writes_and_logs(self):
        self.write(echo_dot_c=self.C)
        self.ok("weftcc", "-O2", "-Wall", "-Werror", "echo.c", "-o", "echo.wasm")
        done = self.tool("weft", "run", "echo.wasm", input="some text")
        self.assertEqual((done.returncode, done.stdout), (0, "<some text>\n"))
        self.assertEqual(done.stderr, "warning: echo: 9 bytes\n  of input\ninfo: told\n")
        done = self.tool("weft", "run", "--log-level", "debug", "--timeout", "1h", "echo.wasm", "x", input="")
        self.assertEqual((done.returncode, done.stderr.splitlines()[-1]), (0, "debug: hidden"))
        done = self.tool("weft", "run", "--log-level", "error", "echo.wasm", input="")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_same_program_runs_natively(self):
        self.write(echo_dot_c=self.C)
        subprocess.run(["cc", "-Wall", "-Werror", "-I", str(ROOT / "sdk/c"), "echo.c", "-o", "echo"], cwd=self.dir,
                       check=True)
        done = subprocess.run(["./echo"], cwd=self.dir, input="some text", capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, "<some text>\n")
        self.assertEqual(done.stderr.splitlines()[0], "warning: native: 9 bytes")

    def test_large_input_from_files_and_pipes_arrives_whole(self):
        self.write(echo_dot_c=self.C)
        self.ok("weftcc", "-O2", "echo.c", "-o", "echo.wasm")
        text = "0123456789abcde\n" * 100_000
        (self.dir / "input").write_text(text)
        self.assertEqual(self.tool("weft", "run", "echo.wasm", input=text).stdout, f"<{text}>\n")
        with open(self.dir / "input", encoding="ascii") as file:
            self.assertEqual(self.tool("weft", "run", "echo.wasm", stdin=file).stdout, f"<{text}>\n")

    def test_a_cxx_program_uses_all_of_it(self):
        self.write(a_dot_cc="""#include <weft.hpp>
#include <iostream>
int main() {
  weft::ready();
  std::cout << weft::input_left().value_or(0) << ' ';
  std::byte first[2];
  size_t n = weft::read(first).size();
  weft::log(weft::Level::error, weft::function() + " has " + std::to_string(n));
  weft::output(weft::input());
  bool named = weft::call_id().size() == 32 && weft::trace_id() == weft::call_id();
  return named && !weft::time_left() ? 0 : 1;
}
""")
        self.ok("weftc++", "-std=c++20", "-O2", "-Wall", "-Werror", "a.cc", "-o", "a.wasm")
        done = self.tool("weft", "run", "a.wasm", input="abcd")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "0 cd", "error: a has 2\n"))

    def test_only_what_is_called_is_imported(self):
        self.write(plain_dot_c="""#include <weft.h>
int main(void) { size_t n; char* text = weft_input(&n); return weft_output(text, n); }
""", timed_dot_c="""#include <weft.h>
int main(void) { return weft_time_left() == 0; }
""")
        for name, expected in (("plain", 0), ("timed", 1)):
            self.ok("weftcc", f"{name}.c", "-o", f"{name}.wasm")
            dump = subprocess.run(["wasm-objdump", "-x", "-j", "Import", str(self.dir / f"{name}.wasm")],
                                  capture_output=True, text=True, check=True)
            self.assertEqual(dump.stdout.count("<- weft."), expected, dump.stdout)

    def test_a_wrong_level_is_refused(self):
        self.write(a_dot_c="""#include <weft.h>
int main(void) { return weft_log((enum weft_level)4, "x") == -1 && errno == EINVAL ? 0 : 1; }
""")
        self.ok("weftcc", "a.c", "-o", "a.wasm")
        self.ok("weft", "run", "a.wasm")
        self.assertIn("fatal is no level", self.refused("weft", "run", "--log-level", "fatal", "a.wasm"))

    def test_a_frozen_program_keeps_its_call(self):
        self.write(a_dot_c="""#include <weft.h>
int main(void) {
  printf("%s %s\\n", weft_function(), weft_call_id());
  fflush(stdout);
  char byte;
  while (weft_read(&byte, 1) > 0) {}
  printf("%s %s\\n", weft_function(), weft_call_id());
}
""")
        self.ok("weftcc", "a.c", "-o", "a.wasm")
        read_end, write_end = os.pipe()
        with os.fdopen(read_end) as waits:
            frozen = self.tool("weft", "run", "--freeze-after", "100ms", "--freeze-to", "a.frozen", "a.wasm",
                               stdin=waits)
        os.close(write_end)
        self.assertTrue((self.dir / "a.frozen").exists(), frozen.stderr)
        lines = (frozen.stdout + self.ok("weft", "thaw", "a.frozen", stdin=subprocess.DEVNULL)).splitlines()
        self.assertEqual((len(lines), len(set(lines))), (2, 1), lines)
        self.assertTrue(lines[0].startswith("a "))


class Refuse(CompilerTest):
    def test_shared_libraries(self):
        self.write(a_dot_c=HELLO)
        self.assertIn("--disable-shared", self.refused("weftcc", "-shared", "a.c", "-o", "a.so"))

    def test_assembly_of_another_machine_is_named_by_file_and_line(self):
        self.write(a_dot_c='int main(void) {\n  int x;\n  __asm__("cpuid" : "=a"(x));\n  return x;\n}\n')
        errors = self.refused("weftcc", "-c", "a.c")
        self.assertIn("weftcc: a.c:3: assembly of another machine", errors)

    def test_a_compiler_error_is_seen_whole(self):
        self.write(a_dot_c="int main(void) { return undeclared; }\n")
        errors = self.refused("weftcc", "a.c", "-o", "a.wasm")
        self.assertIn("a.c:1:25: error: use of undeclared identifier 'undeclared'", errors)
        self.assertFalse((self.dir / "a.wasm").exists())

    def test_an_undefined_function_is_named(self):
        self.write(a_dot_c="int missing(void); int main(void) { return missing(); }\n")
        self.assertIn("undefined symbol: missing", self.refused("weftcc", "a.c", "-o", "a.wasm"))

    def test_a_posix_function_that_guests_lack_leads_to_the_manual(self):
        self.write(a_dot_c="int epoll_create1(int); int main(void) { return epoll_create1(0); }\n")
        self.assertIn("docs/posix.md#", self.refused("weftcc", "a.c", "-o", "a.wasm"))

    def test_a_missing_file_and_a_missing_value(self):
        self.assertIn("gone.c", self.refused("weftcc", "gone.c"))
        self.assertIn("-o stands last", self.refused("weftcc", "a.c", "-o"))
        self.assertIn("gone.rsp", self.refused("weftcc", "@gone.rsp"))

    def test_a_sysroot_that_is_not_there(self):
        done = self.tool("weftcc", "-c", "a.c", env={**os.environ, "WEFT_SYSROOT": "/nowhere"})
        self.assertEqual(done.returncode, 1)
        self.assertIn("scripts/setup sysroot", done.stderr)


class Projects(CompilerTest):
    def made(self, language):
        self.ok("weft", "new", "--lang", language, "hello")
        return subprocess.run(["./test.sh"], cwd=self.dir / "hello", capture_output=True, text=True, timeout=600,
                              env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"})

    def test_new_projects_pass_their_tests(self):
        for language in ("c", "c++", "go"):
            with self.subTest(language):
                done = self.made(language)
                self.assertEqual((done.returncode, done.stdout.splitlines()[-1:]), (0, ["passed"]), done.stderr)
                shutil.rmtree(self.dir / "hello")

    def test_a_change_is_built_and_nothing_else(self):
        self.ok("weft", "new", "hello")
        self.ok("weft", "build", "-C", "hello")
        before = (self.dir / "hello/build/hello.wasm").stat().st_mtime_ns
        self.ok("weft", "build", "-C", "hello")
        self.assertEqual((self.dir / "hello/build/hello.wasm").stat().st_mtime_ns, before)
        source = self.dir / "hello/src/main.c"
        source.write_text(source.read_text().replace("Hello", "Bye"))
        self.ok("weft", "build", "-C", "hello")
        self.assertEqual(self.ok("weft", "run", "hello/build/hello.wasm"), "Bye, world!\n")

    def test_another_build_is_run_in_the_guests_environment(self):
        self.write(a_dot_c=HELLO, Makefile="a: a.c\n\tgcc -O2 -o $@ $^\n", weft_dot_toml="""[package]
name = "made"
lang = "c"
[build]
command = "make a"
output = "a"
""")
        self.ok("weft", "build")
        self.assertEqual(self.ok("weft", "run", "build/made.wasm"), "hello 1\n")

    def test_mistakes_in_weft_toml_are_named_with_their_place(self):
        good = '[package]\nname = "a"\nlang = "c"\n'
        for text, words in (
            (good + "[build]\nflag = []\n", ("weft.toml:5:1", "unknown key flag")),
            (good + "[build]\nflags = 3\n", ("flags is a list",)),
            (good.replace('"c"', '"cobol"'), ("cobol", "fortran")),
            (good + "[build\n", ("weft.toml:4",)),
            (good + '[build]\nsources = ["none/*.c"]\n', ("none/*.c",)),
            (good + '[build]\ncommand = "make"\n', ("output",)),
            ("", ("[package]",)),
        ):
            self.write(weft_dot_toml=text)
            errors = self.refused("weft", "build")
            for word in words:
                self.assertIn(word, errors)

    def test_a_project_that_exists_is_not_overwritten(self):
        self.ok("weft", "new", "hello")
        self.assertIn("there already", self.refused("weft", "new", "hello"))
        self.assertIn("cannot be a project's name", self.refused("weft", "new", "9lives"))
        self.assertIn("cobol", self.refused("weft", "new", "--lang", "cobol", "x"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
