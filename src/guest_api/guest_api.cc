#include "guest_api/guest_api.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>

#include "wasi/frozen_bytes.h"

namespace weft::guest_api {

namespace {

constexpr uint32_t frozen_version = 1;

}  // namespace

std::optional<host::HostFunction> GuestApi::find(std::string_view module, std::string_view name) {
  if (module != module_name) {
    return std::nullopt;
  }
  if (name == "log") {
    return host::bind<&GuestApi::log>(this);
  }
  if (name == "context") {
    return host::bind<&GuestApi::context>(this);
  }
  if (name == "time_left") {
    return host::bind<&GuestApi::time_left>(this);
  }
  if (name == "ready") {
    return host::bind<&GuestApi::ready>(this);
  }
  return std::nullopt;
}

Answer<Errno> GuestApi::log(uint32_t level, GuestAddress text, uint32_t length) {
  if (level >= levels) {
    return Errno::inval;
  }
  if (length > max_log_bytes) {
    return Errno::msgsize;
  }
  auto bytes = guest().memory().text(text, length);
  if (!bytes) {
    return Errno::fault;
  }
  if (!guest().resumed()) {
    guest().progress() = {};
  }
  Level at = static_cast<Level>(level);
  if (config_.log == nullptr || at < config_.log->lowest()) {
    return Errno::success;
  }
  // A copy: other threads of the guest may write there while the entry is formatted.
  if (auto wait = config_.log->add(at, std::string(*bytes), guest().progress().done)) {
    return guest().wait(std::move(*wait));
  }
  return Errno::success;
}

Answer<Errno> GuestApi::context(uint32_t what, GuestAddress buffer, uint32_t room,
                                GuestAddress length) {
  const Call& call = config_.call;
  const std::array<const std::string*, 3> texts = {&call.function, &call.id, &call.trace_id};
  if (what >= texts.size()) {
    return Errno::inval;
  }
  const std::string& text = *texts[what];
  uint64_t copied = std::min<uint64_t>(room, text.size());
  auto to = guest().memory().bytes(buffer, copied);
  if (!to || !guest().memory().bytes(length, sizeof(uint32_t))) {
    return Errno::fault;
  }
  std::ranges::copy(std::as_bytes(std::span(text).first(copied)), to->begin());
  CHECK(guest().memory().store(length, static_cast<uint32_t>(text.size())));
  return Errno::success;
}

Answer<int64_t> GuestApi::time_left() {
  if (!config_.call.deadline) {
    return std::numeric_limits<int64_t>::max();
  }
  auto left = *config_.call.deadline - host::Clock::now();
  return std::max<int64_t>(0, std::chrono::duration_cast<std::chrono::nanoseconds>(left).count());
}

Answer<void> GuestApi::ready() {
  if (config_.at_ready_point == AtReadyPoint::wait) {
    return guest().wait({});
  }
  return {};
}

Result<std::string> GuestApi::freeze() const {
  wasi::FrozenWriter out;
  out.number(frozen_version);
  out.text(config_.call.function);
  out.text(config_.call.id);
  out.text(config_.call.trace_id);
  out.number(guest().progress().done);
  return out.take();
}

Result<void> GuestApi::thaw(std::string_view frozen) {
  wasi::FrozenReader in(frozen);
  TRY(version, in.number<uint32_t>());
  if (version != frozen_version) {
    return error(Error::Kind::unsupported, "the call was frozen in version {}, this weft has {}",
                 version, frozen_version);
  }
  TRY(function, in.text());
  TRY(id, in.text());
  TRY(trace_id, in.text());
  TRY(log_done, in.number<uint64_t>());
  if (!in.at_end()) {
    return error(Error::Kind::corrupt, "the frozen call has bytes too many");
  }
  config_.call.function = std::move(function);
  config_.call.id = std::move(id);
  config_.call.trace_id = std::move(trace_id);
  guest().progress().done = log_done;
  return {};
}

}  // namespace weft::guest_api
