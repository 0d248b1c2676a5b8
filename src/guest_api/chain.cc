#include "guest_api/chain.h"

#include <algorithm>
#include <cstring>

#include "guest_api/guest_api.h"

namespace weft::guest_api {

using host::Answer;
using host::GuestAddress;

namespace {

constexpr uint32_t max_name_bytes = 256;

struct Result64 {
  uint32_t ending;
  uint32_t exit_code;
  uint64_t output_bytes;
};

}  // namespace

ChainApi::~ChainApi() {
  for (auto& [handle, call] : calls_->open) {
    if (!call.ended) {
      caller_->cancel(call.number);
    }
  }
}

std::optional<host::HostFunction> ChainApi::find(std::string_view module, std::string_view name) {
  if (module != module_name) {
    return std::nullopt;
  }
  if (name == "call") {
    return host::bind<&ChainApi::call>(this);
  }
  if (name == "call_wait") {
    return host::bind<&ChainApi::call_wait>(this);
  }
  if (name == "call_result") {
    return host::bind<&ChainApi::call_result>(this);
  }
  if (name == "call_output") {
    return host::bind<&ChainApi::call_output>(this);
  }
  if (name == "call_close") {
    return host::bind<&ChainApi::call_close>(this);
  }
  return std::nullopt;
}

Result<std::string> ChainApi::freeze() const {
  if (!calls_->open.empty()) {
    return error(
        Error::Kind::unsupported,
        "the program waits for {} calls of other functions, and cannot be frozen with them",
        calls_->open.size());
  }
  return std::string();
}

Result<void> ChainApi::thaw(std::string_view frozen) {
  if (!frozen.empty()) {
    return error(Error::Kind::corrupt, "the frozen chain has bytes too many");
  }
  return {};
}

Answer<wasi::Errno> ChainApi::call(GuestAddress name, uint32_t name_length, GuestAddress input,
                                   uint32_t input_length, GuestAddress handle) {
  if (caller_ == nullptr) {
    return Errno::nosys;
  }
  if (name_length > max_name_bytes) {
    return Errno::nametoolong;
  }
  auto function = guest().memory().text(name, name_length);
  auto bytes = guest().memory().text(input, input_length);
  if (!function || !bytes || !guest().memory().bytes(handle, sizeof(uint32_t))) {
    return Errno::fault;
  }
  if (calls_->open.size() >= max_open) {
    return Errno::again;
  }
  uint32_t number = next_++;
  calls_->waker = guest().waker();
  calls_->open.emplace(number, Call());
  auto started =
      caller_->call(*function, std::string(*bytes), [calls = calls_, number](Ended ended) {
        auto found = calls->open.find(number);
        if (found != calls->open.end()) {
          found->second.ended = std::move(ended);
          calls->waker->wake();
        }
      });
  if (!started) {
    calls_->open.erase(number);
    return started.error().kind() == Error::Kind::not_found ? Errno::noent : Errno::again;
  }
  calls_->open[number].number = *started;
  CHECK(guest().memory().store(handle, number));
  return Errno::success;
}

Answer<wasi::Errno> ChainApi::call_wait(GuestAddress handles, uint32_t count, GuestAddress index) {
  if (count == 0) {
    return Errno::inval;
  }
  auto list = guest().memory().bytes(handles, uint64_t{count} * sizeof(uint32_t));
  if (!list || !guest().memory().bytes(index, sizeof(uint32_t))) {
    return Errno::fault;
  }
  std::optional<uint32_t> ended;
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t handle = 0;
    std::memcpy(&handle, list->data() + size_t{i} * sizeof handle, sizeof handle);
    auto found = calls_->open.find(handle);
    if (found == calls_->open.end()) {
      return Errno::badf;
    }
    if (!ended && found->second.ended) {
      ended = i;
    }
  }
  if (!ended) {
    return guest().wait({});
  }
  CHECK(guest().memory().store(index, *ended));
  return Errno::success;
}

Answer<wasi::Errno> ChainApi::call_result(uint32_t handle, GuestAddress result) {
  auto found = calls_->open.find(handle);
  if (found == calls_->open.end()) {
    return Errno::badf;
  }
  if (!found->second.ended) {
    return Errno::again;
  }
  const Ended& ended = *found->second.ended;
  Result64 told{static_cast<uint32_t>(ended.ending), ended.exit_code, ended.output.size()};
  return guest().memory().store(result, told) ? Errno::success : Errno::fault;
}

Answer<wasi::Errno> ChainApi::call_output(uint32_t handle, uint64_t offset, GuestAddress buffer,
                                          uint32_t room, GuestAddress copied) {
  auto found = calls_->open.find(handle);
  if (found == calls_->open.end()) {
    return Errno::badf;
  }
  if (!found->second.ended) {
    return Errno::again;
  }
  std::string_view output = found->second.ended->output;
  output.remove_prefix(std::min<uint64_t>(offset, output.size()));
  output = output.substr(0, room);
  auto to = guest().memory().bytes(buffer, output.size());
  if (!to || !guest().memory().bytes(copied, sizeof(uint32_t))) {
    return Errno::fault;
  }
  std::memcpy(to->data(), output.data(), output.size());
  CHECK(guest().memory().store(copied, static_cast<uint32_t>(output.size())));
  return Errno::success;
}

Answer<wasi::Errno> ChainApi::call_close(uint32_t handle) {
  auto found = calls_->open.find(handle);
  if (found == calls_->open.end()) {
    return Errno::badf;
  }
  bool running = !found->second.ended;
  Caller::Number number = found->second.number;
  calls_->open.erase(found);
  if (running) {
    caller_->cancel(number);
  }
  return Errno::success;
}

}  // namespace weft::guest_api
