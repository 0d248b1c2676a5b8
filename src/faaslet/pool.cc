#include "faaslet/pool.h"

#include <algorithm>
#include <utility>

#include "faaslet/freeze.h"

namespace weft::faaslet {

namespace {

// A guest that only gives way to others, or sleeps, goes on by itself.
bool stands_still(const Faaslet& faaslet) {
  return faaslet.state() == State::waiting && !faaslet.waiting_for().deadline;
}

bool is_at(ReadyPoint ready_point, const Faaslet& faaslet) {
  switch (ready_point) {
    case ReadyPoint::initialised:
      return faaslet.state() == State::ended &&
             std::holds_alternative<host::Returned>(faaslet.result());
    case ReadyPoint::first_wait:
      return stands_still(faaslet) && !faaslet.waiting_for().fds.empty();
    case ReadyPoint::announced:
      return stands_still(faaslet) && faaslet.waiting_for().fds.empty();
  }
  return false;
}

// Takes the core away from a guest that runs, so that its time can be looked at.
class Ticks {
 public:
  Ticks(cpu::Thread& thread, std::optional<TimeLimit> limit) : thread_(limit ? &thread : nullptr) {
    set(std::chrono::milliseconds(10));
  }
  ~Ticks() { set(std::chrono::milliseconds(0)); }
  Ticks(const Ticks&) = delete;
  Ticks& operator=(const Ticks&) = delete;

 private:
  void set(std::chrono::nanoseconds period) {
    if (thread_ != nullptr) {
      auto done = thread_->set_tick(period);
      CHECK(done.has_value(), "{}", done.error().message());
    }
  }
  cpu::Thread* thread_;
};

Result<void> run_to_ready_point(Faaslet& faaslet, cpu::Thread& thread, ReadyPoint ready_point,
                                std::optional<TimeLimit> limit) {
  std::string_view entry = ready_point == ReadyPoint::initialised ? "_initialize" : "_start";
  const engine::CodeInfo& info = faaslet.instance().code().info();
  if (ready_point != ReadyPoint::initialised || info.find_export(entry) != nullptr) {
    TRY_VOID(faaslet.call(entry));
  }
  Ticks ticks(thread, limit);
  auto begin = host::Clock::now();
  while (faaslet.step(thread) != State::ended && !stands_still(faaslet)) {
    if (limit && host::Clock::now() - begin > *limit) {
      return error(Error::Kind::exhausted, "{} was not ready for calls within {} ms",
                   faaslet.instance().code().name(), limit->count());
    }
    faaslet.make_ready();
  }
  if (is_at(ready_point, faaslet)) {
    return {};
  }
  bool ended = faaslet.state() == State::ended;
  return error(Error::Kind::invalid, "{} {} before it was ready for calls",
               faaslet.instance().code().name(), ended ? "ended" : "waits for input");
}

}  // namespace

Result<std::shared_ptr<const Template>> Template::make(
    std::shared_ptr<const engine::CodeFile> code, slot::SlotPool& slots, cpu::Thread& thread,
    const slot::DirtyPages& dirty, const ImportFactory& imports, const instance::Limits& limits,
    ReadyPoint ready_point, std::optional<TimeLimit> time_limit) {
  TRY(slot, slots.acquire());
  TRY(faaslet, Faaslet::create(code, std::move(slot), imports, limits));
  TRY_VOID(run_to_ready_point(*faaslet, thread, ready_point, time_limit));
  std::shared_ptr<Template> made(new Template());
  made->code_ = std::move(code);
  made->limits_ = faaslet->instance().limits();
  made->position_ = faaslet->position();
  if (made->position_.state == State::ended) {
    made->position_ = {};
  }
  TRY(image, snapshot::Image::take(faaslet->instance(), stand_of(made->position_), dirty));
  made->image_ = std::move(image);
  return std::shared_ptr<const Template>(std::move(made));
}

uint64_t Dehydrated::bytes() const {
  uint64_t bytes = sizeof *this + difference_.bytes() + rest_.size() * sizeof(std::string);
  for (const std::string& text : rest_) {
    bytes += text.capacity();
  }
  return bytes;
}

Result<slot::Slot> WarmPool::slot(std::optional<uint32_t> index) {
  const snapshot::Image& image = *template_->image();
  auto found = index ? std::ranges::find(warm_, *index, &slot::Slot::index)
                     : warm_.end() - (warm_.empty() ? 0 : 1);
  if (found != warm_.end()) {
    slot::Slot slot = std::move(*found);
    warm_.erase(found);
    return slot;
  }
  TRY(slot, image.acquire_slot(slots_, index));
  resets_.insert_or_assign(slot.index(), snapshot::Reset(template_->image()));
  return std::move(slot);
}

Result<std::unique_ptr<Faaslet>> WarmPool::adopt(slot::Slot slot, const ImportFactory& imports) {
  TRY(faaslet, Faaslet::adopt(template_->code(), std::move(slot), imports, template_->limits()));
  faaslet->set_pages(template_->image()->pages());
  return std::move(faaslet);
}

Result<std::unique_ptr<Faaslet>> WarmPool::start(const ImportFactory& imports) {
  TRY(own, slot(template_->image()->slot()));
  TRY(faaslet, adopt(std::move(own), imports));
  faaslet->set_position(template_->position());
  faaslet->make_ready();
  return std::move(faaslet);
}

Result<void> WarmPool::take_back(std::unique_ptr<Faaslet> faaslet) {
  uint64_t memory_bytes = faaslet->head()->memory_bytes;
  slot::Slot own = std::move(faaslet->instance()).take_slot();
  faaslet.reset();
  auto reset = resets_.find(own.index());
  CHECK(reset != resets_.end(), "slot {} is not of this pool", own.index());
  if (warm_.size() < most_warm_) {
    TRY_VOID(reset->second.to_image(own, memory_bytes, dirty_));
    warm_.push_back(std::move(own));
  } else {
    resets_.erase(reset);
  }
  return {};
}

size_t WarmPool::drop_warm() {
  for (const slot::Slot& slot : warm_) {
    resets_.erase(slot.index());
  }
  return std::exchange(warm_, {}).size();
}

Result<Dehydrated> WarmPool::dehydrate(std::unique_ptr<Faaslet> faaslet) {
  if (faaslet->state() == State::ended &&
      std::holds_alternative<host::Returned>(faaslet->result())) {
    faaslet->set_position({});  // its calls are done: it is idle, and ready for more
  }
  snapshot::Stand stand = stand_of(faaslet->position());
  Dehydrated dehydrated;
  TRY(rest, rest_of(*faaslet));
  dehydrated.rest_ = std::move(rest);
  TRY(difference,
      snapshot::Difference::take(faaslet->instance(), stand, *template_->image(), dirty_));
  dehydrated.difference_ = std::move(difference);
  if (stand != snapshot::Stand::idle) {
    dehydrated.slot_ = faaslet->instance().slot().index();
  }
  TRY_VOID(take_back(std::move(faaslet)));
  return dehydrated;
}

Result<std::unique_ptr<Faaslet>> WarmPool::rehydrate(Dehydrated dehydrated,
                                                     const ImportFactory& imports) {
  std::optional<uint32_t> index = dehydrated.slot_ ? dehydrated.slot_ : template_->image()->slot();
  TRY(own, slot(index));
  TRY_VOID(dehydrated.difference_.apply(own, *template_->image()));
  TRY(faaslet, adopt(std::move(own), imports));
  TRY_VOID(give_rest(*faaslet, dehydrated.rest_));
  return std::move(faaslet);
}

}  // namespace weft::faaslet
