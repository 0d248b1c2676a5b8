#include "threads/descriptor_waits.h"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <thread>
#include <utility>

namespace weft::threads {

namespace asio = boost::asio;

struct DescriptorWaits::Loop {
  asio::io_context events{1};
  asio::executor_work_guard<asio::io_context::executor_type> stays{events.get_executor()};
  std::thread host{[this] { events.run(); }};

  ~Loop() {
    events.stop();
    host.join();
  }
};

// Touched on the loop's thread alone, but for its making.
struct DescriptorWaits::Waiting {
  std::vector<host::FdWait> wanted;
  std::vector<int> copies;
  std::function<void()> ready;
  std::vector<asio::posix::stream_descriptor> descriptors;

  void say_ready() {
    descriptors.clear();
    if (auto once = std::exchange(ready, nullptr)) {
      once();
    }
  }

  static void begin(const std::shared_ptr<Waiting>& self, asio::io_context& events) {
    for (size_t i = 0; self->ready && i < self->wanted.size(); ++i) {
      asio::posix::stream_descriptor descriptor(events);
      boost::system::error_code refused;
      int copy = std::exchange(self->copies[i], -1);
      refused = descriptor.assign(copy, refused);
      if (copy < 0 || refused) {
        if (copy >= 0) {
          ::close(copy);
        }
        self->say_ready();
        return;
      }
      auto happened = [self](const boost::system::error_code& cancelled) {
        if (!cancelled) {
          self->say_ready();
        }
      };
      if ((self->wanted[i].events & POLLIN) != 0) {
        descriptor.async_wait(asio::posix::stream_descriptor::wait_read, happened);
      }
      if ((self->wanted[i].events & POLLOUT) != 0) {
        descriptor.async_wait(asio::posix::stream_descriptor::wait_write, happened);
      }
      self->descriptors.push_back(std::move(descriptor));
    }
  }

  ~Waiting() {
    for (int copy : copies) {
      if (copy >= 0) {
        ::close(copy);
      }
    }
  }
};

DescriptorWaits::DescriptorWaits() = default;
DescriptorWaits::~DescriptorWaits() = default;

DescriptorWaits::Watch DescriptorWaits::watch(const std::vector<host::FdWait>& descriptors,
                                              std::function<void()> ready) {
  auto waiting = std::make_shared<Waiting>();
  waiting->wanted = descriptors;
  for (const host::FdWait& wait : descriptors) {
    waiting->copies.push_back(::dup(wait.fd));
  }
  waiting->ready = std::move(ready);
  std::lock_guard lock(mutex_);
  if (loop_ == nullptr) {
    loop_ = std::make_unique<Loop>();
  }
  asio::io_context& events = loop_->events;
  asio::post(events, [waiting, &events] { Waiting::begin(waiting, events); });
  return Watch(nullptr, [waiting, &events](void*) {
    asio::post(events, [waiting] {
      waiting->ready = nullptr;
      waiting->descriptors.clear();
    });
  });
}

}  // namespace weft::threads
