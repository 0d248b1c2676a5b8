#include "wast/forms.h"

#include <algorithm>

namespace weft::wast {

namespace {

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  Result<std::vector<Form>> run() {
    std::vector<Form> forms;
    while (true) {
      TRY_VOID(blank());
      if (at_end()) {
        return forms;
      }
      if (peek() != '(') {
        return error(Error::Kind::invalid, "line {}: expected '(', found '{}'", line_, peek());
      }
      TRY(form, form());
      forms.push_back(form);
    }
  }

 private:
  bool at_end() const { return position_ >= text_.size(); }
  char peek() const { return text_[position_]; }
  bool starts(std::string_view with) const { return text_.substr(position_).starts_with(with); }
  void skip(size_t count) {
    for (size_t end = position_ + std::min(count, text_.size() - position_); position_ < end;
         ++position_) {
      line_ += text_[position_] == '\n' ? 1 : 0;
    }
  }

  // White space and comments.
  Result<void> blank() {
    while (!at_end()) {
      if (starts(";;")) {
        skip(text_.substr(position_).find('\n'));
      } else if (starts("(;")) {
        TRY_VOID(block_comment());
      } else if (std::string_view(" \t\r\n").contains(peek())) {
        skip(1);
      } else {
        break;
      }
    }
    return {};
  }

  Result<void> block_comment() {
    uint32_t begin = line_;
    int depth = 0;
    do {
      if (at_end()) {
        return error(Error::Kind::invalid, "line {}: unclosed comment", begin);
      }
      depth += starts("(;") ? 1 : starts(";)") ? -1 : 0;
      skip(starts("(;") || starts(";)") ? 2 : 1);
    } while (depth != 0);
    return {};
  }

  Result<void> string() {
    uint32_t begin = line_;
    skip(1);
    while (!at_end() && peek() != '"') {
      skip(peek() == '\\' ? 2 : 1);
    }
    if (at_end()) {
      return error(Error::Kind::invalid, "line {}: unclosed string", begin);
    }
    skip(1);
    return {};
  }

  Result<Form> form() {
    Form form;
    form.line = line_;
    size_t begin = position_;
    int depth = 0;
    do {
      if (at_end()) {
        return error(Error::Kind::invalid, "line {}: unclosed parenthesis", form.line);
      }
      if (peek() == '"') {
        TRY_VOID(string());
      } else if (starts(";;") || starts("(;")) {
        TRY_VOID(blank());
      } else {
        depth += peek() == '(' ? 1 : peek() == ')' ? -1 : 0;
        skip(1);
      }
    } while (depth != 0);
    form.text = text_.substr(begin, position_ - begin);
    size_t word = form.text.find_first_not_of(" \t\r\n", 1);
    form.keyword = form.text.substr(word, form.text.find_first_of(" \t\r\n()\";", word) - word);
    return form;
  }

  std::string_view text_;
  size_t position_ = 0;
  uint32_t line_ = 1;
};

}  // namespace

Result<std::vector<Form>> split_forms(std::string_view text) { return Splitter(text).run(); }

}  // namespace weft::wast
