#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "base/unique_fd.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX has it in no header

namespace weft::cc {

namespace {

std::vector<char*> pointers(const std::vector<std::string>& arguments) {
  std::vector<char*> result;
  result.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) {
    result.push_back(const_cast<char*>(argument.c_str()));
  }
  result.push_back(nullptr);
  return result;
}

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> fds{};
  if (pipe2(fds.data(), O_CLOEXEC) != 0) {
    return io_error(errno, "making a pipe");
  }
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// Reads what is there; false at the end.
bool take(int fd, std::string& kept, FILE* copy) {
  std::array<char, 16384> buffer{};
  ssize_t n = read(fd, buffer.data(), buffer.size());
  if (n < 0 && errno == EINTR) {
    return true;
  }
  if (n <= 0) {
    return false;
  }
  kept.append(buffer.data(), static_cast<size_t>(n));
  if (copy != nullptr) {
    fwrite(buffer.data(), 1, static_cast<size_t>(n), copy);
    fflush(copy);
  }
  return true;
}

void collect(const Pipe& errors, const Pipe& output, Finished& finished) {
  FILE* copy = output.read ? nullptr : stderr;
  std::array<pollfd, 2> fds = {
      {{errors.read.value(), POLLIN, 0}, {output.read ? output.read.value() : -1, POLLIN, 0}}};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) {
      return;
    }
    if (fds[0].revents != 0 && !take(fds[0].fd, finished.errors, copy)) {
      fds[0].fd = -1;
    }
    if (fds[1].revents != 0 && !take(fds[1].fd, finished.output, nullptr)) {
      fds[1].fd = -1;
    }
    fds[0].revents = fds[1].revents = 0;
  }
}

}  // namespace

Result<Finished> run(const std::vector<std::string>& arguments, Streams streams) {
  TRY(errors, make_pipe());
  Pipe kept;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, errors.write.value(), STDERR_FILENO);
  if (streams == Streams::hold) {
    TRY(pipe, make_pipe());
    kept = std::move(pipe);
    posix_spawn_file_actions_adddup2(&actions, kept.write.value(), STDOUT_FILENO);
  }
  pid_t child = 0;
  int failed = posix_spawnp(&child, arguments.front().c_str(), &actions, nullptr,
                            pointers(arguments).data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    return io_error(failed, fmt::format("cannot start {}", arguments.front()));
  }
  errors.write = UniqueFd();
  kept.write = UniqueFd();
  Finished finished;
  collect(errors, kept, finished);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  finished.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return finished;
}

}  // namespace weft::cc
