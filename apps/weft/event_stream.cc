#include "event_stream.h"

#include <algorithm>

namespace weft::cli {

bool EventStream::feed(std::string_view piece) {
  constexpr size_t longest = 16 << 20;
  rest_ += piece;
  size_t begin = 0;
  for (size_t end = 0; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    std::string_view line = std::string_view(rest_).substr(begin, end - begin);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (!take_line(line)) {
      return false;
    }
  }
  rest_.erase(0, begin);
  return rest_.size() <= longest;
}

bool EventStream::take_line(std::string_view line) {
  if (line.empty()) {
    bool more = data_.empty() && event_.empty() ? true : handler_(event_, data_);
    event_.clear();
    data_.clear();
    return more;
  }
  size_t colon = std::min(line.find(':'), line.size());
  std::string_view field = line.substr(0, colon);
  std::string_view value = line.substr(std::min(colon + 1, line.size()));
  if (value.starts_with(' ')) {
    value.remove_prefix(1);
  }
  if (field == "event") {
    event_ = value;
  } else if (field == "data") {
    data_ += (data_.empty() ? "" : "\n") + std::string(value);
  }
  return true;
}

}  // namespace weft::cli
