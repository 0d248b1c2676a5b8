// A call of a program with threads: it has workers of its own (threads/program.h), and the worker
// that the call came to watches over it.
//
// Thread safety: belongs to the worker's thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "node/function.h"
#include "node/site.h"
#include "threads/program.h"

namespace weft::node {

class ProgramRun {
 public:
  // `ended` is told once, from the event loop; then reply() and the rest may be asked. `imports` is
  // used once.
  static Result<std::unique_ptr<ProgramRun>> start(boost::asio::io_context& events, Site& site,
                                                   const Prepared& prepared, const Terms& terms,
                                                   const faaslet::ImportFactory& imports,
                                                   std::string_view entry,
                                                   std::chrono::milliseconds time_limit,
                                                   std::function<void()> ended);
  // Ends it; the first reason counts.
  void kill(host::Outcome outcome);

  // REQUIRE: ended was told.
  host::Outcome outcome() const;
  const faaslet::Faaslet& speaker() const { return program_->speaker(); }

 private:
  ProgramRun(boost::asio::io_context& events, std::unique_ptr<threads::Program> program,
             std::function<void()> ended)
      : program_(std::move(program)), ended_(std::move(ended)), event_(events), limit_(events) {}
  Result<void> begin(std::string_view entry, std::chrono::milliseconds time_limit);
  void end();

  std::unique_ptr<threads::Program> program_;
  std::function<void()> ended_;
  boost::asio::posix::stream_descriptor event_;
  boost::asio::steady_timer limit_;
  std::optional<host::Outcome> killed_;
  bool is_ending_ = false;
};

}  // namespace weft::node
