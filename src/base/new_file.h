// A file that appears under its name whole, or not at all: it is written under another name beside
// it and renamed when it is complete. Whoever has the old file of that name keeps it.
//
//   TRY(file, NewFile::create(path));
//   TRY_VOID(write_all(file.fd(), bytes));
//   TRY_VOID(file.publish());
//
// Thread safety: values; two processes that write the same path at once harm nobody, the last one
// stays.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace weft {

class NewFile {
 public:
  // Error io. The file belongs to its owner alone (mode 0600).
  static Result<NewFile> create(std::string path);
  NewFile(NewFile&& other) noexcept = default;
  NewFile& operator=(NewFile&&) = delete;
  // What was not published goes.
  ~NewFile();

  int fd() const { return fd_.value(); }
  // Gives the file its name. Error io.
  [[nodiscard]] Result<void> publish();

 private:
  NewFile(std::string path, std::string temporary, UniqueFd fd)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(std::move(fd)) {}

  std::string path_;
  std::string temporary_;
  UniqueFd fd_;  // none after publish() and in what was moved from
};

// All the bytes, from where the descriptor stands. Error io.
[[nodiscard]] Result<void> write_all(int fd, std::string_view bytes);

}  // namespace weft
