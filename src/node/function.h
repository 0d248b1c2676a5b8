// A version of a function, as it was deployed: what never changes of it, and whether it is
// prepared.
//
// *Prepared* is what calls start from: code mapped and, for a program without threads, an image at
// its ready point. It is made when the first call comes, shared by all cores, and dropped again
// when no call has come for long.
//
// Thread safety: terms and names are constant; prepared(), prepare() and drop() are safe from any
// thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/code_file.h"
#include "faaslet/pool.h"
#include "instance/instance.h"
#include "wasi/config.h"

namespace weft::node {

// What a call of the function gets and may use.
struct Terms {
  std::string entry = "_start";
  std::vector<std::string> args;  // before those of the call; the program's name is not among them
  std::vector<std::string> env;   // "NAME=VALUE"
  std::vector<wasi::GrantedDirectory> directories;
  instance::Limits limits;
  std::chrono::milliseconds time_limit = std::chrono::seconds(60);
  std::optional<std::chrono::nanoseconds> cpu_limit = {};
  uint64_t output_bytes = uint64_t{16} << 20;
  uint64_t log_bytes = uint64_t{1} << 20;
  uint32_t open_files = 256;
  uint32_t concurrency = 1000;  // calls at a time; others wait
  uint32_t threads_max = 64;
  uint32_t cores = 1;  // of a program with threads
  uint32_t warm = 0;   // slots kept on each core though nobody calls
  faaslet::ReadyPoint ready_point = faaslet::ReadyPoint::initialised;
};

// So few calls at a time that one core takes them all, for them to be counted in one place.
inline bool is_few(const Terms& terms, uint32_t cores) { return terms.concurrency < 8 * cores; }

struct Prepared {
  std::shared_ptr<const engine::CodeFile> code;
  // None for a program with threads; several when each has a slot of its own (faaslet/pool.h).
  std::vector<std::shared_ptr<const faaslet::Template>> templates;
};

class Function {
 public:
  struct Name {
    std::string space;  // the namespace
    std::string name;
    std::string version;
  };
  using PreparedResult = Result<std::shared_ptr<const Prepared>>;
  using WhenPrepared = std::function<void(const PreparedResult&)>;

  Function(Name name, Terms terms, std::string module_path)
      : name_(std::move(name)), terms_(std::move(terms)), module_path_(std::move(module_path)) {}

  const std::string& space() const { return name_.space; }
  const std::string& name() const { return name_.name; }
  const std::string& version() const { return name_.version; }
  std::string full_name() const { return name_.space + "/" + name_.name; }
  const Terms& terms() const { return terms_; }
  const std::string& module_path() const { return module_path_; }

  std::shared_ptr<const Prepared> prepared() const;
  // Adds to those who are told. True for the first one, who has to see to it that prepared_as() is
  // called.
  bool wait_for_preparation(WhenPrepared when);
  // Tells all who wait, on the calling thread.
  void prepared_as(PreparedResult result);
  // Calls that run keep what they run from.
  void drop();

 private:
  const Name name_;
  const Terms terms_;
  const std::string module_path_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Prepared> prepared_;
  std::vector<WhenPrepared> waiting_;
};

}  // namespace weft::node
