// Accepts, begins and ends calls as fast as it can until somebody kills it. Each answer that the
// ledger gave is a line on standard output, written after the answer:
//
//   A ID KIND ATTEMPTS    accepted          B ID ATTEMPT    begun           E ID    ended
//
// Usage: ledger_kill_worker DIRECTORY SEED
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <semaphore>

#include "call/kill/work.h"
#include "call/ledger.h"
#include "store/lmdb_store.h"

namespace weft::call {
namespace {

constexpr int outstanding = 300;

class Worker {
 public:
  Worker(Ledger& ledger, unsigned seed) : ledger_(ledger), random_(seed) {}

  [[noreturn]] void work() {
    for (const Pending& p : ledger_.pending({}, 1'000'000)) {
      room_.acquire();
      begin(p.id);
    }
    for (;;) {
      room_.acquire();
      random_() % 10 == 0 ? accept_map() : accept_one();
    }
  }

 private:
  static void say(const std::string& line) {
    // A pipe takes a short line whole.
    CHECK(::write(STDOUT_FILENO, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  }

  Submission submission() {
    Submission s;
    s.function = {"space", "f" + std::to_string(random_() % 5)};
    s.version = "1";
    s.input = std::string(random_() % 500 == 0 ? 300'000 : random_() % 50 == 0 ? 5000 : 20, 'i');
    if (random_() % 2 == 0) {
      s.policy = {Policy::Kind::at_least_once, 3, std::chrono::milliseconds(0)};
    }
    return s;
  }
  void accepted(const Submission& s, const Result<Accepted>& r, uint32_t begin_first) {
    for (uint32_t i = 0; r && i < r->count; ++i) {
      say(fmt::format("A {} {} {}\n", r->first.plus(i).text(), static_cast<int>(s.policy.kind),
                      s.policy.attempts));
    }
    // Of a map one call is begun, the others wait for the next process.
    r&& begin_first != 0 ? begin(r->first) : room_.release();
  }
  void accept_one() {
    Submission s = submission();
    ledger_.accept(s, [this, s, run = random_() % 8](Result<Accepted> r) { accepted(s, r, run); });
  }
  void accept_map() {
    Submission s = submission();
    std::vector<std::string> inputs(1 + random_() % 6, "one of many");
    ledger_.accept_map(s, inputs, [this, s](Result<Accepted> r) { accepted(s, r, 1); });
  }
  void begin(CallId id) {
    ledger_.running(id, [this, id](Result<uint16_t> r) {
      if (!r) {
        return room_.release();
      }
      say(fmt::format("B {} {}\n", id.text(), *r));
      if (id.low % 11 == 0) {
        return room_.release();  // runs until the end
      }
      if (id.low % 7 == 0 && *r == 1 && ledger_.again(id)) {
        return begin(id);
      }
      End end;
      end.output = expected_output(id);
      ledger_.ended(id, end, [this, id](Result<void> ended) {
        if (ended) {
          say(fmt::format("E {}\n", id.text()));
        }
        room_.release();
      });
    });
  }

  Ledger& ledger_;
  std::mt19937 random_;
  std::counting_semaphore<outstanding> room_{outstanding};
};

}  // namespace
}  // namespace weft::call

int main(int argc, char** argv) {
  using namespace weft;
  CHECK(argc == 3, "usage: ledger_kill_worker DIRECTORY SEED");
  auto store = store::open_lmdb({.directory = argv[1], .map_bytes = size_t{1} << 20});
  CHECK(store, "{}", store.error().message());
  SystemClock clock;
  auto ledger = call::Ledger::open(**store, clock, {});
  CHECK(ledger, "{}", ledger.error().message());
  call::Worker(**ledger, static_cast<unsigned>(std::atoi(argv[2]))).work();
}
