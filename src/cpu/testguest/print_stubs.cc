// Writes the stubs for the guest of the tests to a file, to be assembled as they are.

#include <cstdio>

#include "cpu/testguest/test_guest.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: cpu_print_stubs FILE\n", stderr);
    return 1;
  }
  std::FILE* file = std::fopen(argv[1], "w");
  if (file == nullptr) {
    std::perror(argv[1]);
    return 1;
  }
  std::string text = weft::cpu::stub_assembly(weft::cpu::testguest::host_functions,
                                              weft::cpu::testguest::import_offset);
  std::fputs(text.c_str(), file);
  return std::fclose(file) == 0 ? 0 : 1;
}
