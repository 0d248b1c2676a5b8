#include "node/terms.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace weft::node {

namespace {

using manifest::NodeConfig;
using manifest::SecretSource;

Result<std::string> secret(const std::string& space, const std::string& name,
                           const NodeConfig& config) {
  auto of_space = config.secrets.find(space);
  if (of_space == config.secrets.end() || !of_space->second.contains(name)) {
    return error(Error::Kind::not_found,
                 "the secret {} is not in the node's configuration ([secrets.{}])", name, space);
  }
  const SecretSource& source = of_space->second.at(name);
  if (source.kind == SecretSource::Kind::variable) {
    const char* value = std::getenv(source.name.c_str());
    if (value == nullptr) {
      return error(Error::Kind::not_found, "the secret {} is env:{}, which the node does not have",
                   name, source.name);
    }
    return std::string(value);
  }
  std::ifstream file(source.name, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return error(Error::Kind::io, "the secret {} cannot be read from {}", name, source.name);
  }
  std::string value = std::move(text).str();
  if (value.ends_with('\n')) {
    value.pop_back();
  }
  return value;
}

Result<wasi::GrantedDirectory> directory(const manifest::Directory& wanted,
                                         const NodeConfig& config) {
  auto volume = config.volumes.find(wanted.volume);
  if (volume == config.volumes.end()) {
    return error(Error::Kind::not_found,
                 "the volume {} is not in the node's configuration ([volumes])", wanted.volume);
  }
  return wasi::GrantedDirectory{.host_path = volume->second,
                                .guest_path = wanted.guest_path,
                                .access = wanted.read_only
                                              ? wasi::GrantedDirectory::Access::read_only
                                              : wasi::GrantedDirectory::Access::read_write};
}

faaslet::ReadyPoint ready_point(manifest::Ready ready) {
  switch (ready) {
    case manifest::Ready::start:
      return faaslet::ReadyPoint::initialised;
    case manifest::Ready::announced:
      return faaslet::ReadyPoint::announced;
    case manifest::Ready::first_wait:
      return faaslet::ReadyPoint::first_wait;
  }
  return faaslet::ReadyPoint::initialised;
}

}  // namespace

Result<Terms> terms_of(const std::string& space, const manifest::FunctionSpec& spec,
                       const NodeConfig& config) {
  const manifest::Limits& limits = spec.limits;
  Terms terms;
  terms.entry = spec.entry;
  terms.args = spec.args;
  for (const auto& [name, value] : spec.env) {
    terms.env.push_back(fmt::format("{}={}", name, value));
  }
  for (const auto& [name, reference] : spec.secrets) {
    TRY(value, secret(space, reference, config));
    terms.env.push_back(fmt::format("{}={}", name, value));
  }
  for (const manifest::Directory& wanted : spec.directories) {
    TRY(granted, directory(wanted, config));
    terms.directories.push_back(std::move(granted));
  }
  terms.limits.stack_bytes = (limits.stack_bytes + slot::page_bytes - 1) & ~(slot::page_bytes - 1);
  terms.limits.memory_pages =
      std::clamp<uint64_t>(limits.memory_bytes / wasm::page_bytes, 1, wasm::max_memory_pages);
  terms.time_limit = std::chrono::ceil<std::chrono::milliseconds>(limits.time);
  terms.cpu_limit = limits.cpu_time;
  terms.output_bytes = limits.output_bytes;
  terms.log_bytes = limits.log_bytes;
  terms.open_files = limits.files;
  terms.concurrency = limits.concurrency;
  terms.threads_max = limits.threads;
  terms.cores = limits.cores;
  terms.warm = spec.warm;
  terms.ready_point = ready_point(spec.ready);
  return terms;
}

}  // namespace weft::node
