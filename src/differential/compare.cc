#include "differential/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <random>

namespace weft::differential {

namespace {

using wasm::ValType;
using Random = std::mt19937_64;

// Half of all numbers are such as programs break on, the rest are anything.
uint64_t number(Random& random, int bits) {
  constexpr uint64_t edges[] = {0,
                                1,
                                2,
                                7,
                                8,
                                31,
                                32,
                                63,
                                64,
                                127,
                                128,
                                255,
                                256,
                                0x7fff,
                                0x8000,
                                0xffff,
                                0x10000,
                                0x7fff'ffff,
                                0x8000'0000,
                                0xffff'ffff,
                                0x1'0000'0000,
                                0x7fff'ffff'ffff'ffff,
                                0x8000'0000'0000'0000,
                                0xffff'ffff'ffff'ffff,
                                0xffff'ffff'8000'0000};
  uint64_t value = random();
  if (random() % 2 == 0) {
    value = edges[random() % std::size(edges)];
    value = random() % 4 == 0 ? ~value + 1 : value;
  }
  return bits == 32 ? value & 0xffff'ffff : value;
}

// Zeros, ones, infinities, NaNs of both kinds, the smallest and largest, powers of two at the edges
// of integers; or a small number; or any bits.
uint64_t f32_bits(Random& random) {
  constexpr uint32_t edges[] = {0x0000'0000, 0x3f80'0000, 0x7f80'0000, 0x7fc0'0000, 0x7f80'0001,
                                0x7fff'ffff, 0x0000'0001, 0x007f'ffff, 0x0080'0000, 0x7f7f'ffff,
                                0x4f00'0000, 0x4eff'ffff, 0x4f80'0000, 0x5f00'0000, 0x5f80'0000,
                                0x3f00'0000, 0x3eff'ffff, 0x4b00'0001};
  switch (random() % 4) {
    case 0:
      return random() & 0xffff'ffff;
    case 1:
      return std::bit_cast<uint32_t>(static_cast<float>(static_cast<int32_t>(random() % 2000)) / 8);
    default:
      return edges[random() % std::size(edges)] | (random() % 2) << 31;
  }
}

uint64_t f64_bits(Random& random) {
  constexpr uint64_t edges[] = {
      0x0000'0000'0000'0000, 0x3ff0'0000'0000'0000, 0x7ff0'0000'0000'0000, 0x7ff8'0000'0000'0000,
      0x7ff0'0000'0000'0001, 0x7fff'ffff'ffff'ffff, 0x0000'0000'0000'0001, 0x000f'ffff'ffff'ffff,
      0x0010'0000'0000'0000, 0x7fef'ffff'ffff'ffff, 0x41df'ffff'ffc0'0000, 0x41e0'0000'0000'0000,
      0x41ef'ffff'ffe0'0000, 0x41f0'0000'0000'0000, 0x43e0'0000'0000'0000, 0x43f0'0000'0000'0000,
      0x3fe0'0000'0000'0000, 0x36a0'0000'0000'0000, 0x47ef'ffff'f000'0000};
  switch (random() % 4) {
    case 0:
      return random();
    case 1:
      return std::bit_cast<uint64_t>(static_cast<double>(static_cast<int32_t>(random() % 2000)) /
                                     8);
    default:
      return edges[random() % std::size(edges)] | (random() % 2) << 63;
  }
}

Value argument(Random& random, ValType type, size_t functions) {
  switch (type) {
    case ValType::i32:
      return {type, number(random, 32), 0};
    case ValType::i64:
      return {type, number(random, 64), 0};
    case ValType::f32:
      return {type, f32_bits(random), 0};
    case ValType::f64:
      return {type, f64_bits(random), 0};
    case ValType::v128:
      switch (random() % 3) {
        case 0:
          return {type, f32_bits(random) | f32_bits(random) << 32,
                  f32_bits(random) | f32_bits(random) << 32};
        case 1:
          return {type, f64_bits(random), f64_bits(random)};
        default:
          return {type, number(random, 64), number(random, 64)};
      }
    case ValType::funcref:
      return {type, random() % (functions + 1), 0};
    case ValType::externref:
      return {type, random() % 4, 0};
  }
  return {};
}

std::string compare_memory(std::span<const std::byte> reference,
                           std::span<const std::byte> subject) {
  if (reference.size() != subject.size()) {
    return fmt::format("memory has {} bytes, expected {}", subject.size(), reference.size());
  }
  auto differs = std::mismatch(reference.begin(), reference.end(), subject.begin());
  if (differs.first == reference.end()) {
    return {};
  }
  return fmt::format("memory at {:#x} is {:#04x}, expected {:#04x}",
                     differs.first - reference.begin(), static_cast<int>(*differs.second),
                     static_cast<int>(*differs.first));
}

std::string compare_values(std::string_view what, const Values& reference, const Values& subject) {
  if (reference.size() != subject.size()) {
    return fmt::format("{}: {}, expected {}", what, subject.size(), reference.size());
  }
  for (size_t i = 0; i < reference.size(); ++i) {
    if (reference[i] != subject[i]) {
      return fmt::format("{} {} is {}, expected {}", what, i, to_string(subject[i]),
                         to_string(reference[i]));
    }
  }
  return {};
}

std::string compare_states(const State& reference, const State& subject) {
  std::string difference = compare_memory(reference.memory, subject.memory);
  if (difference.empty()) {
    difference = compare_values("global", reference.globals, subject.globals);
  }
  if (difference.empty() && reference.tables.size() != subject.tables.size()) {
    difference = "another number of tables";
  }
  for (size_t i = 0; i < reference.tables.size() && difference.empty(); ++i) {
    difference =
        compare_values(fmt::format("table {} element", i), reference.tables[i], subject.tables[i]);
  }
  if (difference.empty() && reference.host_calls != subject.host_calls) {
    difference = "the host was called in another way";
  }
  return difference;
}

bool is_memory_trap(const Ending& ending) {
  return ending.kind == Ending::Kind::trapped &&
         std::find(ending.traps.begin(), ending.traps.end(),
                   wasm::TrapKind::out_of_bounds_memory) != ending.traps.end();
}

// One module's comparison in progress.
class Comparing {
 public:
  Comparing(std::span<const uint8_t> module, Machine& reference, Machine& subject)
      : module_(module), reference_(reference), subject_(subject) {}

  // False when there is nothing to call: neither side has an instance, or they differ.
  bool instantiate() {
    Ending expected = reference_.instantiate(module_);
    if (expected.kind == Ending::Kind::unknown) {
      result_.unknown = expected.note;
      return false;
    }
    return judge("instantiation", expected, subject_.instantiate(module_)) &&
           expected.kind == Ending::Kind::returned;
  }

  // False when nothing more can be compared.
  bool call(uint32_t function, const Values& args, uint32_t fuel) {
    reference_.refuel(fuel);
    subject_.refuel(fuel);
    Ending expected = reference_.call(function, args);
    if (expected.kind == Ending::Kind::unknown) {
      result_.unknown = expected.note;
      return false;
    }
    ++result_.calls;
    result_.returned += expected.kind == Ending::Kind::returned ? 1 : 0;
    std::string what =
        fmt::format("call {} of function {} with {}", result_.calls, function, to_string(args));
    return judge(what, expected, subject_.call(function, args)) &&
           (!is_memory_trap(expected) || instantiate());
  }

  Comparison result() && { return std::move(result_); }

 private:
  bool judge(const std::string& what, const Ending& expected, const Ending& actual) {
    std::string difference;
    if (!agree(expected, actual)) {
      difference = fmt::format("{}, expected {}", to_string(actual), to_string(expected));
      result_.lost_trap = is_memory_trap(expected);
    } else if (expected.kind == Ending::Kind::returned ||
               (what != "instantiation" && !is_memory_trap(expected))) {
      difference = compare_states(reference_.state(), subject_.state());
    }
    result_.difference = difference.empty() ? difference : what + ": " + difference;
    return difference.empty();
  }

  std::span<const uint8_t> module_;
  Machine& reference_;
  Machine& subject_;
  Comparison result_;
};

}  // namespace

Comparison compare(std::span<const uint8_t> module, Machine& reference, Machine& subject,
                   const Plan& plan) {
  Comparing comparing(module, reference, subject);
  if (!comparing.instantiate()) {
    return std::move(comparing).result();
  }
  Random random(plan.seed);
  std::vector<wasm::FuncType> functions = reference.functions();
  for (uint32_t i = 0; i < plan.rounds * functions.size(); ++i) {
    auto function = static_cast<uint32_t>(i % functions.size());
    Values args;
    for (ValType type : functions[function].params) {
      args.push_back(argument(random, type, functions.size()));
    }
    if (!comparing.call(function, args, plan.fuel)) {
      break;
    }
  }
  return std::move(comparing).result();
}

}  // namespace weft::differential
