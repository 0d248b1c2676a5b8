#include "node/async_calls.h"

#include <utility>

namespace weft::node {

using call::CallId;
using call::Ledger;

namespace {

call::Reason reason_for(Ending ending) {
  switch (ending) {
    case Ending::returned:
      return call::Reason::returned;
    case Ending::exited:
      return call::Reason::exited;
    case Ending::trapped:
      return call::Reason::trapped;
    case Ending::timed_out:
      return call::Reason::timed_out;
    case Ending::cancelled:
      return call::Reason::cancelled;
    case Ending::out_of_limits:
      return call::Reason::out_of_limits;
  }
  return call::Reason::lost;
}

// Is it worth another attempt, if the policy has one left?
bool has_failed(const call::End& end) {
  return end.reason != call::Reason::returned && end.reason != call::Reason::cancelled;
}

}  // namespace

std::string backtrace_text(const std::vector<faaslet::TraceFrame>& frames) {
  std::string text;
  for (const faaslet::TraceFrame& frame : frames) {
    text += fmt::format("{}+{:#x}\n", frame.function, frame.offset);
  }
  return text;
}

call::End end_of(Reply reply) {
  call::End end;
  end.reason = reason_for(reply.ending);
  if (end.reason == call::Reason::exited && reply.exit_code == 0) {
    end.reason = call::Reason::returned;
  } else if (end.reason == call::Reason::returned && reply.exit_code != 0) {
    end.reason = call::Reason::exited;
  }
  end.exit_code = static_cast<int32_t>(reply.exit_code);
  end.message = std::move(reply.message);
  end.backtrace = backtrace_text(reply.backtrace);
  end.cpu = std::chrono::duration_cast<std::chrono::microseconds>(reply.cpu);
  end.peak_memory_bytes = reply.memory_bytes;
  end.core = static_cast<uint16_t>(reply.core);
  end.cold = reply.cold;
  end.output = std::move(reply.output);
  end.log = std::move(reply.log);
  return end;
}

AsyncCalls::AsyncCalls(Node& node, Ledger& ledger, const Options& options)
    : node_(node), ledger_(ledger), options_(options) {}

AsyncCalls::~AsyncCalls() = default;

void AsyncCalls::resume() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = false;
  }
  std::optional<CallId> after;
  constexpr size_t page = 1000;
  while (true) {
    auto pending = ledger_.pending(after, page);
    WallTime now = node_.clock().now();
    for (const call::Pending& call : pending) {
      if (call.not_before > now) {
        later(call.id, call.not_before);
      } else {
        enqueue({.id = call.id});
      }
    }
    if (pending.size() < page) {
      break;
    }
    after = pending.back().id;
  }
  pump();
  collect();
}

// What is too old or too much goes, a step at a time: at once while there is more, else every
// second.
void AsyncCalls::collect() {
  {
    std::lock_guard lock(mutex_);
    if (stopped_) {
      return;
    }
  }
  ledger_.collect([this](Result<call::Collected> collected) {
    bool more = collected && collected->more;
    after(more ? std::chrono::milliseconds(0) : std::chrono::milliseconds(1000),
          [this] { collect(); });
  });
}

void AsyncCalls::stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
}

void AsyncCalls::accept(call::Submission submission, Ledger::AcceptDone done) {
  auto common = std::make_shared<Common>(std::move(submission));
  ledger_.accept(common->submission,
                 [this, common, done = std::move(done)](Result<call::Accepted> accepted) mutable {
                   if (accepted && !accepted->existing) {
                     std::string input = std::move(common->submission.input);
                     enqueue({.id = accepted->first, .common = common, .input = std::move(input)});
                   }
                   done(std::move(accepted));
                   pump();
                 });
}

void AsyncCalls::accept_map(call::Submission common, std::vector<std::string> inputs,
                            Ledger::AcceptDone done) {
  struct Map {
    std::shared_ptr<Common> common;
    std::vector<std::string> inputs;
  };
  auto map = std::make_shared<Map>(std::make_shared<Common>(std::move(common)), std::move(inputs));
  ledger_.accept_map(map->common->submission, map->inputs,
                     [this, map, done = std::move(done)](Result<call::Accepted> accepted) mutable {
                       if (accepted && !accepted->existing) {
                         for (uint32_t i = 0; i < accepted->count; ++i) {
                           enqueue({.id = accepted->first.plus(i),
                                    .common = map->common,
                                    .input = std::move(map->inputs[i])});
                         }
                       }
                       done(std::move(accepted));
                       pump();
                     });
}

void AsyncCalls::enqueue(Queued queued) {
  std::lock_guard lock(mutex_);
  if (queued.common != nullptr && input_bytes_ + queued.input.size() > options_.most_input_bytes) {
    queued.common = nullptr;
    queued.input = {};
  }
  input_bytes_ += queued.input.size();
  queue_.push_back(std::move(queued));
}

void AsyncCalls::pump() {
  while (true) {
    Queued next;
    {
      std::lock_guard lock(mutex_);
      if (stopped_ || queue_.empty() || running_ >= options_.most_running) {
        return;
      }
      next = std::move(queue_.front());
      queue_.pop_front();
      input_bytes_ -= next.input.size();
      ++running_;
    }
    begin(std::move(next));
  }
}

// The ledger says that it runs before it does.
void AsyncCalls::begin(Queued queued) {
  CallId id = queued.id;
  auto shared = std::make_shared<Queued>(std::move(queued));
  ledger_.running(id, [this, id, shared](Result<uint16_t> attempt) {
    if (!attempt) {
      // Cancelled meanwhile, or the store has no room: then it stays accepted, and comes again.
      if (attempt.error().kind() == Error::Kind::exhausted) {
        constexpr auto pause = std::chrono::milliseconds(200);
        later(id, node_.clock().now() + pause);
      }
      leave();
      return;
    }
    if (shared->common == nullptr) {
      // Read where reading may take its time.
      bool posted = node_.workshop().post([this, id, shared](cpu::Thread&) {
        auto submission = ledger_.submission(id);
        if (!submission) {
          ended(id, std::unexpected(submission.error()));
          return;
        }
        auto common = std::make_shared<Common>(std::move(*submission));
        shared->input = std::move(common->submission.input);
        shared->common = std::move(common);
        run(std::move(*shared));
      });
      if (!posted) {
        ended(id, error(Error::Kind::exhausted, "the node is closing"));
      }
      return;
    }
    run(std::move(*shared));
  });
}

void AsyncCalls::run(Queued queued) {
  const call::Submission& submission = queued.common->submission;
  auto version = node_.catalog().find_version(
      {submission.function.name_space, submission.function.name}, submission.version);
  if (version == nullptr) {
    ended(queued.id, error(Error::Kind::not_found, "its function, version {}, was deleted",
                           submission.version));
    return;
  }
  auto function = node_.function(version);
  if (!function) {
    ended(queued.id, std::unexpected(function.error()));
    return;
  }
  auto task = std::make_unique<Task>();
  task->function = std::move(*function);
  task->id = queued.id.text();
  task->trace_id = submission.trace;
  task->input = std::move(queued.input);
  task->args = submission.arguments;
  task->env = submission.environment;
  if (submission.time_limit.count() > 0) {
    task->deadline = Clock::now() + submission.time_limit;
  }
  task->done = [this, id = queued.id](Result<Reply> reply) { ended(id, std::move(reply)); };
  Worker* worker = nullptr;
  {
    std::lock_guard lock(mutex_);
    worker = &node_.worker(next_worker_++ % node_.cores());
  }
  auto shared = std::make_shared<std::unique_ptr<Task>>(std::move(task));
  worker->post([this, worker, shared] { node_.call(*worker, std::move(*shared)); });
}

void AsyncCalls::ended(CallId id, Result<Reply> reply) {
  call::End end;
  if (reply) {
    end = end_of(std::move(*reply));
  } else {
    end.reason = reason_of(reply.error());
    end.message = reply.error().message();
  }
  if (has_failed(end)) {
    if (auto when = ledger_.again(id)) {
      later(id, *when);
      leave();
      return;
    }
  }
  write_end(id, std::move(end));
}

// Why a call that the ledger has as running did not run.
call::Reason AsyncCalls::reason_of(const Error& error) const {
  if (error.kind() != Error::Kind::exhausted) {
    return call::Reason::trapped;
  }
  std::lock_guard lock(mutex_);
  return stopped_ ? call::Reason::lost : call::Reason::out_of_limits;
}

void AsyncCalls::write_end(CallId id, call::End end) {
  auto shared = std::make_shared<call::End>(std::move(end));
  ledger_.ended(id, *shared, [this, id, shared](Result<void> written) {
    if (!written && written.error().kind() == Error::Kind::exhausted) {
      // There is no room for it now. It has ended and must not be run again, so this goes on until
      // there is.
      constexpr auto pause = std::chrono::milliseconds(200);
      after(pause, [this, id, shared] { write_end(id, std::move(*shared)); });
      return;
    }
    tell(id);
    leave();
  });
}

// Room for another one.
void AsyncCalls::leave() {
  {
    std::lock_guard lock(mutex_);
    --running_;
  }
  pump();
}

void AsyncCalls::tell(CallId id) {
  std::map<uint64_t, Told> told;
  {
    std::lock_guard lock(mutex_);
    if (auto found = waiting_.find(id); found != waiting_.end()) {
      told = std::move(found->second);
      waiting_.erase(found);
    }
  }
  for (auto& [number, call] : told) {
    call();
  }
}

void AsyncCalls::after(std::chrono::milliseconds pause, std::function<void()> then) {
  Worker& worker = node_.worker(0);
  worker.post([&worker, pause, then = std::move(then)] {
    auto timer = std::make_shared<boost::asio::steady_timer>(worker.events(), pause);
    timer->async_wait([timer, then](const boost::system::error_code& cancelled) {
      if (!cancelled) {
        then();
      }
    });
  });
}

void AsyncCalls::later(CallId id, WallTime when) {
  auto pause = std::chrono::ceil<std::chrono::milliseconds>(when - node_.clock().now());
  after(std::max(pause, std::chrono::milliseconds(0)), [this, id] {
    enqueue({.id = id});
    pump();
  });
}

uint64_t AsyncCalls::when_ended(CallId id, Told told) {
  uint64_t number = 0;
  {
    std::lock_guard lock(mutex_);
    number = next_waiting_++;
    waiting_[id].emplace(number, told);
  }
  auto state = ledger_.find(id);
  if (state && state->state != call::State::ended) {
    return number;  // it is told what waits then
  }
  if (forget(id, number)) {
    told();
  }
  return number;
}

bool AsyncCalls::forget(CallId id, uint64_t waiting) {
  std::lock_guard lock(mutex_);
  auto found = waiting_.find(id);
  if (found == waiting_.end() || found->second.erase(waiting) == 0) {
    return false;
  }
  if (found->second.empty()) {
    waiting_.erase(found);
  }
  return true;
}

void AsyncCalls::cancel(CallId id, Ledger::Done done) {
  auto shared = std::make_shared<Ledger::Done>(std::move(done));
  ledger_.cancel(id, [this, id, shared](Result<void> cancelled) {
    if (cancelled) {
      tell(id);
      (*shared)({});
      return;
    }
    auto call = ledger_.find(id);
    if (!call) {
      (*shared)(std::unexpected(call.error()));
      return;
    }
    Error why(Error::Kind::conflict,
              call->state == call::State::ended
                  ? fmt::format("call {} has ended: {}", id.text(), call::name(call->reason))
                  : fmt::format("call {} is just beginning; try again", id.text()));
    if (call->state == call::State::ended) {
      (*shared)(std::unexpected(why));
      return;
    }
    Worker& worker = node_.worker(0);
    worker.post([this, id, &worker, shared, why] {
      node_.cancel(worker, id.text(), [shared, why](bool found) {
        (*shared)(found ? Result<void>() : Result<void>(std::unexpected(why)));
      });
    });
  });
}

size_t AsyncCalls::queued() const {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

size_t AsyncCalls::running() const {
  std::lock_guard lock(mutex_);
  return running_;
}

}  // namespace weft::node
