#!/usr/bin/env python3
"""weftenv: builds of others by make, configure, CMake and Meson, and which of their programs are compiled fast."""

import unittest

from compilers_test import HELLO, CompilerTest

# Exit code 0 when it was compiled fast, 1 otherwise.
COMPILED_FAST = """#include <stdlib.h>
#include <string.h>
int main(void) {
  const char* effort = getenv("WEFT_EFFORT");
  return effort == 0 || strcmp(effort, "fast") != 0;
}
"""


class Environment(CompilerTest):
    def test_programs_that_configure_tries_are_compiled_fast_and_others_not(self):
        self.write(conftest_dot_c=COMPILED_FAST, configure="""
test -r "$CONFIG_SITE" && . "$CONFIG_SITE"
$CC conftest.c -o conftest && ./conftest && cp conftest.c check.c
""", Makefile="""check: check.c
	$(CC) -o $@ $^
	! ./$@
""")
        self.ok("weftenv", "sh", "./configure")
        self.ok("weftenv", "make", "check")

    def test_a_makefile_that_names_gcc_makes_programs_that_start(self):
        self.write(a_dot_c=HELLO, Makefile="CC = gcc\nall: a\na: a.o\n\t$(CC) -o $@ $^ -lm\ncheck: a\n\t./a 1 2\n")
        self.assertIn("hello 3\n", self.ok("weftenv", "make", "check"))
        # the same file is a program for weft run
        self.assertEqual(self.ok("weft", "run", "a"), "hello 1\n")

    def test_programs_find_their_directory_files_and_variables(self):
        self.write(a_dot_c="""#include <stdio.h>
#include <stdlib.h>
int main(void) {
  FILE* file = fopen("data/x", "r");
  int c = file ? fgetc(file) : '?';
  printf("%c %s\\n", c, getenv("COLOUR"));
  return 0;
}
""", data__x="7")
        done = self.ok("weftenv", "sh", "-c", "gcc a.c -o a && strip a && COLOUR=red ./a")
        self.assertEqual(done, "7 red\n")

    def test_cmake_configures_tries_programs_and_tests(self):
        self.write(a_dot_c=HELLO, CMakeLists_dot_txt="""cmake_minimum_required(VERSION 3.20)
project(a C)
include(CheckCSourceRuns)
check_c_source_runs("int main(void) { return sizeof(void*) != 4; }" RUNS)
if(NOT RUNS)
  message(FATAL_ERROR "a program that CMake tried did not run")
endif()
file(READ fast.c FAST)
check_c_source_runs("${FAST}" COMPILED_FAST)
if(NOT COMPILED_FAST)
  message(FATAL_ERROR "a program that CMake tried was compiled with full effort")
endif()
add_executable(fast fast.c)
add_custom_command(TARGET fast POST_BUILD COMMAND sh -c "! ./fast" VERBATIM)
find_package(ZLIB REQUIRED)
add_executable(a a.c)
target_link_libraries(a ZLIB::ZLIB m)
enable_testing()
add_test(NAME hello COMMAND a 1)
add_test(NAME full_effort COMMAND fast)
set_tests_properties(full_effort PROPERTIES WILL_FAIL true)
set_tests_properties(hello PROPERTIES PASS_REGULAR_EXPRESSION "hello 2")
""", fast_dot_c=COMPILED_FAST)
        self.ok("weftenv", "cmake", "-B", "build", "-G", "Ninja")
        self.ok("weftenv", "cmake", "--build", "build")
        self.assertIn("100% tests passed", self.ok("weftenv", "ctest", "--test-dir", "build"))

    def test_meson_configures_runs_and_tests(self):
        self.write(a_dot_c=HELLO, meson_dot_build="""project('a', 'c')
cc = meson.get_compiler('c')
assert(cc.sizeof('void*') == 4)
assert(cc.run('int main(void) { return 0; }').returncode() == 0)
assert(cc.run(files('fast.c')).returncode() == 0)
test('full effort', executable('fast', 'fast.c'), should_fail: true)
zlib = dependency('zlib')
test('hello', executable('a', 'a.c', dependencies: zlib))
""", fast_dot_c=COMPILED_FAST)
        self.ok("weftenv", "meson", "setup", "build")
        self.ok("weftenv", "meson", "test", "-C", "build")

    def test_a_command_that_is_missing_is_named(self):
        self.assertIn("no-such-command", self.refused("weftenv", "no-such-command"))
        self.assertIn("which command", self.refused("weftenv"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
