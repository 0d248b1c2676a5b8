#include "wasm/body_check.h"

#include <wabt/binary-reader-nop.h>
#include <wabt/binary-reader.h>

#include <optional>

namespace weft::wasm {

namespace {

class BodyCheck final : public wabt::BinaryReaderNop {
 public:
  explicit BodyCheck(const Module& module) : module_(module) {}

  const std::optional<Error>& problem() const { return problem_; }

  bool OnError(const wabt::Error&) override { return true; }  // said by check_bodies()

  wabt::Result BeginFunctionBody(wabt::Index index, wabt::Offset) override {
    function_ = index;
    depth_ = 1;
    in_body_ = true;
    locals_ = 0;
    return wabt::Result::Ok;
  }
  wabt::Result OnLocalDecl(wabt::Index, wabt::Index count, wabt::Type) override {
    locals_ += count;
    if (locals_ > max_locals && !problem_) {
      problem_ = Error(Error::Kind::exhausted,
                       fmt::format("function {} has {} locals or more; the limit is {}", function_,
                                   locals_, max_locals));
    }
    return locals_ <= max_locals ? wabt::Result::Ok : wabt::Result::Error;
  }
  wabt::Result EndFunctionBody(wabt::Index) override {
    in_body_ = false;
    return wabt::Result::Ok;
  }
  wabt::Result OnOpcode(wabt::Opcode) override {
    return require(depth_ > 0 || !in_body_, "operators remain after its end");
  }
  wabt::Result OnBlockExpr(wabt::Type) override { return deeper(); }
  wabt::Result OnLoopExpr(wabt::Type) override { return deeper(); }
  wabt::Result OnIfExpr(wabt::Type) override { return deeper(); }
  wabt::Result OnTryExpr(wabt::Type) override { return deeper(); }
  wabt::Result OnEndExpr() override { return shallower(); }
  wabt::Result OnDelegateExpr(wabt::Index) override { return shallower(); }
  wabt::Result OnCallIndirectExpr(wabt::Index, wabt::Index table) override { return calls(table); }
  wabt::Result OnReturnCallIndirectExpr(wabt::Index, wabt::Index table) override {
    return calls(table);
  }

 private:
  wabt::Result deeper() {
    ++depth_;
    return wabt::Result::Ok;
  }
  wabt::Result shallower() {
    --depth_;
    return wabt::Result::Ok;
  }
  wabt::Result calls(wabt::Index table) {
    return require(
        table < module_.tables.size() && module_.tables[table].element == ValType::funcref,
        "type mismatch: an indirect call through a table of externref");
  }
  wabt::Result require(bool good, const char* otherwise) {
    if (!good && !problem_) {
      problem_ = Error(Error::Kind::invalid, fmt::format("function {}: {}", function_, otherwise));
    }
    return good ? wabt::Result::Ok : wabt::Result::Error;
  }

  const Module& module_;
  wabt::Index function_ = 0;
  int64_t depth_ = 1;  // of open blocks; constant expressions have their `end` too
  bool in_body_ = false;
  uint64_t locals_ = 0;
  std::optional<Error> problem_;
};

}  // namespace

Result<void> check_bodies(const Module& module, std::span<const uint8_t> bytes,
                          const wabt::Features& features) {
  wabt::ReadBinaryOptions options(features, nullptr, /*read_debug_names=*/false,
                                  /*stop_on_first_error=*/true,
                                  /*fail_on_custom_section_error=*/false);
  BodyCheck check(module);
  auto result = wabt::ReadBinary(bytes.data(), bytes.size(), &check, options);
  if (check.problem()) {
    return std::unexpected(*check.problem());
  }
  if (wabt::Failed(result)) {
    return error(Error::Kind::invalid, "a function body is malformed");
  }
  return {};
}

}  // namespace weft::wasm
