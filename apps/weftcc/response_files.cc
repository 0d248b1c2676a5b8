#include <cctype>
#include <fstream>
#include <iterator>

#include "command_line.h"

namespace weft::cc {

namespace {

constexpr int max_depth = 8;

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      word += text[++i];
      in_word = true;
    } else if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (isspace(static_cast<unsigned char>(c)) != 0) {
      if (in_word) {
        words.push_back(std::move(word));
      }
      word.clear();
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (in_word) {
    words.push_back(std::move(word));
  }
  return words;
}

Result<void> expand(std::vector<std::string> arguments, int depth,
                    std::vector<std::string>& expanded) {
  for (std::string& argument : arguments) {
    if (argument.size() < 2 || argument.front() != '@') {
      expanded.push_back(std::move(argument));
      continue;
    }
    if (depth == max_depth) {
      return error(Error::Kind::invalid, "{}: response files name each other without end",
                   argument);
    }
    std::ifstream file(argument.substr(1), std::ios::binary);
    if (!file) {
      return error(Error::Kind::not_found, "cannot read the response file {}", argument.substr(1));
    }
    std::string text{std::istreambuf_iterator<char>(file), {}};
    TRY_VOID(expand(split_words(text), depth + 1, expanded));
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> expand_response_files(std::vector<std::string> arguments) {
  std::vector<std::string> expanded;
  TRY_VOID(expand(std::move(arguments), 0, expanded));
  return expanded;
}

}  // namespace weft::cc
