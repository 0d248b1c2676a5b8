#include "node/task.h"

#include <array>

namespace weft::node {

std::string_view name(Ending ending) {
  constexpr std::array<std::string_view, endings> names = {
      "returned", "exited", "trapped", "timed_out", "cancelled", "out_of_limits"};
  return names.at(static_cast<size_t>(ending));
}

namespace {

struct Reading {
  Reply& reply;

  void operator()(const host::Returned&) const { reply.ending = Ending::returned; }
  void operator()(const host::Exited& exited) const {
    reply.ending = Ending::exited;
    reply.exit_code = exited.code;
  }
  void operator()(const host::Trapped& trapped) const {
    reply.ending = Ending::trapped;
    reply.message = trapped.message.empty() ? wasm::name(trapped.kind) : trapped.message;
  }
  void operator()(const host::Killed& killed) const {
    reply.ending = Ending::cancelled;
    reply.message = killed.reason;
  }
  void operator()(const host::TimedOut& timed_out) const {
    reply.ending = Ending::timed_out;
    reply.message = fmt::format("it did not end within {} ms", timed_out.limit.count());
  }
  void operator()(const host::OutOfLimits& beyond) const {
    reply.ending = Ending::out_of_limits;
    reply.message = beyond.limit;
  }
};

}  // namespace

Reply reply_of(const host::Outcome& outcome) {
  Reply reply;
  std::visit(Reading{reply}, outcome);
  return reply;
}

}  // namespace weft::node
