// The import module "wasi" for a program whose memory is not shared. Thread safety: as its guest.
#pragma once

#include "host/imports.h"
#include "threads/program.h"

namespace weft::threads {

// The program runs with the thread that it has: pthread_create fails with EAGAIN, as it does at any
// limit on threads. Programs with threads find ThreadImports first.
class OneThread final : public host::ImportModule {
 public:
  using ImportModule::ImportModule;

  std::optional<host::HostFunction> find(std::string_view module, std::string_view name) override {
    if (module != spawn_module || name != spawn_function) {
      return std::nullopt;
    }
    return host::bind<&OneThread::spawn>(this);
  }

 private:
  // Source: wasi-threads, "thread-spawn": a negative value says that no thread was started.
  host::Answer<int32_t> spawn(uint32_t) { return -1; }
};

}  // namespace weft::threads
