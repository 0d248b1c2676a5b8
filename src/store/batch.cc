#include "store/batch.h"

namespace weft::store {

void Batch::put_large(std::string_view key, std::string&& value) {
  CHECK(value.size() <= max_value_bytes, "a value of {} bytes", value.size());
  size_t number = large_.size();
  add(Kind::put_large, key, {reinterpret_cast<const char*>(&number), sizeof number});
  large_bytes_ += value.size();
  large_.push_back(std::move(value));
}

void Batch::append(const Batch& other) {
  other.each([this](const Step& s) {
    if (s.kind == Kind::put_large) {
      put_large(s.key, std::string(s.value));
    } else {
      add(s.kind, s.key, s.value);
    }
    return true;
  });
}

}  // namespace weft::store
