// The functions and versions that calls were accepted for, as numbers: records hold these instead
// of the names. A number is given with the first call and never changes.
//
// Invariant: a number is only in the store together with, or after, the record that says what it
// means: until that is known to be written, every batch that uses the number writes it too.
//
// Thread safety: none; the ledger's lock guards it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "call/call.h"
#include "store/store.h"

namespace weft::call {

class Names {
 public:
  // Error corrupt, io.
  [[nodiscard]] Result<void> load(store::Store& store);

  // The version's number. What is not known to be in the store yet is put into the batch.
  uint32_t number(const FunctionName& function, const std::string& version, store::Batch& batch);
  // The batch that number() filled was committed.
  void written(uint32_t version) { versions_[version].written = true; }

  bool knows(uint32_t version) const {
    return version < versions_.size() && versions_[version].function != no_function;
  }
  const std::string& version(uint32_t version) const { return versions_[version].text; }
  uint32_t function_of(uint32_t version) const { return versions_[version].function; }
  const FunctionName& function(uint32_t function) const { return *functions_[function].name; }
  size_t functions() const { return functions_.size(); }

  // By number, those of a namespace, or that one function.
  std::vector<uint32_t> find(const std::optional<std::string>& name_space,
                             const std::optional<std::string>& name) const;

  // A bit for each Reason that an ended call of the function may have.
  uint8_t& kept_reasons(uint32_t function) { return functions_[function].kept_reasons; }

 private:
  struct Function {
    const FunctionName* name;  // the key of by_name_
    std::map<std::string, uint32_t> versions;
    uint8_t kept_reasons = 0;
  };
  static constexpr uint32_t no_function = UINT32_MAX;
  struct Version {
    uint32_t function = no_function;
    std::string text;
    bool written = false;
  };
  uint32_t add_function(const FunctionName& name);

  std::map<FunctionName, uint32_t> by_name_;
  std::vector<Function> functions_;
  std::vector<Version> versions_;
};

}  // namespace weft::call
