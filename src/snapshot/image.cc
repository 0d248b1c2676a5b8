#include "snapshot/image.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace weft::snapshot {

namespace {

// One part of the file: what lies between stored pages is mapped with them, so that ten thousand
// guests stay far below the kernel's limit on mappings. What follows the last is opened as zeros.
constexpr size_t image_pieces = 1;

}  // namespace

Result<std::shared_ptr<const Image>> Image::take(const instance::Instance& instance, Stand stand,
                                                 const slot::DirtyPages& dirty,
                                                 const PageFile* under) {
  CHECK(instance.code().info().linking == engine::Linking::closed);
  std::shared_ptr<Image> image(new Image());
  image->extent_ = extent_of(instance);
  const std::byte* base = cpu::base_of(instance.head());
  if (stand != Stand::idle) {
    auto distance =
        reinterpret_cast<uint64_t>(base) - reinterpret_cast<uint64_t>(slot::SlotPool::base_of(0));
    image->slot_ = static_cast<uint32_t>(distance / slot::stride_bytes);
  }
  int64_t begin = live_stack(instance, stand);
  TRY(live, live_pages(dirty, base, begin, image->extent_.end(),
                       under != nullptr ? under->runs() : Runs{}));
  UniqueFd fd(::memfd_create("weft-image", MFD_CLOEXEC));
  if (!fd) {
    return io_error(errno, "making a memory file for an image");
  }
  TRY(stored, write_pages(fd.value(), 0, begin, base, live, host_fields(instance.code().info()),
                          Checksums::none));
  Runs runs = runs_of(stored);
  CHECK(!runs.empty(), "an instance block is never all zeros");
  image->view_bytes_ = static_cast<uint64_t>(runs.back().end - begin);
  void* view = ::mmap(nullptr, image->view_bytes_, PROT_READ, MAP_SHARED, fd.value(), 0);
  if (view == MAP_FAILED) {
    return io_error(errno, "mapping an image");
  }
  image->view_ = static_cast<const std::byte*>(view);
  image->pages_ = std::make_shared<PageFile>(std::move(fd), 0, begin, std::move(runs));
  image->layout_ = image->pages_->layout(image->extent_, image_pieces);
  return std::shared_ptr<const Image>(std::move(image));
}

Image::~Image() {
  if (view_ != nullptr) {
    ::munmap(const_cast<std::byte*>(view_), view_bytes_);
  }
}

uint64_t Image::stored_bytes() const {
  uint64_t bytes = 0;
  for (const Run& run : pages_->runs()) {
    bytes += run.bytes();
  }
  return bytes;
}

Result<slot::Slot> Image::acquire_slot(slot::SlotPool& pool, std::optional<uint32_t> index) const {
  if (!slot_ && !index) {
    return pool.acquire(layout_);
  }
  uint32_t wanted = index ? *index : *slot_;
  CHECK(!slot_ || *slot_ == wanted, "an image of slot {} cannot live in slot {}", *slot_, wanted);
  TRY(slot, pool.acquire_at(wanted));
  TRY_VOID(slot.arrange(layout_));
  return std::move(slot);
}

const std::byte* Image::page(int64_t offset) const {
  const Runs& runs = pages_->runs();
  auto after = std::ranges::upper_bound(runs, offset, {}, &Run::begin);
  if (after == runs.begin() || (after - 1)->end <= offset) {
    return nullptr;
  }
  return view_ + (offset - pages_->begin());
}

}  // namespace weft::snapshot
