// Exceptions through many frames, with destructors, rethrown, nested, out of constructors and
// through C's qsort.
#include <any>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace {

int alive = 0;

struct Counted {
  Counted() { ++alive; }
  Counted(const Counted&) { ++alive; }
  ~Counted() { --alive; }
};

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
  Counted counted;
};

struct HalfBuilt {
  Counted first;
  std::vector<Counted> more{3};
  explicit HalfBuilt(bool fail) {
    if (fail) throw Failure("in a constructor");
  }
};

[[gnu::noinline]] int deep(int n, int where) {
  Counted counted;
  std::string text(n % 50 + 20, 'x');
  if (n == where) throw Failure("at depth " + std::to_string(n));
  if (n == 0) return 0;
  return deep(n - 1, where) + static_cast<int>(text.size() > 1000);
}

[[gnu::noinline]] int middle(int n, int where) {
  try {
    return deep(n, where);
  } catch (const std::logic_error&) {
    return -1;
  } catch (...) {
    Counted counted;
    throw;
  }
}

int throwing_order(const void* a, const void* b) {
  const int x = *static_cast<const int*>(a), y = *static_cast<const int*>(b);
  if (x == 13 || y == 13) throw x + y;
  return x < y ? -1 : x > y;
}

void nested() {
  try {
    try {
      middle(20, 10);
    } catch (...) {
      std::throw_with_nested(std::logic_error("outer"));
    }
  } catch (const std::exception& outer) {
    std::printf("%s", outer.what());
    try {
      std::rethrow_if_nested(outer);
    } catch (const std::exception& inner) {
      std::printf(" <- %s\n", inner.what());
    }
  }
}

struct Guard {
  ~Guard() {
    try {
      throw 7;
    } catch (int x) {
      std::printf("in a destructor: %d, uncaught %d\n", x, std::uncaught_exceptions());
    }
  }
};

}  // namespace

int main() {
  for (int where : {0, 1, 10, 500, 1000}) {
    try {
      std::printf("%d\n", middle(1000, where));
    } catch (const Failure& failure) {
      std::printf("%s, alive %d\n", failure.what(), alive);
    }
  }
  std::printf("no throw: %d, alive %d\n", middle(100, -1), alive);
  try {
    HalfBuilt half(true);
  } catch (const std::exception& failure) {
    std::printf("%s, alive %d\n", failure.what(), alive);
  }
  nested();
  try {
    Guard guard;
    throw std::string("passing a guard");
  } catch (const std::string& text) {
    std::printf("%s, uncaught %d\n", text.c_str(), std::uncaught_exceptions());
  }
  int numbers[] = {5, 3, 13, 1};
  try {
    std::qsort(numbers, 4, sizeof(int), throwing_order);
    std::puts("not thrown");
  } catch (int) {
    std::puts("through qsort");
  }
  std::exception_ptr kept;
  try {
    std::function<int(int)> f;
    f(1);
  } catch (...) {
    kept = std::current_exception();
  }
  try {
    std::rethrow_exception(kept);
  } catch (const std::bad_function_call&) {
    std::puts("bad_function_call, kept");
  }
  const std::function<void()> standard[] = {
      [] { std::vector<int>(3).at(5); },
      [] { std::any_cast<int>(std::any(1.5)); },
      [] { (void)std::get<0>(std::variant<int, char>('c')); },
      [] { (void)std::stoi("x"); },
      [] { (void)std::string("abc").substr(9); },
      [] {
        (void)dynamic_cast<Failure&>(
            static_cast<std::exception&>(*std::make_unique<std::runtime_error>("r")));
      },
  };
  for (const auto& f : standard) {
    try {
      f();
      std::puts("nothing");
    } catch (const std::bad_any_cast&) {
      std::puts("bad_any_cast");
    } catch (const std::bad_variant_access&) {
      std::puts("bad_variant_access");
    } catch (const std::bad_cast&) {
      std::puts("bad_cast");
    } catch (const std::out_of_range&) {
      std::puts("out_of_range");
    } catch (const std::invalid_argument&) {
      std::puts("invalid_argument");
    }
  }
  long long sum = 0;
  for (int i = 0; i < 200000; ++i) {
    try {
      if (i % 3 == 0) throw i;
      sum += 1;
    } catch (int x) {
      sum += x;
    }
  }
  std::printf("%lld, alive %d\n", sum, alive);
  return 9;
}
