// The part of Worker that ends calls: those that ran, those that never began, those that are
// cancelled.
#include <algorithm>
#include <utility>

#include "node/worker.h"

namespace weft::node {

Worker::Running Worker::take_running(uint64_t id) {
  auto found = running_.find(id);
  CHECK(found != running_.end(), "guest {} ended and was not running", id);
  Running running = std::move(found->second);
  running_.erase(found);
  return running;
}

void Worker::ended(faaslet::FaasletId id, std::unique_ptr<faaslet::Faaslet> faaslet) {
  Running running = take_running(static_cast<uint64_t>(id));
  Station& station = *running.station;
  Reply reply = reply_of(faaslet->result());
  if (reply.ending == Ending::returned && !faaslet->results().empty()) {
    reply.exit_code = faaslet->results().front().i32;  // sites check that it is one
  }
  answer(running, std::move(reply), *faaslet);
  station.busy[running.pool] = false;
  // A slot that cannot be brought back is given up; there are others.
  auto back = station.pools[running.pool]->take_back(std::move(faaslet));
  counts_.slots_lost += back ? 0 : 1;
  leave(station);
}

void Worker::program_ended(uint64_t id) {
  Running running = take_running(id);
  Station& station = *running.station;
  answer(running, reply_of(running.program->outcome()), running.program->speaker());
  leave(station);
}

void Worker::answer(Running& running, Reply reply, const faaslet::Faaslet& speaker) {
  auto now = Clock::now();
  reply.output = running.imports->take_output();
  reply.log = running.imports->take_log();
  reply.queued = running.started - running.task->accepted;
  reply.ran = now - running.started;
  reply.cpu = speaker.ran_for();
  reply.memory_bytes = speaker.head()->memory_bytes;
  reply.core = index_;
  reply.cold = running.cold;
  if (reply.ending == Ending::trapped) {
    reply.backtrace = speaker.backtrace();
  }
  count(*running.station, reply);
  running.task->done(std::move(reply));
}

void Worker::count(Station& station, const Reply& reply) {
  calls_.fetch_sub(1, std::memory_order_relaxed);
  ++counts_.ended[static_cast<size_t>(reply.ending)];
  counts_.latency.add(reply.queued + reply.ran);
  counts_.cpu += reply.cpu;
  ++station.calls;
  station.latency.add(reply.queued + reply.ran);
  bool fine =
      (reply.ending == Ending::returned || reply.ending == Ending::exited) && reply.exit_code == 0;
  station.failed += fine ? 0 : 1;
}

std::vector<Worker::FunctionCounts> Worker::function_counts() const {
  std::vector<FunctionCounts> counts;
  counts.reserve(stations_.size());
  for (const auto& [function, station] : stations_) {
    counts.push_back({.function = function->full_name(),
                      .calls = station->calls,
                      .failed = station->failed,
                      .running = station->running,
                      .waiting = station->waiting.size(),
                      .calls_per_s = station->calls_per_s,
                      .latency = station->latency});
  }
  return counts;
}

void Worker::leave(Station& station) {
  --station.running;
  station.last_used = Clock::now();
  admit(station);
  if (!blocked_.empty()) {
    admit_blocked();
  }
  if (closing_ && running_.empty()) {
    core_->stop();
  }
}

void Worker::refuse(std::unique_ptr<Task> task, const Error& error) {
  --waiting_;
  refuse_begun(std::move(task), error);
}

void Worker::refuse_begun(std::unique_ptr<Task> task, const Error& error) {
  calls_.fetch_sub(1, std::memory_order_relaxed);
  task->done(std::unexpected(error));
}

// Its time ran out before it began. REQUIRES: not counted as waiting any more.
void Worker::expire(Station& station, Task& task) {
  Reply reply;
  reply.ending = Ending::timed_out;
  reply.message = "its deadline passed while it waited for its turn";
  reply.queued = Clock::now() - task.accepted;
  reply.core = index_;
  count(station, reply);
  task.done(std::move(reply));
}

bool Worker::cancel(std::string_view id) {
  for (auto& [number, running] : running_) {
    if (running.task->id == id) {
      host::Outcome outcome = host::Killed{std::string(cancelled_reason)};
      if (running.program) {
        running.program->kill(std::move(outcome));
      } else {
        core_->kill(faaslet::FaasletId{number}, std::move(outcome));
      }
      return true;
    }
  }
  for (auto& [function, station] : stations_) {
    auto found = std::ranges::find(station->waiting, id,
                                   [](const auto& task) -> std::string_view { return task->id; });
    if (found != station->waiting.end()) {
      auto task = std::move(*found);
      station->waiting.erase(found);
      --waiting_;
      Reply reply;
      reply.ending = Ending::cancelled;
      reply.message = cancelled_reason;
      reply.queued = Clock::now() - task->accepted;
      reply.core = index_;
      count(*station, reply);
      task->done(std::move(reply));
      return true;
    }
  }
  return false;
}

std::optional<std::string_view> Worker::log_of(std::string_view id) const {
  for (const auto& [number, running] : running_) {
    if (running.task->id == id) {
      return running.program ? "" : std::string_view(running.imports->log());
    }
  }
  return std::nullopt;
}

}  // namespace weft::node
