// Waits for descriptors on behalf of threads that wait in a host call: one host thread with an
// event loop, started when it is first needed.
//
// Thread safety: watch() and the end of a Watch from any thread. `ready` runs on the event loop's
// thread, at most once; it may still run when its Watch has just ended.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "host/guest.h"

namespace weft::threads {

class DescriptorWaits {
 public:
  DescriptorWaits();
  ~DescriptorWaits();
  DescriptorWaits(const DescriptorWaits&) = delete;
  DescriptorWaits& operator=(const DescriptorWaits&) = delete;

  // Ends the wait when it is dropped.
  using Watch = std::shared_ptr<void>;
  // Calls `ready` when one of the descriptors is. They are duplicated, since closing them is the
  // guest's affair; one that cannot be waited for (a regular file) is ready at once.
  Watch watch(const std::vector<host::FdWait>& descriptors, std::function<void()> ready);

 private:
  struct Loop;
  struct Waiting;
  std::mutex mutex_;
  std::unique_ptr<Loop> loop_;
};

}  // namespace weft::threads
