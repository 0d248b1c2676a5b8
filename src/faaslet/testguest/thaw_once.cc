// thaw_once FILE: goes on with a frozen guest in this process, with this process's standard input
// and output. The tests of freezing run it, so that nothing of the first process is left but the
// file.
#include <cstdio>

#include "faaslet/freeze.h"
#include "faaslet/testguest/programs.h"

int main(int argc, char** argv) {
  using namespace weft;
  auto run = [&]() -> Result<void> {
    TRY(frozen, snapshot::Frozen::open(argc > 1 ? argv[1] : ""));
    TRY(pool, slot::SlotPool::reserve(64));
    TRY(thread, cpu::Thread::attach());
    TRY_VOID(thread->set_tick(std::chrono::milliseconds(1)));
    TRY(faaslet,
        faaslet::thaw(frozen, *pool, faaslet::wasi_with(wasi::HostFd{0}, wasi::HostFd{1})));
    faaslet::run_to_end(*faaslet, *thread);
    if (!std::holds_alternative<host::Returned>(faaslet->result())) {
      return error(Error::Kind::invalid, "the guest did not return");
    }
    return {};
  };
  if (auto done = run(); !done) {
    std::fprintf(stderr, "%s\n", done.error().message().c_str());
    return 1;
  }
  return 0;
}
