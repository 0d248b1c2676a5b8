#include "node/chain_caller.h"

#include <utility>

#include "node/worker.h"

namespace weft::node {

namespace {

guest_api::Ended ended_of(Result<Reply> reply) {
  guest_api::Ended ended;
  if (!reply) {
    ended.ending = reply.error().kind() == Error::Kind::exhausted ? guest_api::Ending::out_of_limits
                                                                  : guest_api::Ending::trapped;
    return ended;
  }
  ended.ending = static_cast<guest_api::Ending>(reply->ending);
  ended.exit_code = reply->exit_code;
  ended.output = std::move(reply->output);
  return ended;
}
static_assert(static_cast<int>(guest_api::Ending::out_of_limits) ==
              static_cast<int>(Ending::out_of_limits));

}  // namespace

std::string ChainCaller::id_of(const Task& parent, uint64_t number) {
  return fmt::format("{}.{}", parent.id, number);
}

Result<guest_api::Caller::Number> ChainCaller::call(std::string_view function, std::string input,
                                                    Done done) {
  if (parent_.depth >= max_depth) {
    return error(Error::Kind::exhausted, "calls of calls go {} deep and no deeper", max_depth);
  }
  TRY(target, site_.chains->find(parent_.function->space(), function));
  uint64_t number = next_++;
  auto task = std::make_unique<Task>();
  task->function = std::move(target);
  task->id = id_of(parent_, number);
  task->trace_id = parent_.trace_id;
  task->input = std::move(input);
  task->depth = parent_.depth + 1;
  task->deadline = parent_.deadline;
  task->done = [done = std::move(done)](Result<Reply> reply) { done(ended_of(std::move(reply))); };
  site_.chains->call(worker_, std::move(task));
  return Number{number};
}

void ChainCaller::cancel(Number number) {
  site_.chains->cancel(worker_, id_of(parent_, static_cast<uint64_t>(number)));
}

}  // namespace weft::node
