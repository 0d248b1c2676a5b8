// What the recipes compile, link and validate before a sysroot counts as built: setjmp and the
// small libraries.
#include <bzlib.h>
#include <lzma.h>
#include <setjmp.h>
#include <stdio.h>
#include <zlib.h>

static jmp_buf again;

int main(void) {
  if (!setjmp(again)) {
    longjmp(again, 1);
  }
  printf("%lx %s %s\n", crc32(0, (const unsigned char*)"a", 1), BZ2_bzlibVersion(),
         lzma_version_string());
}
