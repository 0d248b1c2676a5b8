#include "call_end.h"

#include "messages.h"

namespace weft::cli {

namespace {

void add_frames(const Json& call) {
  size_t number = 0;
  for (const Json& frame : list_at(call, "backtrace")) {
    std::string line = fmt::format("  #{:<3}{}", number++, cell_at(frame, "function"));
    if (std::string file = text_at(frame, "file"); !file.empty()) {
      line += fmt::format(" at {}:{:.0f}", file, number_at(frame, "line"));
    } else if (double offset = number_at(frame, "offset"); offset > 0) {
      line += fmt::format(" (+0x{:x})", static_cast<uint64_t>(offset));
    }
    add_line(line);
  }
}

void add_log(const Json& call) {
  std::string tail = text_at(call, "log_tail");
  if (tail.empty()) {
    return;
  }
  add_line("the end of its log:");
  std::string_view rest = tail;
  while (!rest.empty()) {
    size_t end = std::min(rest.find('\n'), rest.size());
    add_line(fmt::format("  {}", rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

}  // namespace

int report_end(const Json& call, std::string_view function) {
  std::string outcome = text_at(call, "outcome");
  std::string message = text_at(call, "message");
  std::string id = text_at(call, "id");
  std::string where = id.empty() ? std::string(function) : fmt::format("{}, call {}", function, id);
  if (outcome == "returned") {
    return exit_success;
  }
  if (outcome == "exited") {
    return static_cast<int>(static_cast<int64_t>(number_at(call, "exit_code")) & 0xff);
  }
  if (outcome == "trapped") {
    complain("trap: {} in {}", message.empty() ? "unknown" : message, where);
    add_frames(call);
    add_log(call);
    return exit_trap;
  }
  if (outcome == "timed_out") {
    complain("timeout: {}{}{}", where, message.empty() ? " did not end in time" : ": ", message);
    add_log(call);
    return exit_timeout;
  }
  if (outcome == "out_of_limits") {
    complain("{}: {} (the limits are in its [function.limits])", where,
             message.empty() ? "out of its limits" : message);
    add_log(call);
    return exit_failure;
  }
  if (outcome == "lost") {
    complain("{} was lost when its node failed; its retry policy does not run it again", where);
    return exit_failure;
  }
  complain("{}: {}{}{}", where, outcome.empty() ? "has not ended" : outcome,
           message.empty() ? "" : ": ", message);
  return exit_failure;
}

}  // namespace weft::cli
