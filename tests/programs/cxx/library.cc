// libc++: containers, streams, regular expressions, filesystem, formatting, random numbers,
// algorithms.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <complex>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <map>
#include <numeric>
#include <random>
#include <ranges>
#include <regex>
#include <set>
#include <sstream>
#include <unordered_map>

namespace fs = std::filesystem;

static void text() {
  std::map<std::string, int> count;
  std::istringstream words("the quick brown fox and the lazy dog and the end");
  for (std::string word; words >> word;) ++count[word];
  for (const auto& [word, n] : count) std::cout << word << '=' << n << ' ';
  std::cout << '\n'
            << std::setw(8) << std::setfill('*') << std::hex << 255 << std::dec << ' '
            << std::setprecision(12) << 1.0 / 3 << ' ' << std::scientific << 12345.678
            << std::defaultfloat << ' ' << std::boolalpha << true << '\n';
  const std::regex date(R"((\d{4})-(\d\d)-(\d\d))");
  std::cout << std::regex_replace("2024-01-31, 1999-12-24", date, "$3.$2.$1") << '\n';
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, 0.1).ptr;
  double back = 0;
  std::from_chars("2.5e-3x", "2.5e-3x" + 7, back);
  std::cout << std::string(buffer, end) << ' ' << back << ' ' << std::stod("1e308") * 10 << '\n';
  std::istringstream bad("12 x");
  int number = 0;
  bad >> number >> number;
  std::cout << bad.fail() << ' ' << number << '\n';
}

static void files() {
  fs::create_directories("deep/er");
  for (const char* name : {"deep/er/b.txt", "deep/a.txt"})
    std::ofstream(name) << name << '\n' << std::string(5000, 'x');
  fs::rename("deep/er/b.txt", "moved.txt");
  std::set<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator("."))
    found.insert(entry.path().generic_string());
  for (const auto& path : found) std::cout << path << ' ';
  std::error_code error;
  std::cout << fs::file_size("moved.txt") << ' ' << fs::exists("none") << ' '
            << fs::remove("deep", error) << ' ' << (error == std::errc::directory_not_empty)
            << '\n';
  std::fstream file("moved.txt", std::ios::in | std::ios::out | std::ios::ate);
  file << "end";
  file.seekg(-3, std::ios::end);
  std::string tail;
  file >> tail;
  std::cout << tail << ' ' << file.tellg() << ' ' << fs::remove_all("deep") << '\n';
  try {
    fs::file_size("none");
  } catch (const fs::filesystem_error& failure) {
    std::cout << (failure.code() == std::errc::no_such_file_or_directory) << ' ' << failure.path1()
              << '\n';
  }
}

static void numbers() {
  std::mt19937_64 random(42);
  std::vector<std::uint64_t> values(300000);
  std::ranges::generate(values, std::ref(random));
  std::ranges::sort(values);
  std::cout << values.front() << ' ' << values[150000] << ' ' << std::ranges::is_sorted(values)
            << '\n';
  std::unordered_map<std::uint64_t, int> buckets;
  for (const auto value : values) ++buckets[value % 1009];
  std::cout << buckets.size() << ' '
            << std::accumulate(values.begin(), values.end(), std::uint64_t{0}) << '\n';
  std::cout << std::setprecision(15) << std::complex<double>(1, 2) * std::complex<double>(0.1, -3)
            << ' ' << std::fma(0.1, 10, -1) << ' ' << std::nextafter(1.0F, 2.0F) << ' '
            << std::remainder(7.5, 2) << ' ' << std::ilogb(1e-310) << '\n';
  auto squares = std::views::iota(1, 20) | std::views::filter([](int i) { return i % 3 == 0; }) |
                 std::views::transform([](int i) { return i * i; });
  for (const int square : squares) std::cout << square << ' ';
  std::cout << '\n';
}

int main() {
  text();
  files();
  numbers();
}
