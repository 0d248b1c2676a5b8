// Values to bytes and back, for formats of our own: both directions go through one description of
// the fields.
//
//   template <class A> void fields(A& a, Point& p) { a(p.x, p.y); }      found by
//   argument-dependent look-up std::string bytes = archive_write(point); Result<Point> back =
//   archive_read<Point>(bytes);
//
// Little endian, lengths as 64 bits, no type tags: a format that changes needs a version number of
// its own around it. Reading trusts nothing: a length beyond the bytes that are left is an Error
// corrupt, and nothing is allocated for it. An ArchivedTable is not copied out of the bytes: it
// shows them where they are, so they must outlive it. Thread safety: values.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"

namespace weft {

// A structure whose memory is written as it stands, a vector of them at once. To be specialised,
// for types without padding.
template <class T>
inline constexpr bool archived_as_bytes = false;

template <class T>
concept ArchiveBytes = std::is_arithmetic_v<T> || std::is_enum_v<T> ||
                       (archived_as_bytes<T> && std::is_trivially_copyable_v<T> &&
                        std::has_unique_object_representations_v<T>);

// A table of plain values: its own, or those in the bytes that it was read from. In an archive it
// begins at a multiple of table_alignment, from the archive's first byte.
template <ArchiveBytes T>
class ArchivedTable {
 public:
  ArchivedTable() = default;
  explicit ArchivedTable(std::vector<T> values) : own_(std::move(values)), shown_(own_) {}
  static ArchivedTable showing(std::span<const T> values) {
    ArchivedTable table;
    table.shown_ = values;
    return table;
  }
  // A vector that is moved keeps its place in memory.
  ArchivedTable(ArchivedTable&& other) noexcept
      : own_(std::move(other.own_)), shown_(std::exchange(other.shown_, {})) {}
  ArchivedTable& operator=(ArchivedTable&& other) noexcept {
    own_ = std::move(other.own_);
    shown_ = std::exchange(other.shown_, {});
    return *this;
  }
  ~ArchivedTable() = default;

  auto begin() const { return shown_.begin(); }
  auto end() const { return shown_.end(); }
  size_t size() const { return shown_.size(); }
  bool empty() const { return shown_.empty(); }
  const T& operator[](size_t i) const { return shown_[i]; }
  const T& back() const { return shown_.back(); }

 private:
  std::vector<T> own_;
  std::span<const T> shown_;
};

inline constexpr size_t table_alignment = 8;

class ArchiveWriter {
 public:
  template <class... T>
  void operator()(T&... values) {
    (put(values), ...);
  }
  std::string take() { return std::move(out_); }

 private:
  template <ArchiveBytes T>
  void put(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void put(std::string& text) {
    put(static_cast<uint64_t>(text.size()));
    out_ += text;
  }
  template <class T>
  void put(std::vector<T>& values) {
    put(static_cast<uint64_t>(values.size()));
    if constexpr (ArchiveBytes<T>) {
      out_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    } else {
      for (T& value : values) {
        put(value);
      }
    }
  }
  template <class T>
  void put(ArchivedTable<T>& table) {
    static_assert(table_alignment % alignof(T) == 0);
    put(static_cast<uint64_t>(table.size()));
    out_.resize((out_.size() + table_alignment - 1) & ~(table_alignment - 1));
    if (!table.empty()) {
      out_.append(reinterpret_cast<const char*>(&table[0]), table.size() * sizeof(T));
    }
  }
  template <class T>
  void put(std::optional<T>& value) {
    put(static_cast<uint8_t>(value.has_value()));
    if (value) {
      put(*value);
    }
  }
  template <class T>
    requires(!ArchiveBytes<T>)
  void put(T& value) {
    fields(*this, value);
  }

  std::string out_;
};

class ArchiveReader {
 public:
  explicit ArchiveReader(std::string_view bytes) : left_(bytes), begin_(bytes.data()) {}
  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }
  bool ok() const { return ok_; }
  bool at_end() const { return left_.empty(); }

 private:
  const char* take(uint64_t count) {
    if (count > left_.size()) {
      ok_ = false;
      left_.remove_prefix(left_.size());
      return nullptr;
    }
    const char* bytes = left_.data();
    left_.remove_prefix(count);
    return bytes;
  }
  template <ArchiveBytes T>
  void get(T& value) {
    const char* bytes = take(sizeof(T));
    if constexpr (std::is_same_v<T, bool>) {
      value = bytes != nullptr && *bytes != 0;
    } else if (bytes != nullptr) {
      std::memcpy(&value, bytes, sizeof(T));
    }
  }
  void get(std::string& text) {
    uint64_t size = 0;
    get(size);
    const char* bytes = take(size);
    text.assign(bytes != nullptr ? bytes : "", bytes != nullptr ? size : 0);
  }
  template <class T>
  void get(std::vector<T>& values) {
    uint64_t size = 0;
    get(size);
    values.clear();
    if constexpr (ArchiveBytes<T>) {
      const char* bytes =
          size <= left_.size() / sizeof(T) ? take(size * sizeof(T)) : take(UINT64_MAX);
      if (bytes != nullptr && size != 0) {
        values.resize(size);
        std::memcpy(values.data(), bytes, size * sizeof(T));
      }
    } else {
      if (size > left_.size()) {  // an element takes one byte at least
        ok_ = false;
        return;
      }
      for (uint64_t i = 0; i < size && ok_; ++i) {
        get(values.emplace_back());
      }
    }
  }
  template <class T>
  void get(ArchivedTable<T>& table) {
    uint64_t size = 0;
    get(size);
    auto used = static_cast<uint64_t>(left_.data() - begin_);
    take(-used & (table_alignment - 1));
    bool fits = size <= left_.size() / sizeof(T) &&
                reinterpret_cast<uintptr_t>(left_.data()) % alignof(T) == 0;
    const char* bytes = take(fits ? size * sizeof(T) : UINT64_MAX);
    auto* values = reinterpret_cast<const T*>(bytes);
    table = ArchivedTable<T>::showing({values, bytes == nullptr ? 0 : size});
  }
  template <class T>
  void get(std::optional<T>& value) {
    uint8_t present = 0;
    get(present);
    value.reset();
    if (present != 0) {
      get(value.emplace());
    }
  }
  template <class T>
    requires(!ArchiveBytes<T>)
  void get(T& value) {
    fields(*this, value);
  }

  std::string_view left_;
  const char* begin_;
  bool ok_ = true;
};

template <class T>
std::string archive_write(const T& value) {
  ArchiveWriter writer;
  writer(const_cast<T&>(value));  // one description of the fields serves both ways
  return writer.take();
}

template <class T>
Result<T> archive_read(std::string_view bytes) {
  ArchiveReader reader(bytes);
  T value{};
  reader(value);
  if (!reader.ok() || !reader.at_end()) {
    return error(Error::Kind::corrupt, "truncated or damaged data");
  }
  return value;
}

}  // namespace weft
