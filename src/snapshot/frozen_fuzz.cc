// Any bytes are a file of a frozen guest: it is refused or accepted, and never more than read. The
// checksum of the header is put right first, so that what lies behind it is reached.
#include <sys/mman.h>

#include <cstring>

#include "snapshot/frozen.h"
#include "snapshot/frozen_format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weft;
  using namespace weft::snapshot;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  FrozenHeader header;
  if (size >= sizeof header) {
    std::memcpy(static_cast<void*>(&header), bytes.data(), sizeof header);
    header.magic = frozen_magic;
    header.version = frozen_version;
    header.header_bytes = sizeof header;
    header.file_bytes %= size + 1;
    if (header.description_begin < size &&
        header.description_bytes <= size - header.description_begin) {
      header.description_checksum =
          checksum_of(bytes.data() + header.description_begin, header.description_bytes);
    }
    header.checksum = checksum_of(header);
    std::memcpy(bytes.data(), &header, sizeof header);
  }
  UniqueFd fd(::memfd_create("weft-fuzz", MFD_CLOEXEC));
  if (!write_at(fd.value(), bytes.data(), bytes.size(), 0)) {
    return 0;
  }
  auto frozen = Frozen::open(std::move(fd), "fuzz");
  (void)parse_description({reinterpret_cast<const char*>(data), size});
  return 0;
}
