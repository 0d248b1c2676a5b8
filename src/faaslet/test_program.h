// For tests: a program in text form, compiled, and the slots to run it in (one at a time in a
// process). Thread safety: none.
#pragma once

#include <string_view>

#include "engine/engine.h"
#include "faaslet/faaslet.h"
#include "slot/slot_pool.h"
#include "wast/text_reader.h"

namespace weft::faaslet {

class TestProgram {
 public:
  explicit TestProgram(std::string_view text) {
    auto source = wast::read_wat(text);
    CHECK(!source.refused, "{}", source.refused.value_or(""));
    engine::Engine engine{engine::CodeCache("")};
    auto loaded = engine.load(source.bytes, {}, "test");
    CHECK(loaded.has_value(), "{}", loaded.error().message());
    code_ = std::move(*loaded);
    auto reserved = slot::SlotPool::reserve();
    CHECK(reserved.has_value(), "{}", reserved.error().message());
    slots_ = std::move(*reserved);
  }

  const std::shared_ptr<const engine::CodeFile>& code() const { return code_; }

  std::unique_ptr<Faaslet> start(std::string_view name, const ImportFactory& imports = {},
                                 std::span<const wasm::Value> args = {}) const {
    auto slot = slots_->acquire();
    CHECK(slot.has_value(), "{}", slot.error().message());
    auto faaslet = Faaslet::create(code_, std::move(*slot), imports, instance::Limits());
    CHECK(faaslet.has_value(), "{}", faaslet.error().message());
    auto called = (*faaslet)->call(name, args);
    CHECK(called.has_value(), "{}", called.error().message());
    return std::move(*faaslet);
  }

 private:
  std::shared_ptr<const engine::CodeFile> code_;
  std::unique_ptr<slot::SlotPool> slots_;
};

}  // namespace weft::faaslet
