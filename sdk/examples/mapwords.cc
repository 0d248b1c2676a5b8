// A chain: cuts its input into parts at the ends of lines, has the function "words" count each, all
// at once, and adds the numbers up.
#include <weft.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

int main() {
  constexpr size_t parts = 8;
  std::string text = weft::input();
  std::vector<weft::Call> calls;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.size(), begin + text.size() / parts + 1);
    end = std::min(text.size(), text.find('\n', end));
    calls.emplace_back("words", std::string_view(text).substr(begin, end - begin));
    begin = end;
  }
  unsigned long words = 0;
  for (weft::Call& call : calls) {
    words += std::stoul(call.output());
  }
  std::printf("%lu words, counted by %zu calls\n", words, calls.size());
}
