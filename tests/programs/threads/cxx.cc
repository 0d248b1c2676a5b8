// C++'s threads, and what exceptions and thread-local objects do in them.
#include <pthread.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <exception>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <numeric>
#include <semaphore>
#include <shared_mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int many = 8;

void check(const char* name, bool holds) { printf("%s %s\n", holds ? "ok" : "FAILED", name); }

template <typename Function>
void together(Function function) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < many; ++i) {
    threads.emplace_back(function, i);
  }
}

std::atomic<int> made, unmade;
struct Counted {
  Counted() { ++made; }
  ~Counted() { ++unmade; }
  int value = 0;
};
thread_local Counted counted;
thread_local std::string name = "unnamed";

void thread_locals() {
  std::atomic<int> right = 0;
  together([&](int i) {
    right += name == "unnamed" && counted.value == 0;
    name = "thread " + std::to_string(i);
    counted.value = i;
    std::this_thread::yield();
    right += name == "thread " + std::to_string(i) && counted.value == i;
  });
  check("thread_local objects are each thread's own", right == 2 * many);
  check("they are constructed and destroyed with their threads", made == many && unmade == many);
}

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};
void fail_deep(int depth) {
  auto held = std::make_unique<Counted>();
  if (depth == 0) {
    throw Failure("deep");
  }
  fail_deep(depth - 1);
}

void exceptions() {
  std::atomic<int> caught = 0;
  made = unmade = 0;
  together([&](int i) {
    for (int j = 0; j < 50; ++j) {
      try {
        fail_deep(i);
      } catch (const std::exception& failure) {
        caught += failure.what() == std::string("deep");
      }
    }
  });
  check("exceptions are caught in their threads", caught == many * 50);
  check("and what is between them destroyed", made == unmade && made >= many * 50);
  std::vector<std::exception_ptr> pointers(many);
  together([&](int i) {
    try {
      throw Failure(std::to_string(i));
    } catch (...) {
      pointers[i] = std::current_exception();
    }
  });
  int right = 0;
  for (int i = 0; i < many; ++i) {
    try {
      std::rethrow_exception(pointers[i]);
    } catch (const Failure& failure) {
      right += failure.what() == std::to_string(i);
    }
  }
  check("std::exception_ptr goes from thread to thread", right == many);
}

void futures() {
  auto good = std::async(std::launch::async, [] { return 42; });
  auto bad = std::async(std::launch::async, []() -> int { throw Failure("async"); });
  auto lazy = std::async(std::launch::deferred, [] { return std::this_thread::get_id(); });
  check("std::async()", good.get() == 42);
  bool thrown = false;
  try {
    (void)bad.get();
  } catch (const Failure&) {
    thrown = true;
  }
  check("std::async() hands on the exception", thrown);
  check("deferred, it runs here", lazy.get() == std::this_thread::get_id());
  std::promise<std::string> promise;
  auto future = promise.get_future().share();
  check("not yet", future.wait_for(std::chrono::milliseconds(1)) == std::future_status::timeout);
  std::jthread keeps([&] { promise.set_value("kept"); });
  check("std::promise", future.get() == "kept");
  std::packaged_task<int(int)> task([](int x) { return x * 2; });
  auto doubled = task.get_future();
  std::jthread(std::move(task), 21).join();
  check("std::packaged_task", doubled.get() == 42);
}

void locks() {
  std::mutex mutex;
  std::condition_variable condition;
  std::shared_mutex shared;
  std::recursive_timed_mutex timed;
  int turn = 0;
  long sum = 0;
  std::atomic<int> seen = 0;
  together([&](int i) {
    for (int j = 0; j < 20; ++j) {
      std::unique_lock lock(mutex);
      condition.wait(lock, [&] { return turn % many == i; });
      ++turn;
      condition.notify_all();
    }
    for (int j = 0; j < 100; ++j) {
      if (i % 2 == 0) {
        std::unique_lock lock(shared);
        ++sum;
      } else {
        std::shared_lock lock(shared);
        seen += sum >= 0;
      }
    }
    std::scoped_lock both(mutex, timed);
    std::lock_guard again(timed);
  });
  check("std::condition_variable takes turns", turn == many * 20);
  check("std::shared_mutex", sum == many / 2 * 100 && seen == many / 2 * 100);
  std::unique_lock held(timed);
  bool got = true;
  std::jthread([&] { got = timed.try_lock_for(std::chrono::milliseconds(2)); }).join();
  check("std::recursive_timed_mutex", !got);
  std::once_flag once;
  std::atomic<int> runs = 0, tries = 0;
  together([&](int) {
    try {
      std::call_once(once, [&] {
        if (++tries < 3) {
          throw Failure("not yet");
        }
        ++runs;
      });
    } catch (const Failure&) {
    }
  });
  check("std::call_once() tries again after an exception", runs == 1 && tries == 3);
  static std::atomic<int> statics = 0;
  together([&](int) {
    static int value = ++statics;
    (void)value;
  });
  check("a static of a function is made once", statics == 1);
}

void meetings() {
  int phases = 0;
  std::barrier barrier(many, [&]() noexcept { ++phases; });
  std::latch latch(many);
  std::counting_semaphore<3> places(3);
  std::binary_semaphore one(0);
  std::atomic<int> inside = 0, most = 0, word = 0;
  together([&](int i) {
    for (int j = 0; j < 50; ++j) {
      barrier.arrive_and_wait();
    }
    latch.arrive_and_wait();
    places.acquire();
    int now = ++inside;
    for (int old = most; old < now && !most.compare_exchange_weak(old, now);) {
    }
    std::this_thread::yield();
    --inside;
    places.release();
    if (i == 0) {
      word = 1;
      word.notify_all();
    } else {
      word.wait(0);
    }
  });
  check("std::barrier", phases == 50);
  check("std::latch and std::counting_semaphore", most >= 1 && most <= 3);
  check("std::atomic::wait()", word == 1);
  check("std::binary_semaphore", !one.try_acquire_for(std::chrono::milliseconds(1)));
}

void stops() {
  std::atomic<bool> stopped = false;
  std::mutex mutex;
  std::condition_variable_any condition;
  {
    std::jthread thread([&](std::stop_token token) {
      std::unique_lock lock(mutex);
      condition.wait(lock, token, [] { return false; });
      stopped = token.stop_requested();
    });
  }
  check("std::jthread is told to stop", stopped);
  std::thread thread([] {});
  auto id = thread.get_id();
  check("ids differ", id != std::this_thread::get_id() && thread.joinable());
  thread.join();
  check("joined", !thread.joinable());
  std::thread([] {}).detach();
  check("hardware_concurrency()", std::thread::hardware_concurrency() >= 1);
}

// pthread_exit() below C++: the destructors of thread_locals run.
void* exits(void*) {
  counted.value = 1;
  pthread_exit(&made);
}
void posix_ends() {
  made = unmade = 0;
  pthread_t thread;
  void* result = nullptr;
  pthread_create(&thread, nullptr, exits, nullptr);
  pthread_join(thread, &result);
  check("pthread_exit() destroys thread_locals", result == &made && made == 1 && unmade == 1);
}

}  // namespace

int main() {
  thread_locals();
  exceptions();
  futures();
  locks();
  meetings();
  stops();
  posix_ends();
}
