#include "store/lmdb_check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "base/unique_fd.h"

namespace weft::store {

namespace {

// --- LMDB's structures

enum PageFlag : uint16_t { branch = 1, leaf = 2, overflow = 4, meta = 8 };
enum NodeFlag : uint16_t { big_data = 1, sub_data = 2 };

struct PageHead {
  uint64_t number;
  uint16_t unused;
  uint16_t flags;
  uint16_t lower;  // of an overflow run: its length, with upper
  uint16_t upper;
};
struct TreeRecord {
  uint32_t page_bytes;  // in the tree of free pages alone
  uint16_t flags;
  uint16_t depth;
  uint64_t branch_pages, leaf_pages, overflow_pages, entries;
  uint64_t root;
};
struct Meta {
  uint32_t magic;
  uint32_t version;
  uint64_t address;
  uint64_t map_bytes;
  TreeRecord free_pages;
  TreeRecord tables;
  uint64_t last_page;
  uint64_t transaction;
};
struct NodeHead {
  uint16_t low, high;  // size of the data; of a branch: the child, with flags
  uint16_t flags;
  uint16_t key_bytes;
};

constexpr uint32_t magic = 0xBEEFC0DE;
constexpr uint32_t data_version = 1;
constexpr uint64_t no_page = UINT64_MAX;
constexpr uint16_t integer_keys = 8;
constexpr uint16_t depth_max = 32;
constexpr size_t key_max = 511;

class Checker {
 public:
  explicit Checker(std::string_view file) : file_(file) {}

  // What is wrong; empty: nothing.
  std::string check() {
    auto root = pick_meta();
    if (!root) {
      return problem_;
    }
    state_.assign(file_.size() / page_bytes_, Page::unknown);
    state_[0] = state_[1] = Page::used;
    last_page_ = root->last_page;
    bool whole = tree(root->free_pages, Tree::free_pages) && tree(root->tables, Tree::tables);
    for (size_t i = 0; whole && i < trees_.size(); ++i) {
      whole = tree(trees_[i], Tree::table);
    }
    for (size_t i = 0; whole && i < free_.size(); ++i) {
      uint64_t page = free_[i];
      bool used = page < state_.size() && state_[page] == Page::used;
      whole =
          page > 1 && page <= last_page_ && !used ? true : fail("a page is free and in use", page);
    }
    return problem_;
  }

 private:
  enum class Page : uint8_t { unknown, used };
  enum class Tree : uint8_t { free_pages, tables, table };

  bool fail(std::string_view what, uint64_t page) {
    problem_ = fmt::format("{} (page {})", what, page);
    return false;
  }
  template <class T>
  T at(uint64_t offset) const {
    T value;
    std::memcpy(&value, file_.data() + offset, sizeof value);
    return value;
  }

  std::optional<Meta> pick_meta() {
    constexpr size_t least_page = 4096;
    constexpr size_t most_page = 65536;
    if (file_.size() < 2 * least_page) {
      fail("the file is cut short", 0);
      return std::nullopt;
    }
    page_bytes_ = at<Meta>(sizeof(PageHead)).free_pages.page_bytes;
    bool possible = page_bytes_ >= least_page && page_bytes_ <= most_page &&
                    (page_bytes_ & (page_bytes_ - 1)) == 0 && file_.size() >= 2 * page_bytes_;
    std::optional<Meta> newest;
    for (uint64_t page = 0; page < 2; ++page) {
      auto head = possible ? at<PageHead>(page * page_bytes_) : PageHead{};
      auto m = possible ? at<Meta>(page * page_bytes_ + sizeof head) : Meta{};
      constexpr uint64_t map_most = uint64_t{1} << 46;
      if (!possible || head.number != page || (head.flags & meta) == 0 || m.magic != magic ||
          m.version != data_version || m.free_pages.page_bytes != page_bytes_ ||
          m.map_bytes > map_most || m.last_page > map_most / page_bytes_) {
        fail("a root page is damaged", page);
        return std::nullopt;
      }
      if (!newest || m.transaction > newest->transaction) {
        newest = m;
      }
    }
    return newest;
  }

  bool claim(uint64_t page, uint64_t count) {
    if (page > last_page_ || count > last_page_ + 1 - page || page + count > state_.size()) {
      return fail("the file is cut short, or a page's number is damaged", page);
    }
    for (uint64_t i = page; i < page + count; ++i) {
      if (state_[i] == Page::used) {
        return fail("a page is in use twice", i);
      }
      state_[i] = Page::used;
    }
    return true;
  }

  bool tree(const TreeRecord& record, Tree kind) {
    uint16_t expected = kind == Tree::free_pages ? integer_keys : 0;
    if (record.flags != expected || record.depth > depth_max) {
      return fail("a tree's record is damaged", record.root);
    }
    before_ = {};
    return record.root == no_page ? true : page(record.root, record.depth, kind);
  }

  bool page(uint64_t number, uint16_t depth, Tree kind) {
    if (!claim(number, 1)) {
      return false;
    }
    auto head = at<PageHead>(number * page_bytes_);
    bool is_leaf = depth == 1;
    bool sane = head.number == number && head.flags == (is_leaf ? leaf : branch) && depth > 0 &&
                head.lower >= sizeof head && head.lower <= head.upper &&
                head.upper <= page_bytes_ && head.lower % 2 == 0;
    size_t nodes = sane ? (head.lower - sizeof head) / 2 : 0;
    if (!sane || nodes < (is_leaf ? 1 : 2)) {
      return fail("a page is damaged", number);
    }
    for (size_t i = 0; i < nodes; ++i) {
      auto offset = at<uint16_t>(number * page_bytes_ + sizeof head + 2 * i);
      if (offset < head.upper || offset % 2 != 0 || offset + sizeof(NodeHead) > page_bytes_) {
        return fail("a page's offset is damaged", number);
      }
      if (!(is_leaf ? leaf_node(number, offset, kind)
                    : branch_node(number, offset, i, depth, kind))) {
        return false;
      }
    }
    return true;
  }

  bool branch_node(uint64_t number, uint16_t offset, size_t i, uint16_t depth, Tree kind) {
    auto node = at<NodeHead>(number * page_bytes_ + offset);
    if (node.key_bytes > key_max || offset + sizeof node + node.key_bytes > page_bytes_) {
      return fail("a key's size is damaged", number);
    }
    uint64_t child = node.low | uint64_t{node.high} << 16 | uint64_t{node.flags} << 32;
    std::string_view key =
        file_.substr(number * page_bytes_ + offset + sizeof node, node.key_bytes);
    // The first key of a branch page stands for all below it, and is not looked at.
    bool ordered = i == 0 || kind == Tree::free_pages || before_ < key;
    return ordered ? page(child, static_cast<uint16_t>(depth - 1), kind)
                   : fail("keys are not in order", number);
  }

  bool leaf_node(uint64_t number, uint16_t offset, Tree kind) {
    uint64_t begin = number * page_bytes_ + offset;
    auto node = at<NodeHead>(begin);
    uint64_t data_bytes = node.low | uint64_t{node.high} << 16;
    bool big = node.flags == big_data;
    uint64_t held = sizeof node + node.key_bytes + (big ? sizeof(uint64_t) : data_bytes);
    bool flags_fit = node.flags == 0 || big || (node.flags == sub_data && kind == Tree::tables);
    if (!flags_fit || node.key_bytes == 0 || node.key_bytes > key_max ||
        offset + held > page_bytes_) {
      return fail("an entry is damaged", number);
    }
    std::string_view key = file_.substr(begin + sizeof node, node.key_bytes);
    std::string_view data = file_.substr(begin + sizeof node + node.key_bytes);
    if (kind == Tree::free_pages ? key.size() != sizeof(uint64_t) : !(before_ < key)) {
      return fail("keys are not in order", number);
    }
    before_ = key;
    if (big) {
      uint64_t run = at<uint64_t>(begin + sizeof node + node.key_bytes);
      if (!overflow_run(run, data_bytes)) {
        return false;
      }
      data = file_.substr(run * page_bytes_ + sizeof(PageHead));
    }
    data = data.substr(0, data_bytes);
    if (node.flags == sub_data) {
      return table(data) || fail("a table's record is damaged", number);
    }
    if (kind == Tree::tables) {
      return fail("an entry is no table", number);
    }
    return kind != Tree::free_pages || free_list(data) ||
           fail("a list of free pages is damaged", number);
  }

  bool overflow_run(uint64_t page, uint64_t data_bytes) {
    if (page >= state_.size()) {
      return fail("the file is cut short, or a page's number is damaged", page);
    }
    auto head = at<PageHead>(page * page_bytes_);
    uint64_t pages = head.lower | uint64_t{head.upper} << 16;
    uint64_t needed = (sizeof head + data_bytes + page_bytes_ - 1) / page_bytes_;
    if (head.number != page || head.flags != overflow || pages < needed) {
      return fail("a large entry is damaged", page);
    }
    return claim(page, pages);
  }

  bool table(std::string_view data) {
    TreeRecord record;
    if (data.size() != sizeof record) {
      return false;
    }
    std::memcpy(&record, data.data(), sizeof record);
    trees_.push_back(record);
    return true;
  }

  // A count, and as many page numbers.
  bool free_list(std::string_view data) {
    uint64_t count = 0;
    if (data.size() < sizeof count || data.size() % sizeof count != 0) {
      return false;
    }
    std::memcpy(&count, data.data(), sizeof count);
    if (count > data.size() / sizeof count - 1) {
      return false;
    }
    size_t begin = free_.size();
    free_.resize(begin + count);
    if (count > 0) {
      std::memcpy(&free_[begin], data.data() + sizeof count, count * sizeof count);
    }
    return true;
  }

  std::string_view file_;
  size_t page_bytes_ = 0;
  uint64_t last_page_ = 0;
  std::vector<Page> state_;
  std::vector<TreeRecord> trees_;
  std::vector<uint64_t> free_;
  std::string_view before_;  // the last key seen in this tree
  std::string problem_;
};

}  // namespace

Result<void> check_lmdb_file(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) {
    return {};
  }
  struct stat status = {};
  if (!fd || ::fstat(fd.value(), &status) != 0) {
    return io_error(errno, "opening " + path);
  }
  auto size = static_cast<size_t>(status.st_size);
  if (size == 0) {
    return {};
  }
  void* map = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.value(), 0);
  if (map == MAP_FAILED) {
    return io_error(errno, "reading " + path);
  }
  std::string problem = Checker({static_cast<const char*>(map), size}).check();
  ::munmap(map, size);
  if (!problem.empty()) {
    return error(Error::Kind::corrupt,
                 "{} is damaged: {}; restore the directory from a backup, or move it away", path,
                 problem);
  }
  return {};
}

}  // namespace weft::store
