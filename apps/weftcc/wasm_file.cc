#include "wasm_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace weft::cc {

namespace {

constexpr std::array<uint8_t, 8> header = {0, 'a', 's', 'm', 1, 0, 0, 0};
constexpr uint8_t custom_section = 0;

void put_leb(Bytes& out, uint64_t value) {
  do {
    uint8_t low = value & 0x7f;
    value >>= 7;
    out.push_back(low | (value != 0 ? 0x80 : 0));
  } while (value != 0);
}

// Reads an unsigned LEB128 of at most 32 bits at `at` and moves `at` behind it.
Result<uint32_t> take_leb(std::span<const uint8_t> bytes, size_t& at) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 35 && at < bytes.size(); shift += 7) {
    uint8_t byte = bytes[at++];
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0 && value <= UINT32_MAX) {
      return static_cast<uint32_t>(value);
    }
  }
  return error(Error::Kind::corrupt, "the sections do not fit into the file");
}

}  // namespace

bool is_wasm(std::span<const uint8_t> bytes) {
  return bytes.size() >= header.size() && std::ranges::equal(bytes.first(header.size()), header);
}

void append_custom_section(Bytes& module, std::string_view name, std::string_view content) {
  Bytes body;
  put_leb(body, name.size());
  body.insert(body.end(), name.begin(), name.end());
  body.insert(body.end(), content.begin(), content.end());
  module.push_back(custom_section);
  put_leb(module, body.size());
  module.insert(module.end(), body.begin(), body.end());
}

Result<std::string> take_custom_sections(Bytes& module, std::string_view name) {
  std::string contents;
  Bytes rest(module.begin(), module.begin() + static_cast<ptrdiff_t>(header.size()));
  for (size_t at = header.size(); at < module.size();) {
    size_t begin = at;
    uint8_t id = module[at++];
    TRY(size, take_leb(module, at));
    if (size > module.size() - at) {
      return error(Error::Kind::corrupt, "the sections do not fit into the file");
    }
    size_t end = at + size;
    bool wanted = false;
    if (id == custom_section) {
      std::span<const uint8_t> section(module.data(), end);
      TRY(length, take_leb(section, at));
      wanted = length == name.size() && length <= end - at &&
               std::memcmp(module.data() + at, name.data(), length) == 0;
      if (wanted) {
        contents.append(module.begin() + static_cast<ptrdiff_t>(at + length),
                        module.begin() + static_cast<ptrdiff_t>(end));
      }
    }
    if (!wanted) {
      rest.insert(rest.end(), module.begin() + static_cast<ptrdiff_t>(begin),
                  module.begin() + static_cast<ptrdiff_t>(end));
    }
    at = end;
  }
  module = std::move(rest);
  return contents;
}

Result<Bytes> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return io_error(errno, fmt::format("reading {}", path));
  }
  return Bytes{std::istreambuf_iterator<char>(file), {}};
}

Result<void> write_file(const std::string& path, std::span<const uint8_t> bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) {
    return io_error(errno, fmt::format("writing {}", path));
  }
  return {};
}

}  // namespace weft::cc
