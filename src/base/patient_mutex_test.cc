#include "base/patient_mutex.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace weft {
namespace {

TEST(PatientMutex, no_two_threads_are_inside_at_once) {
  PatientMutex mutex;
  int64_t count = 0;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 20'000; ++j) {
        std::lock_guard lock(mutex);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(count, 80'000);
}

bool sleeps(pid_t thread) {
  std::ifstream stat("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string line;
  std::getline(stat, line);
  return line.substr(line.rfind(')') + 1, 2) == " S";
}

TEST(PatientMutex, who_waits_long_sleeps_and_is_woken) {
  PatientMutex mutex;
  std::atomic<pid_t> waiting = 0;
  mutex.lock();
  std::thread waiter([&] {
    waiting = ::gettid();
    std::lock_guard lock(mutex);
  });
  while (waiting == 0 || !sleeps(waiting)) {
    std::this_thread::yield();
  }
  mutex.unlock();
  waiter.join();
  std::lock_guard lock(mutex);
}

}  // namespace
}  // namespace weft
