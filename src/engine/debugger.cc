#include "engine/debugger.h"

#include <mutex>

// What a debugger looks for, by name. It stops in the function and reads the list; both must be
// there once in a process, so that a library with a compiler of its own shares them.
extern "C" {
struct jit_code_entry {
  jit_code_entry* next_entry;
  jit_code_entry* prev_entry;
  const char* symfile_addr;
  uint64_t symfile_size;
};
struct jit_descriptor {
  uint32_t version;
  uint32_t action_flag;
  jit_code_entry* relevant_entry;
  jit_code_entry* first_entry;
};
[[gnu::weak, gnu::used]] jit_descriptor __jit_debug_descriptor = {1, 0, nullptr, nullptr};
[[gnu::weak, gnu::used, gnu::noinline]] void __jit_debug_register_code() {
  asm volatile("" ::: "memory");
}
}

namespace weft::engine {

namespace {

enum Action : uint32_t { nothing = 0, added = 1, removed = 2 };

std::mutex list_mutex;

void tell(Action action, jit_code_entry& entry) {
  __jit_debug_descriptor.relevant_entry = &entry;
  __jit_debug_descriptor.action_flag = action;
  __jit_debug_register_code();
  __jit_debug_descriptor.action_flag = nothing;
  __jit_debug_descriptor.relevant_entry = nullptr;
}

}  // namespace

struct DebuggerEntry::Links : jit_code_entry {};

DebuggerEntry::DebuggerEntry(std::span<const uint8_t> elf) : links_(std::make_unique<Links>()) {
  std::lock_guard lock(list_mutex);
  jit_code_entry*& first = __jit_debug_descriptor.first_entry;
  *links_ = {{.next_entry = first,
              .prev_entry = nullptr,
              .symfile_addr = reinterpret_cast<const char*>(elf.data()),
              .symfile_size = elf.size()}};
  if (first != nullptr) {
    first->prev_entry = links_.get();
  }
  first = links_.get();
  tell(added, *links_);
}

DebuggerEntry::~DebuggerEntry() {
  std::lock_guard lock(list_mutex);
  if (links_->prev_entry != nullptr) {
    links_->prev_entry->next_entry = links_->next_entry;
  } else {
    __jit_debug_descriptor.first_entry = links_->next_entry;
  }
  if (links_->next_entry != nullptr) {
    links_->next_entry->prev_entry = links_->prev_entry;
  }
  tell(removed, *links_);
}

}  // namespace weft::engine
