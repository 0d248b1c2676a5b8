// A process that works with a ledger on disk is killed (SIGKILL) in the middle of it, again and
// again; what it had been told is compared with what is found.
//
// WEFT_KILLS: how often (default 8), WEFT_KILL_SEED: another series of moments.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstdlib>
#include <map>
#include <random>
#include <sstream>

#include "base/temporary_directory.h"
#include "base/unique_fd.h"
#include "call/kill/work.h"
#include "call/ledger.h"
#include "store/lmdb_store.h"

namespace weft::call {
namespace {

struct Told {
  bool at_most_once = true;
  int attempts = 1;
  int begun = 0;
  bool ended = false;
  bool lost = false;
};

class Kills {
 public:
  explicit Kills(unsigned seed) : random_(seed) {}

  // One life of the worker: up to a random number of lines.
  void run() {
    int pipe[2];
    ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
    UniqueFd from(pipe[0]);
    UniqueFd to(pipe[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to.value(), STDOUT_FILENO);
    std::string seed = std::to_string(random_());
    std::string program = LEDGER_KILL_WORKER;
    std::string directory = directory_.path();
    char* arguments[] = {program.data(), directory.data(), seed.data(), nullptr};
    pid_t pid = 0;
    ASSERT_EQ(::posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    to.reset();
    size_t until = random_() % 4 == 0 ? random_() % 300 : random_() % 200'000;  // bytes
    std::string lines;
    bool killed = false;
    char buffer[65536];
    for (ssize_t n = 1; n != 0;) {
      if (!killed && lines.size() >= until) {
        ASSERT_EQ(::kill(pid, SIGKILL), 0);
        killed = true;
      }
      n = ::read(from.value(), buffer, sizeof buffer);
      ASSERT_GE(n, 0);
      lines.append(buffer, static_cast<size_t>(n));
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "it ended by itself";
    note(lines);
  }

  // What another process finds.
  void check() {
    auto store = store::open_lmdb({.directory = directory_.path()}).value();
    SystemClock clock;
    auto ledger = Ledger::open(*store, clock, {}).value();
    std::map<CallId, uint16_t> waits;
    for (const Pending& p : ledger->pending({}, 1'000'000)) {
      waits[p.id] = p.attempt;
    }
    for (auto& [id, told] : told_) {
      auto call = ledger->find(id);
      ASSERT_TRUE(call) << "lost: " << call.error().message();
      ASSERT_EQ(call->state == State::accepted, waits.contains(id));
      ASSERT_NE(call->state, State::running);
      if (told.ended && !told.lost) {
        ASSERT_EQ(call->state, State::ended);
        ASSERT_EQ(call->reason, Reason::returned);
      }
      if (told.at_most_once) {
        ASSERT_LE(told.begun, 1) << id.text();
        ASSERT_FALSE(told.begun == 1 && waits.contains(id)) << id.text() << " would run twice";
      }
      if (call->state == State::ended && !told.ended) {
        told.ended = true;
        told.lost = call->reason == Reason::lost;
        // Only what was acknowledged is known; it may have got further.
        ASSERT_TRUE(!told.lost || told.at_most_once || call->attempt == told.attempts);
      }
      if (told.ended && !told.lost) {
        ASSERT_EQ(ledger->output(id).value(), expected_output(id));
      }
      lost_ += told.lost ? 1 : 0;
    }
    for (auto [id, attempt] : waits) {
      auto submission = ledger->submission(id);
      ASSERT_TRUE(submission) << submission.error().message();
      Told& told = told_[id];  // of some the answer did not come through
      told.at_most_once = submission->policy.kind == Policy::Kind::at_most_once;
      told.attempts = submission->policy.attempts;
      ASSERT_FALSE(told.at_most_once && attempt > 0);
    }
    pending_ += waits.size();
  }

  size_t calls() const { return told_.size(); }
  std::string summary() const {
    size_t ended = 0;
    for (const auto& [id, told] : told_) {
      ended += told.ended && !told.lost ? 1 : 0;
    }
    return fmt::format("{} calls: {} ended, {} pending after a kill", told_.size(), ended,
                       pending_);
  }

 private:
  void note(const std::string& lines) {
    std::istringstream in(lines);
    for (std::string what, id_text; in >> what >> id_text;) {
      Told& told = told_[CallId::parse(id_text).value()];
      if (what == "A") {
        int kind = 0;
        in >> kind >> told.attempts;
        told.at_most_once = kind == 0;
      } else if (what == "B") {
        int attempt = 0;
        in >> attempt;
        ++told.begun;
        ASSERT_LE(attempt, told.begun);
      } else {
        ASSERT_EQ(what, "E");
        told.ended = true;
      }
    }
  }

  std::mt19937 random_;
  TemporaryDirectory directory_;
  std::map<CallId, Told> told_;
  size_t lost_ = 0;
  size_t pending_ = 0;
};

int from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atoi(text) : otherwise;
}

TEST(LedgerKill, what_was_acknowledged_survives_kills_at_any_moment) {
  Kills kills(static_cast<unsigned>(from_environment("WEFT_KILL_SEED", 20261124)));
  int times = from_environment("WEFT_KILLS", 8);
  for (int i = 0; i < times; ++i) {
    ASSERT_NO_FATAL_FAILURE(kills.run()) << "kill " << i;
    ASSERT_NO_FATAL_FAILURE(kills.check()) << "kill " << i;
  }
  EXPECT_GT(kills.calls(), 100);
  fmt::print("{} kills, {}\n", times, kills.summary());
}

}  // namespace
}  // namespace weft::call
