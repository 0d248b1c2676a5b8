#include "node/worker.h"

#include <algorithm>
#include <future>
#include <utility>

#include "node/chain_caller.h"

namespace weft::node {

namespace asio = boost::asio;
using std::chrono::milliseconds;

Worker::Worker(uint32_t index, Site& site, const Options& options)
    : index_(index), site_(site), options_(options) {}

Result<std::unique_ptr<Worker>> Worker::start(uint32_t index, Site& site, const Options& options) {
  std::unique_ptr<Worker> worker(new Worker(index, site, options));
  // Shared, as the thread may still be busy with it when its result is there.
  auto attached = std::make_shared<std::promise<Result<void>>>();
  worker->thread_ = std::thread([raw = worker.get(), attached] {
    raw->live([attached](Result<void> result) { attached->set_value(std::move(result)); });
  });
  auto result = attached->get_future().get();
  if (!result) {
    worker->thread_.join();
    return std::unexpected(result.error());
  }
  return worker;
}

// The core lives on its thread: what it runs has to end there.
void Worker::live(const std::function<void(Result<void>)>& attached) {
  auto core = faaslet::Core::attach(
      {.quantum = options_.quantum},
      [this](faaslet::FaasletId id, std::unique_ptr<faaslet::Faaslet> faaslet) {
        ended(id, std::move(faaslet));
      });
  if (!core) {
    attached(std::unexpected(core.error()));
    return;
  }
  core_ = std::move(*core);
  sweep_ = std::make_unique<asio::steady_timer>(core_->events());
  arm_sweep();
  attached({});
  begun_.get_future().wait();
  core_->serve();
  served_.set_value();
  released_.get_future().wait();
  sweep_ = nullptr;
  running_.clear();
  stations_.clear();
  core_ = nullptr;
}

Worker::~Worker() {
  if (thread_.joinable()) {
    close();
    released_.set_value();
    thread_.join();
  }
}

void Worker::serve() {
  if (!std::exchange(is_serving_, true)) {
    begun_.set_value();
  }
}

void Worker::close() {
  if (std::exchange(closed_, true)) {
    return;
  }
  post([this] { end_all(); });
  serve();  // or it would never come to that
  served_.get_future().wait();
}

void Worker::end_all() {
  closing_ = true;
  for (auto& [id, running] : running_) {
    host::Outcome outcome = host::Killed{"the node is closing"};
    if (running.program) {
      running.program->kill(std::move(outcome));
    } else {
      core_->kill(faaslet::FaasletId{id}, std::move(outcome));
    }
  }
  for (auto& [function, station] : stations_) {
    while (!station->waiting.empty()) {
      auto task = std::move(station->waiting.front());
      station->waiting.pop_front();
      refuse(std::move(task), Error(Error::Kind::exhausted, "the node is closing"));
    }
  }
  if (running_.empty()) {
    core_->stop();
  }
}

faaslet::Share Worker::share_of(const std::string& space) {
  auto found = shares_.find(space);
  if (found == shares_.end()) {
    constexpr uint32_t usual = 100;
    found = shares_.emplace(space, core_->add_share(usual)).first;
  }
  return found->second;
}

void Worker::set_weight(const std::string& space, uint32_t weight) {
  core_->set_weight(share_of(space), weight);
}

Worker::Station& Worker::station_of(const std::shared_ptr<Function>& function) {
  auto& station = stations_[function.get()];
  if (station == nullptr) {
    station = std::make_unique<Station>();
    station->function = function;
    station->share = share_of(function->space());
    // Few at a time all run on one worker (Node sends them there), many are divided.
    uint32_t concurrency = std::max(function->terms().concurrency, 1U);
    station->most_running = is_few(function->terms(), site_.cores)
                                ? concurrency
                                : (concurrency + site_.cores - 1) / site_.cores;
  }
  station->last_used = Clock::now();
  return *station;
}

void Worker::call(std::unique_ptr<Task> task) {
  if (closing_ || waiting_ >= options_.most_waiting) {
    auto problem =
        closing_ ? Error(Error::Kind::exhausted, "the node is closing")
                 : Error(Error::Kind::exhausted,
                         fmt::format("{} calls wait on core {}, its limit", waiting_, index_));
    task->done(std::unexpected(problem));
    return;
  }
  Station& station = station_of(task->function);
  station.waiting.push_back(std::move(task));
  ++waiting_;
  calls_.fetch_add(1, std::memory_order_relaxed);
  admit(station);
}

void Worker::prepare(Station& station) {
  station.preparing = true;
  station.cold = true;
  std::shared_ptr<Function> function = station.function;
  bool first =
      function->wait_for_preparation([this, function](const Function::PreparedResult& result) {
        post([this, function, result] {
          auto found = stations_.find(function.get());
          if (found != stations_.end()) {
            prepared(*found->second, result);
          }
        });
      });
  if (!first) {
    return;
  }
  bool posted = site_.workshop.post([site = &site_, function](cpu::Thread& thread) {
    function->prepared_as(node::prepare(*site, function, thread));
  });
  if (!posted) {
    function->prepared_as(error(Error::Kind::exhausted, "too many functions are being prepared"));
  }
}

void Worker::prepared(Station& station, const Function::PreparedResult& result) {
  station.preparing = false;
  if (!result) {
    while (!station.waiting.empty()) {
      auto task = std::move(station.waiting.front());
      station.waiting.pop_front();
      refuse(std::move(task), result.error());
    }
    return;
  }
  station.prepared = *result;
  const auto& templates = station.prepared->templates;
  for (size_t i = 0; i < templates.size(); ++i) {
    // Those with a slot of their own are divided among the workers. Where they are fewer, all calls
    // come to one worker.
    if (!templates[i]->image()->slot() || templates.size() < site_.cores ||
        i % site_.cores == index_) {
      station.pools.push_back(std::make_unique<faaslet::WarmPool>(
          templates[i], site_.slots, site_.dirty, options_.most_warm_of_one));
    }
  }
  station.busy.assign(station.pools.size(), false);
  admit(station);
}

// A pool that has a slot of its own serves one call at a time.
std::optional<size_t> Worker::free_pool(Station& station) const {
  const auto& templates = station.prepared->templates;
  if (templates.empty() || !templates.front()->image()->slot()) {
    return 0;
  }
  auto found = std::ranges::find(station.busy, false);
  return found == station.busy.end() ? std::nullopt
                                     : std::optional<size_t>(found - station.busy.begin());
}

void Worker::admit(Station& station) {
  while (!station.waiting.empty() && station.running < station.most_running) {
    if (station.prepared == nullptr) {
      if (!station.preparing) {
        prepare(station);
      }
      return;
    }
    if (running_.size() >= options_.most_running) {
      block(station);
      return;
    }
    if (!free_pool(station)) {
      return;
    }
    auto task = std::move(station.waiting.front());
    station.waiting.pop_front();
    --waiting_;
    if (!begin(station, std::move(task))) {
      block(station);
      return;
    }
  }
}

// Until another call of this worker ends, or the sweep.
void Worker::block(Station& station) {
  if (!std::exchange(station.blocked, true)) {
    blocked_.push_back(&station);
  }
}

void Worker::admit_blocked() {
  for (size_t turns = blocked_.size(); turns > 0 && running_.size() < options_.most_running;
       --turns) {
    Station& station = *blocked_.front();
    blocked_.pop_front();
    station.blocked = false;
    admit(station);
  }
}

bool Worker::begin(Station& station, std::unique_ptr<Task> task) {
  if (task->deadline && *task->deadline <= Clock::now()) {
    expire(station, *task);
    return true;
  }
  Running running{.task = std::move(task), .station = &station, .started = Clock::now()};
  // The threads of a program run elsewhere, and calls are made from this one.
  bool is_program = station.prepared->templates.empty();
  running.imports = std::make_unique<CallImports>(
      *running.task, is_program ? CallImports::Stepped::elsewhere : CallImports::Stepped::by_core,
      site_.chains != nullptr && !is_program
          ? std::make_unique<ChainCaller>(site_, *this, *running.task)
          : nullptr);
  running.cold = std::exchange(station.cold, false);
  auto id = station.prepared->templates.empty() ? begin_program(station, running)
                                                : begin_faaslet(station, running);
  if (!id && id.error().kind() == Error::Kind::exhausted && !running.imports->are_made()) {
    station.cold = running.cold;
    station.waiting.push_front(std::move(running.task));
    ++waiting_;
    return false;
  }
  if (!id) {
    refuse_begun(std::move(running.task), id.error());
    return true;
  }
  ++station.running;
  ++counts_.started;
  counts_.cold += running.cold ? 1 : 0;
  running_.emplace(*id, std::move(running));
  return true;
}

milliseconds Worker::time_limit_of(const Task& task) const {
  milliseconds limit = task.function->terms().time_limit;
  if (task.deadline) {
    auto left = std::chrono::ceil<milliseconds>(*task.deadline - Clock::now());
    limit = std::clamp(left, milliseconds(1), limit);
  }
  return limit;
}

Result<uint64_t> Worker::begin_faaslet(Station& station, Running& running) {
  running.pool = *free_pool(station);
  auto imports = running.imports->factory();
  auto started = station.pools[running.pool]->start(imports);
  if (!started && started.error().kind() == Error::Kind::exhausted && drop_warm()) {
    started = station.pools[running.pool]->start(imports);
  }
  TRY(faaslet, std::move(started));
  const Task& task = *running.task;
  const Terms& terms = station.function->terms();
  // One that waits at its ready point is in its call already.
  if (terms.ready_point == faaslet::ReadyPoint::initialised) {
    TRY_VOID(faaslet->call(task.entry.empty() ? terms.entry : task.entry));
  }
  TRY(id, core_->add(std::move(faaslet), {.time_limit = time_limit_of(task),
                                          .cpu_limit = terms.cpu_limit,
                                          .share = station.share}));
  station.busy[running.pool] = true;
  return static_cast<uint64_t>(id);
}

Result<uint64_t> Worker::begin_program(Station& station, Running& running) {
  uint64_t id = next_program_++;
  const Task& task = *running.task;
  const Terms& terms = station.function->terms();
  TRY(program,
      ProgramRun::start(core_->events(), site_, *station.prepared, terms,
                        running.imports->factory(), task.entry.empty() ? terms.entry : task.entry,
                        time_limit_of(task), [this, id] { program_ended(id); }));
  running.program = std::move(program);
  return id;
}

bool Worker::drop_warm() {
  bool dropped = false;
  for (auto& [function, station] : stations_) {
    for (auto& pool : station->pools) {
      dropped = pool->drop_warm() > 0 || dropped;
    }
  }
  return dropped;
}

void Worker::arm_sweep() {
  constexpr auto period = milliseconds(50);
  sweep_->expires_after(period);
  sweep_->async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) {
      sweep();
      arm_sweep();
    }
  });
}

// What has waited for too long, functions that nobody calls, slots that are kept for too many.
void Worker::sweep() {
  auto now = Clock::now();
  size_t warm = 0;
  for (auto at = stations_.begin(); at != stations_.end();) {
    Station& station = *at->second;
    std::erase_if(station.waiting, [&](std::unique_ptr<Task>& task) {
      if (!task->deadline || *task->deadline > now) {
        return false;
      }
      --waiting_;
      expire(station, *task);
      return true;
    });
    for (const auto& pool : station.pools) {
      warm += pool->warm();
    }
    bool idle = station.running == 0 && station.waiting.empty() && !station.preparing &&
                !station.blocked && station.function->terms().warm == 0 &&
                now - station.last_used > options_.idle_limit;
    if (idle) {
      station.function->drop();
      at = stations_.erase(at);
    } else {
      ++at;
    }
  }
  if (warm > options_.most_warm) {
    drop_warm();
  }
  admit_blocked();
  if (now - measured_ >= std::chrono::seconds(1)) {
    measure_rates(now);
  }
}

void Worker::measure_rates(Clock::time_point now) {
  double seconds = std::chrono::duration<double>(now - std::exchange(measured_, now)).count();
  counts_.calls_per_s = 0;
  for (auto& [function, station] : stations_) {
    uint64_t calls = station->calls - std::exchange(station->calls_before, station->calls);
    station->calls_per_s = static_cast<double>(calls) / seconds;
    counts_.calls_per_s += station->calls_per_s;
  }
  auto used = core_->used();
  auto since = used - std::exchange(used_before_, used);
  counts_.busy = std::min(1.0, std::chrono::duration<double>(since).count() / seconds);
}

}  // namespace weft::node
