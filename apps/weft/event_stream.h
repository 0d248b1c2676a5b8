// Server-sent events, as far as a client needs them: names and data.
// Thread safety: one thread at a time.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace weft::cli {

class EventStream {
 public:
  // Told each event; false ends the stream.
  using Handler = std::function<bool(std::string_view event, std::string_view data)>;
  explicit EventStream(Handler handler) : handler_(std::move(handler)) {}

  // Pieces as they come, cut anywhere. False when the handler has had enough, or a line is longer
  // than 16 MiB.
  bool feed(std::string_view piece);

 private:
  bool take_line(std::string_view line);

  Handler handler_;
  std::string rest_;  // of a line whose end has not come
  std::string event_;
  std::string data_;
};

}  // namespace weft::cli
