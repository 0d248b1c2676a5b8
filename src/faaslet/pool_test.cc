#include "faaslet/pool.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>

#include "faaslet/testguest/programs.h"
#include "guest_api/guest_api.h"

namespace weft::faaslet {
namespace {

const ImportFactory no_imports;

class Pool : public testing::Test {
 protected:
  std::shared_ptr<const Template> make(std::string_view program, const ImportFactory& imports = {},
                                       ReadyPoint ready_point = ReadyPoint::initialised) {
    auto made = Template::make(compile(program), *slots, *thread, dirty, imports,
                               {.stack_bytes = 1 << 20}, ready_point);
    CHECK(made.has_value(), "{}", made.error().message());
    return *made;
  }
  std::unique_ptr<Faaslet> started(WarmPool& pool, const ImportFactory& imports = {}) {
    auto faaslet = pool.start(imports);
    CHECK(faaslet.has_value(), "{}", faaslet.error().message());
    return std::move(*faaslet);
  }
  void run(Faaslet& faaslet, std::string_view name, std::vector<wasm::Value> args = {}) {
    CHECK(faaslet.call(name, args).has_value());
    run_to_end(faaslet, *thread);
  }

  std::unique_ptr<slot::SlotPool> slots = std::move(*slot::SlotPool::reserve(64));
  slot::DirtyPages dirty = std::move(*slot::DirtyPages::open());
  std::unique_ptr<cpu::Thread> thread = std::move(*cpu::Thread::attach());
};

// Block and memory as bytes, and what the host wrote for one process blanked.
std::string bytes_of(const Faaslet& faaslet) {
  const instance::Instance& instance = faaslet.instance();
  snapshot::Extent extent = snapshot::extent_of(instance);
  const std::byte* base = cpu::base_of(instance.head());
  std::string bytes(reinterpret_cast<const char*>(base + extent.stack_high()),
                    extent.block_bytes + extent.memory_bytes);
  for (const snapshot::Run& run : snapshot::host_fields(instance.code().info())) {
    std::memset(bytes.data() + (run.begin - extent.stack_high()), 0, run.bytes());
  }
  return bytes;
}

TEST_F(Pool, a_slot_is_after_each_call_as_after_a_fresh_start) {
  auto made = make(small_program);
  WarmPool pool(made, *slots, dirty, 4);
  auto first = started(pool);
  std::string fresh = bytes_of(*first);
  uint32_t index = first->instance().slot().index();
  ASSERT_TRUE(pool.take_back(std::move(first)));
  for (int i = 0; i < 5; ++i) {
    auto faaslet = started(pool);
    EXPECT_EQ(faaslet->instance().slot().index(), index);
    EXPECT_TRUE(bytes_of(*faaslet) == fresh);
    run(*faaslet, "_start");
    uint32_t calls = 0;
    std::memcpy(&calls, cpu::base_of(faaslet->head()) + 8, sizeof calls);
    EXPECT_EQ(calls, 1u) << "the global of an earlier call";
    ASSERT_TRUE(pool.take_back(std::move(faaslet)));
  }
}

TEST_F(Pool, nothing_that_a_call_wrote_is_readable_by_the_next) {
  auto made = make(busy_program, wasi_with(wasi::Closed{}, wasi::Closed{}));
  WarmPool pool(made, *slots, dirty, 1);
  ImportFactory imports = wasi_with(wasi::Closed{}, wasi::Closed{});
  auto first = started(pool, imports);
  std::string fresh = bytes_of(*first);
  ASSERT_TRUE(pool.take_back(std::move(first)));
  rc::check("random writes, grows, tables and stacks leave no trace", [&] {
    auto faaslet = started(pool, imports);
    RC_ASSERT(bytes_of(*faaslet) == fresh);
    instance::Instance& instance = faaslet->instance();
    std::byte* base = cpu::base_of(faaslet->head());
    auto grown = *rc::gen::inRange<uint64_t>(0, 4);
    RC_ASSERT(instance.memory().grow(grown).has_value());
    uint64_t size = faaslet->head()->memory_bytes;
    auto writes = *rc::gen::container<std::vector<uint64_t>>(rc::gen::inRange<uint64_t>(0, size));
    for (uint64_t at : writes) {
      base[at] = std::byte{0xa5};
    }
    if (*rc::gen::arbitrary<bool>()) {
      std::memset(base, 0x5a, size);  // more pages than one call wrote before
    }
    auto entries = *rc::gen::inRange<uint32_t>(0, 4);
    RC_ASSERT(instance.table_fill(0, 0, 0, entries));
    RC_ASSERT(instance.table_grow(0, *instance.table_get(0, 3), 2).has_value());
    auto global = instance.code().info().layout.globals[0];
    std::memset(base + global, 0x77, 8);
    auto depth = *rc::gen::inRange<uint64_t>(1, 40);
    std::byte* stack = reinterpret_cast<std::byte*>(instance.stack_high());
    std::memset(stack - depth * slot::page_bytes, 0x33, depth * slot::page_bytes);
    uint64_t low = instance.stack_low();
    RC_ASSERT(pool.take_back(std::move(faaslet)).has_value());

    auto next = started(pool, imports);
    RC_ASSERT(bytes_of(*next) == fresh);
    RC_ASSERT(next->head()->memory_bytes == made->image()->extent().memory_bytes);
    const auto* byte = reinterpret_cast<const std::byte*>(low);
    RC_ASSERT(std::all_of(byte, byte + (1 << 20), [](std::byte b) { return b == std::byte{0}; }));
    RC_ASSERT(pool.take_back(std::move(next)).has_value());
  });
}

TEST_F(Pool, memory_that_a_call_grew_is_closed_for_the_next) {
  auto made = make(small_program);
  WarmPool pool(made, *slots, dirty, 1);
  auto faaslet = started(pool);
  ASSERT_TRUE(faaslet->instance().memory().grow(3));
  ASSERT_TRUE(pool.take_back(std::move(faaslet)));
  auto next = started(pool);
  run(*next, "touch", {wasm::value_i32(40)});  // page 40 of 4 KiB lies behind the 128 KiB
  ASSERT_TRUE(std::holds_alternative<host::Trapped>(next->result()));
}

TEST_F(Pool, a_dehydrated_guest_comes_back_in_another_slot_with_all_that_it_wrote) {
  auto made = make(small_program);
  WarmPool pool(made, *slots, dirty, 0);
  auto guest = started(pool);
  run(*guest, "_start");
  uint32_t index = guest->instance().slot().index();
  ASSERT_TRUE(guest->instance().memory().grow(1));
  cpu::base_of(guest->head())[140'000] = std::byte{9};
  auto dry = pool.dehydrate(std::move(guest));
  ASSERT_TRUE(dry) << dry.error().message();
  EXPECT_LT(dry->bytes(), 6 * 4096u);
  auto taken = slots->acquire_at(index);
  ASSERT_TRUE(taken);
  auto back = pool.rehydrate(std::move(*dry), no_imports);
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_NE((*back)->instance().slot().index(), index);
  EXPECT_EQ(cpu::base_of((*back)->head())[140'000], std::byte{9});
  run(**back, "_start");
  uint32_t calls = 0;
  std::memcpy(&calls, cpu::base_of((*back)->head()) + 8, sizeof calls);
  EXPECT_EQ(calls, 2u) << "its global went along";
}

TEST_F(Pool, a_guest_at_its_first_wait_starts_there_again_with_each_new_input) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  UniqueFd in(fds[0]);
  UniqueFd in_write(fds[1]);
  auto made = make(echo_program, wasi_with(wasi::HostFd{in.value()}, wasi::OutputBuffer{}),
                   ReadyPoint::first_wait);
  WarmPool pool(made, *slots, dirty, 1);
  for (std::string text : {"first", "second", "third"}) {
    auto faaslet = started(pool, wasi_with(wasi::InputBuffer{text}, wasi::OutputBuffer{}));
    run_to_end(*faaslet, *thread);
    EXPECT_EQ(static_cast<wasi::Wasi&>(*faaslet->imports()[0]).output(1), text);
    ASSERT_TRUE(pool.take_back(std::move(faaslet)));
  }
}

constexpr std::string_view announcing_program = R"((module
  (import "weft" "ready" (func $ready))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store (i32.const 64) (i32.const 7))  ;; costly preparations
    (call $ready)
    (i32.store (i32.const 64) (i32.mul (i32.load (i32.const 64)) (i32.const 6)))))
)";

ImportFactory weft_with(guest_api::AtReadyPoint at_ready_point) {
  return [at_ready_point](
             host::Guest& guest) -> Result<std::vector<std::unique_ptr<host::ImportModule>>> {
    std::vector<std::unique_ptr<host::ImportModule>> modules;
    modules.push_back(std::make_unique<guest_api::GuestApi>(
        guest, guest_api::Config{.call = {}, .log = {}, .at_ready_point = at_ready_point}));
    return modules;
  };
}

TEST_F(Pool, a_guest_goes_on_from_the_ready_point_that_it_announced_each_time_anew) {
  auto made =
      make(announcing_program, weft_with(guest_api::AtReadyPoint::wait), ReadyPoint::announced);
  WarmPool pool(made, *slots, dirty, 1);
  for (int i = 0; i < 3; ++i) {
    auto faaslet = started(pool, weft_with(guest_api::AtReadyPoint::go_on));
    run_to_end(*faaslet, *thread);
    EXPECT_TRUE(std::holds_alternative<host::Returned>(faaslet->result()));
    EXPECT_EQ(faaslet->memory().load<uint32_t>(host::GuestAddress{64}), 42u);
    ASSERT_TRUE(pool.take_back(std::move(faaslet)));
  }
}

TEST_F(Pool, a_guest_that_ends_without_announcing_its_ready_point_is_an_error) {
  auto made = Template::make(compile(announcing_program), *slots, *thread, dirty,
                             weft_with(guest_api::AtReadyPoint::go_on), {.stack_bytes = 1 << 20},
                             ReadyPoint::announced);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind(), Error::Kind::invalid);
}

TEST_F(Pool, a_start_up_that_does_not_come_to_its_ready_point_is_given_up_after_its_time) {
  constexpr std::string_view endless = R"((module
    (memory (export "memory") 1)
    (func (export "_initialize") (loop $l (br $l)))))";
  auto made = Template::make(compile(endless), *slots, *thread, dirty, {}, {.stack_bytes = 1 << 20},
                             ReadyPoint::initialised, std::chrono::milliseconds(20));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind(), Error::Kind::exhausted);
}

}  // namespace
}  // namespace weft::faaslet
