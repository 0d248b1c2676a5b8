#include "guest_api/stream_log.h"

#include <poll.h>

#include <algorithm>

#include "wasi/host_io.h"

namespace weft::guest_api {

StreamLog::StreamLog(int fd, Level lowest) : lowest_(lowest) {
  if (auto described = wasi::describe(fd)) {
    stream_ = std::move(*described);
  }
}

std::optional<host::Wait> StreamLog::add(Level level, std::string_view text, uint64_t& done) {
  if (!stream_) {
    return std::nullopt;
  }
  std::string line = log_line(level, text);
  while (done < line.size()) {
    iovec part = {line.data() + done, line.size() - done};
    int64_t n = stream_->kind == wasi::Descriptor::Kind::file
                    ? wasi::write_file(*stream_, {&part, 1}, std::nullopt)
                    : wasi::try_write(*stream_, {&part, 1});
    if (n == -EAGAIN) {
      return host::Wait{.fds = {{stream_->fd, POLLOUT}}, .deadline = {}};
    }
    if (n <= 0) {
      break;
    }
    done += static_cast<uint64_t>(n);
  }
  return std::nullopt;
}

}  // namespace weft::guest_api
