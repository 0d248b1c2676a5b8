#include "faaslet/freeze.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <random>

#include "faaslet/testguest/programs.h"

namespace weft::faaslet {
namespace {

using testing::HasSubstr;

std::pair<UniqueFd, UniqueFd> pipe_pair() {
  int fds[2];
  CHECK(::pipe2(fds, O_CLOEXEC) == 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

class Freeze : public testing::Test {
 protected:
  Freeze()
      : pool(*slot::SlotPool::reserve(64)),
        dirty(*slot::DirtyPages::open()),
        thread(*cpu::Thread::attach()) {}
  ~Freeze() override { std::remove(file.c_str()); }

  std::unique_ptr<Faaslet> start(std::string_view program, const ImportFactory& imports,
                                 uint32_t slot) {
    auto faaslet = Faaslet::create(compile(program), *pool->acquire_at(slot), imports, {});
    CHECK(faaslet.has_value(), "{}", faaslet.error().message());
    CHECK((*faaslet)->call("_start").has_value());
    return std::move(*faaslet);
  }
  static std::string output(const Faaslet& faaslet) {
    return static_cast<wasi::Wasi&>(*faaslet.imports()[0]).output(1);
  }
  // What another process prints that goes on with the file.
  std::string elsewhere(const std::string& input = "") {
    std::string command = fmt::format("printf '%s' '{}' | " THAW_ONCE " '{}'", input, file);
    std::FILE* process = ::popen(command.c_str(), "r");
    std::string printed;
    char buffer[4096];
    while (size_t n = std::fread(buffer, 1, sizeof buffer, process)) {
      printed.append(buffer, n);
    }
    EXPECT_EQ(::pclose(process), 0);
    return printed;
  }
  // The same of a guest that was frozen in its first wait.
  std::string waits_elsewhere(std::string_view program, const std::string& input = "") {
    auto [in, in_write] = pipe_pair();
    auto [out_read, out] = pipe_pair();
    auto guest = start(program, wasi_with(wasi::HostFd{in.value()}, wasi::HostFd{out.value()}), 5);
    EXPECT_EQ(guest->step(*thread), State::waiting);
    EXPECT_TRUE(freeze(*guest, file, dirty));
    return elsewhere(input);
  }
  void change(uint64_t offset) {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekg(static_cast<std::streamoff>(offset));
    char byte = static_cast<char>(bytes.get() ^ 0x40);
    bytes.seekp(static_cast<std::streamoff>(offset));
    bytes.put(byte);
  }
  std::string refusal() {
    auto frozen = snapshot::Frozen::open(file);
    return frozen ? "accepted" : frozen.error().message();
  }
  // A guest stopped between two instructions, in `file`.
  void freeze_busy(int stops) {
    auto guest = start(busy_program, wasi_with(wasi::Closed{}, wasi::OutputBuffer{}), 3);
    ASSERT_TRUE(thread->set_tick(std::chrono::microseconds(300)));
    for (int i = 0; i < stops && guest->state() == State::ready; ++i) {
      guest->step(*thread);
    }
    ASSERT_TRUE(thread->set_tick({}));
    ASSERT_EQ(guest->state(), State::ready);
    auto cost =
        freeze(*guest, file, dirty, {.durability = snapshot::FreezeOptions::Durability::none});
    ASSERT_TRUE(cost) << cost.error().message();
  }

  std::unique_ptr<slot::SlotPool> pool;
  slot::DirtyPages dirty;
  std::unique_ptr<cpu::Thread> thread;
  std::string file = fmt::format("{}weft-frozen-{}", testing::TempDir(), ::getpid());
};

TEST_F(Freeze, a_guest_stopped_anywhere_goes_on_to_the_same_result) {
  auto whole = start(busy_program, wasi_with(wasi::Closed{}, wasi::OutputBuffer{}), 3);
  run_to_end(*whole, *thread);
  std::string expected = output(*whole);
  ASSERT_EQ(expected.size(), 16u);
  whole.reset();
  std::mt19937 random(20260101);
  for (int i = 0; i < 12; ++i) {
    int stops = 1 + static_cast<int>(random() % 40);
    SCOPED_TRACE(fmt::format("frozen at stop {}", stops));
    freeze_busy(stops);
    auto frozen = snapshot::Frozen::open(file);
    ASSERT_TRUE(frozen) << frozen.error().message();
    auto again = thaw(*frozen, *pool, wasi_with(wasi::Closed{}, wasi::OutputBuffer{}));
    ASSERT_TRUE(again) << again.error().message();
    run_to_end(**again, *thread);
    EXPECT_EQ(output(**again), expected);
  }
}

TEST_F(Freeze, another_process_gives_the_result_of_an_undisturbed_run) {
  auto whole = start(busy_program, wasi_with(wasi::Closed{}, wasi::OutputBuffer{}), 3);
  run_to_end(*whole, *thread);
  std::string expected = output(*whole);
  whole.reset();
  std::mt19937 random(7);
  for (int i = 0; i < 6; ++i) {
    auto [in, in_write] = pipe_pair();
    auto [out_read, out] = pipe_pair();
    auto guest =
        start(busy_program, wasi_with(wasi::HostFd{in.value()}, wasi::HostFd{out.value()}), 3);
    ASSERT_TRUE(thread->set_tick(std::chrono::microseconds(250)));
    int stops = 1 + static_cast<int>(random() % 40);
    for (int n = 0; n < stops && guest->state() == State::ready; ++n) {
      guest->step(*thread);
    }
    ASSERT_TRUE(thread->set_tick({}));
    ASSERT_EQ(guest->state(), State::ready) << "it ended before stop " << stops;
    auto cost = freeze(*guest, file, dirty);
    ASSERT_TRUE(cost) << cost.error().message();
    EXPECT_EQ(elsewhere(), expected) << "frozen at stop " << stops;
  }
}

TEST_F(Freeze, a_guest_that_waits_for_input_reads_that_of_the_process_that_thaws_it) {
  EXPECT_EQ(waits_elsewhere(echo_program, "two words"), "two words");
}

TEST_F(Freeze, a_guest_that_sleeps_sleeps_on_and_ends) {
  EXPECT_EQ(waits_elsewhere(sleep_program(std::chrono::milliseconds(20))), "slept");
}

TEST_F(Freeze, an_exception_in_flight_is_caught_where_it_would_have_been) {
  auto whole = start(throwing_program, wasi_with(wasi::Closed{}, wasi::OutputBuffer{}), 3);
  run_to_end(*whole, *thread);
  std::string expected = output(*whole);
  ASSERT_EQ(expected.size(), 16u);
  whole.reset();
  for (int skipped = 0; skipped < 10; ++skipped) {
    auto [in, in_write] = pipe_pair();
    auto [out_read, out] = pipe_pair();
    auto guest =
        start(throwing_program, wasi_with(wasi::HostFd{in.value()}, wasi::HostFd{out.value()}), 3);
    ASSERT_TRUE(thread->set_tick(std::chrono::microseconds(100)));
    int in_flight = 0;
    while (guest->state() == State::ready && in_flight <= skipped) {
      guest->step(*thread);
      in_flight += guest->head()->exception != 0 ? 1 : 0;
    }
    ASSERT_TRUE(thread->set_tick({}));
    ASSERT_EQ(guest->state(), State::ready) << "no tick met an exception in flight";
    ASSERT_TRUE(freeze(*guest, file, dirty));
    guest.reset();
    EXPECT_EQ(elsewhere(), expected) << skipped;
    auto frozen = snapshot::Frozen::open(file);
    ASSERT_TRUE(frozen) << frozen.error().message();
    auto back =
        thaw(*frozen, *pool, wasi_with(wasi::HostFd{in.value()}, wasi::HostFd{out.value()}));
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_NE((*back)->head()->exception, 0u);
    run_to_end(**back, *thread);
    std::string printed(64, 0);
    printed.resize(static_cast<size_t>(::read(out_read.value(), printed.data(), 64)));
    EXPECT_EQ(printed, expected) << skipped;
  }
}

TEST_F(Freeze, a_guest_in_an_atomic_wait_is_notified_after_the_thaw) {
  auto with = wasi_with(wasi::Closed{}, wasi::OutputBuffer{});
  auto guest = start(atomic_wait_program(std::chrono::nanoseconds(-1)), with, 5);
  ASSERT_EQ(guest->step(*thread), State::waiting);
  ASSERT_TRUE(freeze(*guest, file, dirty));
  guest.reset();
  auto frozen = snapshot::Frozen::open(file);
  ASSERT_TRUE(frozen) << frozen.error().message();
  auto back = thaw(*frozen, *pool, with);
  ASSERT_TRUE(back) << back.error().message();
  ASSERT_EQ((*back)->step(*thread), State::waiting);
  EXPECT_FALSE((*back)->waiting_for().deadline);
  (*back)->make_ready();
  ASSERT_EQ((*back)->step(*thread), State::waiting) << "woken for nothing, it waits on";
  EXPECT_EQ((*back)->instance().memory().notify(0, 1), 0u) << "nobody waits there";
  EXPECT_EQ((*back)->instance().memory().notify(64, 9), 1u);
  (*back)->make_ready();
  ASSERT_EQ((*back)->step(*thread), State::ended);
  EXPECT_EQ(output(**back), "0");
}

TEST_F(Freeze, a_guest_in_an_atomic_wait_with_a_timeout_waits_for_the_rest_of_it) {
  EXPECT_EQ(waits_elsewhere(atomic_wait_program(std::chrono::milliseconds(20))), "2");
}

// A deadline is as far away after the thaw as it was at the freeze.
TEST_F(Freeze, time_in_the_ice_does_not_count_on_a_timeout) {
  constexpr std::chrono::hours hour(1);
  auto with = wasi_with(wasi::Closed{}, wasi::OutputBuffer{});
  for (const std::string& program : {atomic_wait_program(hour), sleep_program(hour)}) {
    auto guest = start(program, with, 5);
    ASSERT_EQ(guest->step(*thread), State::waiting);
    ASSERT_TRUE(guest->waiting_for().deadline);
    auto deadline = *guest->waiting_for().deadline;
    auto before = host::Clock::now();
    ASSERT_TRUE(freeze(*guest, file, dirty));
    guest.reset();
    auto frozen = snapshot::Frozen::open(file);
    ASSERT_TRUE(frozen) << frozen.error().message();
    auto back = thaw(*frozen, *pool, with);
    ASSERT_TRUE(back) << back.error().message();
    auto ice = host::Clock::now() - before;
    ASSERT_EQ((*back)->step(*thread), State::waiting);
    ASSERT_TRUE((*back)->waiting_for().deadline);
    EXPECT_GE(*(*back)->waiting_for().deadline, deadline);
    EXPECT_LE(*(*back)->waiting_for().deadline, deadline + ice);
  }
}

TEST_F(Freeze, a_thawed_guest_can_be_frozen_again_with_the_pages_that_it_never_touched) {
  auto whole = start(busy_program, wasi_with(wasi::Closed{}, wasi::OutputBuffer{}), 3);
  run_to_end(*whole, *thread);
  std::string expected = output(*whole);
  whole.reset();
  freeze_busy(5);
  for (int i = 0; i < 3; ++i) {
    auto frozen = snapshot::Frozen::open(file);
    ASSERT_TRUE(frozen) << frozen.error().message();
    auto guest = thaw(*frozen, *pool, wasi_with(wasi::Closed{}, wasi::OutputBuffer{}));
    ASSERT_TRUE(guest) << guest.error().message();
    auto cost = freeze(**guest, file, dirty);
    ASSERT_TRUE(cost) << cost.error().message();
  }
  auto frozen = snapshot::Frozen::open(file);
  auto guest = thaw(*frozen, *pool, wasi_with(wasi::Closed{}, wasi::OutputBuffer{}));
  ASSERT_TRUE(guest) << guest.error().message();
  run_to_end(**guest, *thread);
  EXPECT_EQ(output(**guest), expected);
}

TEST_F(Freeze, a_file_that_held_another_guest_shows_nothing_of_it) {
  UniqueFd kept(::memfd_create("weft-test", MFD_CLOEXEC));
  auto whole = start(busy_program, wasi_with(wasi::Closed{}, wasi::OutputBuffer{}), 3);
  run_to_end(*whole, *thread);
  whole->set_position({});
  std::memset(cpu::base_of(whole->head()), 0xff, whole->head()->memory_bytes);
  ASSERT_TRUE(freeze(*whole, kept.value(), dirty));
  whole.reset();
  auto small = start(sleep_program(std::chrono::milliseconds(20)),
                     wasi_with(wasi::Closed{}, wasi::OutputBuffer{}), 3);
  ASSERT_EQ(small->step(*thread), State::waiting);
  std::byte* base = cpu::base_of(small->head());
  base[50'000] = std::byte{1};  // with a hole below
  std::string before(reinterpret_cast<const char*>(base), small->head()->memory_bytes);
  ASSERT_TRUE(freeze(*small, kept.value(), dirty));
  small.reset();
  auto frozen = snapshot::Frozen::open(std::move(kept), "kept");
  ASSERT_TRUE(frozen) << frozen.error().message();
  auto back = thaw(*frozen, *pool, wasi_with(wasi::Closed{}, wasi::OutputBuffer{}));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(std::memcmp(base, before.data(), before.size()), 0);
  run_to_end(**back, *thread);
  EXPECT_EQ(output(**back), "slept");
}

TEST_F(Freeze, no_address_of_this_process_is_in_the_file) {
  auto [in, in_write] = pipe_pair();
  auto guest = start(echo_program, wasi_with(wasi::HostFd{in.value()}, wasi::Closed{}), 5);
  ASSERT_EQ(guest->step(*thread), State::waiting);
  ASSERT_TRUE(freeze(*guest, file, dirty, {.code = snapshot::FreezeOptions::Code::named}));
  std::ifstream stream(file, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(stream), {});
  uint64_t object = reinterpret_cast<uint64_t>(guest.get());
  uint64_t stack = reinterpret_cast<uint64_t>(&object);
  for (size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, 8);
    EXPECT_FALSE(word >> 24 == object >> 24 || word >> 24 == stack >> 24) << "at byte " << i;
  }
}

TEST_F(Freeze, what_is_damaged_or_of_another_kind_is_refused_in_one_clear_line) {
  freeze_busy(3);
  struct stat status = {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(refusal(), "accepted");
  change(8);
  EXPECT_THAT(refusal(), HasSubstr("format version"));
  change(8);
  change(40);
  EXPECT_THAT(refusal(), HasSubstr("checksum of its header"));
  change(40);
  change(4096 + 20);
  EXPECT_THAT(refusal(), HasSubstr("checksum of its description"));
  change(4096 + 20);
  auto frozen = snapshot::Frozen::open(file);
  ASSERT_TRUE(frozen);
  uint64_t page = frozen->pages()->place(frozen->pages()->runs().back().begin);
  change(page + 100);
  EXPECT_THAT(refusal(), HasSubstr("pages from byte"));
  EXPECT_TRUE(snapshot::Frozen::open(file, snapshot::Verify::header_only));
  change(page + 100);
  EXPECT_EQ(refusal(), "accepted");
  ASSERT_EQ(::truncate(file.c_str(), status.st_size - 1), 0);
  EXPECT_THAT(refusal(), HasSubstr("truncated"));
  ASSERT_EQ(::truncate(file.c_str(), 5), 0);
  EXPECT_THAT(refusal(), HasSubstr("no frozen program"));
}

TEST_F(Freeze, another_compiler_or_processor_is_refused) {
  auto [in, in_write] = pipe_pair();
  auto guest = start(echo_program, wasi_with(wasi::HostFd{in.value()}, wasi::Closed{}), 5);
  ASSERT_EQ(guest->step(*thread), State::waiting);
  auto refused = [&](auto change) {
    auto description = snapshot::describe(guest->instance(), snapshot::Stand::suspended, {});
    change(description);
    auto done = snapshot::write_frozen(file, guest->instance(), description, dirty, nullptr, {});
    CHECK(done.has_value(), "{}", done.error().message());
    return refusal();
  };
  EXPECT_EQ(refused([](auto&) {}), "accepted");
  EXPECT_THAT(refused([](auto& d) { d.compiler = "weft 0"; }), HasSubstr("'weft 0'"));
  EXPECT_THAT(refused([](auto& d) { d.target_cpu = "z80"; }), HasSubstr("processor z80"));
  EXPECT_THAT(refused([](auto& d) {
                d.stand = snapshot::Stand::preempted;
                d.state_mask = 3;
              }),
              HasSubstr("vector registers"));
}

TEST_F(Freeze, a_slot_that_is_taken_is_a_conflict) {
  auto [in, in_write] = pipe_pair();
  auto guest = start(echo_program, wasi_with(wasi::HostFd{in.value()}, wasi::Closed{}), 5);
  ASSERT_EQ(guest->step(*thread), State::waiting);
  ASSERT_TRUE(freeze(*guest, file, dirty));
  auto frozen = snapshot::Frozen::open(file);
  ASSERT_TRUE(frozen);
  auto second = thaw(*frozen, *pool, wasi_with(wasi::HostFd{in.value()}, wasi::Closed{}),
                     guest->instance().shared_code());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), Error::Kind::conflict);
  EXPECT_THAT(second.error().message(), HasSubstr("slot 5"));
}

}  // namespace
}  // namespace weft::faaslet
