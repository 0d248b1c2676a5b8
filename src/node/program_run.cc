#include "node/program_run.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

namespace weft::node {

using boost::asio::posix::stream_descriptor;

Result<std::unique_ptr<ProgramRun>> ProgramRun::start(boost::asio::io_context& events, Site& site,
                                                      const Prepared& prepared, const Terms& terms,
                                                      const faaslet::ImportFactory& imports,
                                                      std::string_view entry,
                                                      std::chrono::milliseconds time_limit,
                                                      std::function<void()> ended) {
  threads::Program::Options options{
      .cores = std::clamp(terms.cores, 1U, site.cores),
      .threads_max = terms.threads_max,
      .limits = terms.limits,
  };
  TRY(program, threads::Program::create(prepared.code, site.slots, imports, options));
  std::unique_ptr<ProgramRun> run(new ProgramRun(events, std::move(program), std::move(ended)));
  TRY_VOID(run->begin(entry, time_limit));
  return run;
}

Result<void> ProgramRun::begin(std::string_view entry, std::chrono::milliseconds time_limit) {
  // The event loop owns a copy: the program closes its own.
  int copy = dup(program_->ended_event());
  boost::system::error_code refused;
  refused = event_.assign(copy, refused);
  if (copy < 0 || refused) {
    int reason = copy < 0 ? errno : refused.value();
    if (copy >= 0) {
      ::close(copy);
    }
    return io_error(reason, "watching a program with threads");
  }
  TRY_VOID(program_->call(entry));
  TRY_VOID(program_->start());
  event_.async_wait(stream_descriptor::wait_read, [this](const boost::system::error_code& failed) {
    if (!failed) {
      end();
    }
  });
  limit_.expires_after(time_limit);
  limit_.async_wait([this, time_limit](const boost::system::error_code& cancelled) {
    if (!cancelled) {
      kill(host::TimedOut{time_limit});
    }
  });
  return {};
}

void ProgramRun::kill(host::Outcome outcome) {
  if (is_ending_) {
    return;
  }
  killed_ = std::move(outcome);
  boost::asio::post(event_.get_executor(), [this] { end(); });
}

void ProgramRun::end() {
  if (std::exchange(is_ending_, true)) {
    return;
  }
  event_.cancel();
  limit_.cancel();
  program_->stop();
  // `ended` may destroy this.
  auto ended = std::move(ended_);
  ended();
}

host::Outcome ProgramRun::outcome() const {
  if (program_->speaker().state() == faaslet::State::ended) {
    return program_->speaker().result();
  }
  CHECK(killed_.has_value(), "a program that was stopped has not ended and was not killed");
  return *killed_;
}

}  // namespace weft::node
