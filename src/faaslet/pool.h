// Templates and warm slots: how a call gets a guest of its own within microseconds.
//
//     Template::make   runs the start-up once and takes the image at the ready point
//     WarmPool::start  a guest from the image, in a slot that was used before or in a new one
//     WarmPool::take_back   the slot back to the image (snapshot/reset.h); the host's side ends
//
// Each call has a Faaslet and import modules of its own, so nothing of the host's side outlives a
// call either. What is kept warm is the slot with its pages.
//
// A program whose ready point lies in a call – Python, waiting for the text of its program – has
// addresses on its stack, so its guests live in one slot, one at a time. For several at once make
// several templates.
//
// Thread safety: a Template is immutable; a WarmPool and what it starts belong to one thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "faaslet/faaslet.h"
#include "slot/dirty_pages.h"
#include "snapshot/difference.h"
#include "snapshot/image.h"
#include "snapshot/reset.h"

namespace weft::faaslet {

using TimeLimit = std::chrono::milliseconds;

enum class ReadyPoint : uint8_t {
  initialised,  // after the start function and, if it is exported, _initialize
  first_wait,   // _start was called and waits for a file for the first time
  announced,    // _start was called and said so: weft_ready(), which waits (guest_api/guest_api.h)
};

class Template {
 public:
  // Runs the start-up in a slot of its own, with import modules from `imports`. What those hold
  // when the image is taken (open files but the granted ones) is not part of it. Errors: those of
  // Faaslet::create; invalid when the guest ends before its ready point; exhausted when it does not
  // get there within the time limit (the thread's ticks serve that).
  static Result<std::shared_ptr<const Template>> make(
      std::shared_ptr<const engine::CodeFile> code, slot::SlotPool& slots, cpu::Thread& thread,
      const slot::DirtyPages& dirty, const ImportFactory& imports, const instance::Limits& limits,
      ReadyPoint ready_point, std::optional<TimeLimit> time_limit = {});

  const std::shared_ptr<const engine::CodeFile>& code() const { return code_; }
  const std::shared_ptr<const snapshot::Image>& image() const { return image_; }
  const instance::Limits& limits() const { return limits_; }
  const Faaslet::Position& position() const { return position_; }

 private:
  Template() = default;

  std::shared_ptr<const engine::CodeFile> code_;
  std::shared_ptr<const snapshot::Image> image_;
  instance::Limits limits_;
  Faaslet::Position position_;
};

// An idle faaslet without its slot: the pages in which it differs from its image, and what its
// import modules took along. It may come back in any slot, unless it is in the middle of a call.
class Dehydrated {
 public:
  uint64_t bytes() const;  // of memory that this takes

 private:
  friend class WarmPool;
  snapshot::Difference difference_;
  std::vector<std::string> rest_;
  std::optional<uint32_t> slot_;
};

class WarmPool {
 public:
  // Keeps up to `most_warm` slots that are not in use. `slots` and `dirty` outlive it.
  WarmPool(std::shared_ptr<const Template> made_from, slot::SlotPool& slots,
           const slot::DirtyPages& dirty, size_t most_warm)
      : template_(std::move(made_from)), slots_(slots), dirty_(dirty), most_warm_(most_warm) {}

  // At the ready point; call what is to be called, then step(). Errors: exhausted (slots,
  // mappings), those of the import factory.
  Result<std::unique_ptr<Faaslet>> start(const ImportFactory& imports);
  // REQUIRES: it came from start() or rehydrate(), and is not in step().
  [[nodiscard]] Result<void> take_back(std::unique_ptr<Faaslet> faaslet);

  // REQUIRES: as take_back(). Errors: invalid (it ended by anything but returning), those of the
  // import modules; then it is gone.
  Result<Dehydrated> dehydrate(std::unique_ptr<Faaslet> faaslet);
  Result<std::unique_ptr<Faaslet>> rehydrate(Dehydrated dehydrated, const ImportFactory& imports);

  size_t warm() const { return warm_.size(); }
  // Gives the warm slots up; how many there were.
  size_t drop_warm();

 private:
  Result<slot::Slot> slot(std::optional<uint32_t> index);
  Result<std::unique_ptr<Faaslet>> adopt(slot::Slot slot, const ImportFactory& imports);

  std::shared_ptr<const Template> template_;
  slot::SlotPool& slots_;
  const slot::DirtyPages& dirty_;
  size_t most_warm_;
  std::vector<slot::Slot> warm_;                          // mapped, as the image
  std::unordered_map<uint32_t, snapshot::Reset> resets_;  // of each slot that is warm or in use
};

}  // namespace weft::faaslet
