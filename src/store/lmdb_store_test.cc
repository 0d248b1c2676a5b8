// What the store on disk does when the disk, the directory or another process are not as they
// should be, and that nothing is acknowledged before it is synced.
//
// The functions that reach the disk are this program's own: LMDB and the store call these, and a
// test makes them fail or looks at their order.
#include "store/lmdb_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <latch>
#include <random>

#include "base/temporary_directory.h"
#include "store/lmdb_environment.h"

namespace {

struct Disk {
  std::atomic<int> write_errno = 0;  // writes fail
  std::atomic<int> root_errno = 0;   // writes of LMDB's root fail
  std::atomic<int> sync_errno = 0;   // data syncs fail
  std::atomic<size_t> syncs = 0;     // data syncs that succeeded
  std::atomic<bool> dirty = false;   // written, and not synced since
};
Disk disk;

ssize_t told(long result) {
  disk.dirty = disk.dirty || result > 0;
  return result;
}

}  // namespace

extern "C" {

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  if (disk.write_errno != 0) {
    errno = disk.write_errno;
    return -1;
  }
  // LMDB writes its root through a descriptor that syncs by itself (O_DSYNC).
  bool synced = (::fcntl(fd, F_GETFL) & O_DSYNC) != 0;
  if (synced && disk.root_errno != 0) {
    errno = disk.root_errno;
    return -1;
  }
  long result = ::syscall(SYS_pwrite64, fd, bytes, size, at);
  return synced ? result : told(result);
}
ssize_t writev(int fd, const iovec* pieces, int count) {
  struct stat status = {};
  bool file = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  if (file && disk.write_errno != 0) {
    errno = disk.write_errno;
    return -1;
  }
  long result = ::syscall(SYS_writev, fd, pieces, count);
  return file ? told(result) : result;
}
int fdatasync(int fd) {
  if (disk.sync_errno != 0) {
    errno = disk.sync_errno;
    return -1;
  }
  int result = static_cast<int>(::syscall(SYS_fdatasync, fd));
  if (result == 0) {
    ++disk.syncs;
    disk.dirty = false;
  }
  return result;
}

}  // extern "C"

namespace weft::store {
namespace {

using testing::HasSubstr;

class LmdbStoreTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void TearDown() override {
    disk.write_errno = 0;
    disk.root_errno = 0;
    disk.sync_errno = 0;
  }
  void open(LmdbOptions options = {}) {
    store_.reset();
    options.directory = directory_.path();
    store_ = open_lmdb(options).value();
  }
  Error refused() { return open_lmdb({.directory = directory_.path()}).error(); }
  Result<void> put(std::string_view key, std::string value) {
    Batch batch;
    batch.put(key, std::move(value));
    return commit_and_wait(*store_, std::move(batch));
  }
  size_t blobs() const {
    std::filesystem::directory_iterator files(directory_.file("blobs"));
    return static_cast<size_t>(std::distance(begin(files), end(files)));
  }
  static std::string large(char c = 'x') { return std::string(inline_max_bytes + 1, c); }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(LmdbStoreTest, what_was_acknowledged_is_there_in_the_next_process) {
  ASSERT_TRUE(put("a", "1"));
  ASSERT_TRUE(put("b", large()));
  open();
  EXPECT_EQ(store_->get("a").value(), "1");
  EXPECT_EQ(store_->get("b").value(), large());
}

TEST_F(LmdbStoreTest, nothing_is_acknowledged_before_it_is_synced) {
  for (const std::string& value : {std::string("small"), large()}) {
    size_t before = disk.syncs;
    std::latch told(1);
    Batch batch;
    batch.put("a", value);
    store_->commit(std::move(batch), [&](Result<void> r) {
      EXPECT_TRUE(r);
      EXPECT_FALSE(disk.dirty);
      EXPECT_GT(disk.syncs, before);
      told.count_down();
    });
    told.wait();
  }
}

TEST_F(LmdbStoreTest, batches_that_wait_share_a_sync) {
  size_t before = disk.syncs;
  constexpr int count = 2000;
  std::latch all(count);
  for (int i = 0; i < count; ++i) {
    Batch batch;
    batch.put(fmt::format("a{}", i), "x");
    store_->commit(std::move(batch), [&](Result<void>) { all.count_down(); });
  }
  all.wait();
  EXPECT_LT(disk.syncs - before, count / 2);
}

TEST_F(LmdbStoreTest, a_full_disk_fails_the_batch_and_the_store_goes_on_when_there_is_room) {
  ASSERT_TRUE(put("a", "before"));
  for (int problem : {ENOSPC, EDQUOT, EFBIG}) {
    for (const std::string& value : {std::string("small"), large()}) {
      disk.write_errno = problem;
      auto full = put("a", value);
      ASSERT_FALSE(full);
      EXPECT_EQ(full.error().kind(), Error::Kind::exhausted);
      EXPECT_THAT(full.error().message(), HasSubstr(directory_.path()));
      EXPECT_THAT(full.error().message(), HasSubstr("free some disk space"));
      auto kept = store_->get("a");
      EXPECT_TRUE(kept) << kept.error().message();
      EXPECT_EQ(kept.value(), "before");
      disk.write_errno = 0;
    }
    ASSERT_TRUE(put("b", "there is room again"));
  }
  EXPECT_EQ(blobs(), 0);
  open();
  EXPECT_EQ(store_->get("a").value(), "before");
  EXPECT_EQ(store_->get("b").value(), "there is room again");
}

TEST_F(LmdbStoreTest, a_file_size_limit_of_the_system_is_a_full_disk) {
  struct rlimit64_values {
    uint64_t now, most;
  } old{}, limited{};
  ASSERT_EQ(::syscall(SYS_prlimit64, 0, 1 /* RLIMIT_FSIZE */, nullptr, &old), 0);
  ::signal(SIGXFSZ, SIG_IGN);
  limited = {1 << 20, old.most};
  ASSERT_EQ(::syscall(SYS_prlimit64, 0, 1, &limited, nullptr), 0);
  Result<void> last;
  int written = 0;
  for (; last && written < 100; ++written) {
    last = put(fmt::format("k{}", written), std::string(50'000, 'v'));
  }
  ::syscall(SYS_prlimit64, 0, 1, &old, nullptr);
  ASSERT_FALSE(last);
  EXPECT_GT(written, 5);
  EXPECT_TRUE(put("more", "room"));
  open();
  EXPECT_EQ(store_->scan({.prefix = "k", .values = Values::without}).value().size(), written - 1);
}

TEST_F(LmdbStoreTest, a_sync_that_fails_acknowledges_nothing) {
  ASSERT_TRUE(put("a", "1"));
  disk.sync_errno = EIO;
  auto failed = put("a", "2");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), Error::Kind::io);
  EXPECT_FALSE(put("b", large()));
  disk.sync_errno = 0;
  EXPECT_EQ(store_->get("a").value(), "1");
  EXPECT_TRUE(put("a", "3"));
  EXPECT_EQ(store_->get("a").value(), "3");
}

TEST_F(LmdbStoreTest, a_root_that_cannot_be_written_acknowledges_nothing_and_the_store_goes_on) {
  ASSERT_TRUE(put("a", "1"));
  disk.root_errno = EIO;
  auto failed = put("a", "2");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), Error::Kind::io);
  disk.root_errno = 0;
  EXPECT_TRUE(store_->get("a"));
  EXPECT_TRUE(put("b", "3"));
  EXPECT_EQ(store_->get("b").value(), "3");
}

TEST_F(LmdbStoreTest, the_map_grows_with_what_is_written) {
  open({.map_bytes = 1 << 20});
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(put(fmt::format("k{:02}", i), std::string(200'000, 'v')));
  }
  EXPECT_EQ(store_->scan({.prefix = "k"}).value().size(), 40);
  open({.map_bytes = 1 << 20});
  EXPECT_EQ(store_->scan({.prefix = "k"}).value().size(), 40);
}

TEST_F(LmdbStoreTest, at_its_limit_the_store_is_full_and_goes_on_when_something_is_erased) {
  open({.map_bytes = 1 << 20, .max_bytes = 4 << 20});
  Result<void> last;
  int written = 0;
  for (; last && written < 1000; ++written) {
    last = put(fmt::format("k{:03}", written), std::string(50'000, 'v'));
  }
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().kind(), Error::Kind::exhausted);
  EXPECT_THAT(last.error().message(), HasSubstr("its limit is 4 MiB"));
  Batch erase;
  for (int i = 0; i < 20; ++i) {
    erase.erase(fmt::format("k{:03}", i));
  }
  ASSERT_TRUE(commit_and_wait(*store_, std::move(erase)));
  EXPECT_TRUE(put("k000", std::string(50'000, 'v')));
}

TEST_F(LmdbStoreTest, a_full_queue_refuses_at_once) {
  open({.queue_max_batches = 2});
  std::latch entered(1);
  std::latch leave(1);
  Batch first;
  first.put("a", "1");
  store_->commit(std::move(first), [&](Result<void>) {
    entered.count_down();
    leave.wait();
  });
  entered.wait();  // the writer stands in an answer
  int refused_batches = 0;
  std::latch all(3);
  for (int i = 0; i < 3; ++i) {
    Batch batch;
    batch.put("b", "2");
    store_->commit(std::move(batch), [&](Result<void> r) {
      if (!r) {
        EXPECT_EQ(r.error().kind(), Error::Kind::exhausted);
        EXPECT_THAT(r.error().message(), HasSubstr("queue is full"));
        ++refused_batches;
      }
      all.count_down();
    });
  }
  EXPECT_EQ(refused_batches, 1);
  leave.count_down();
  all.wait();
  EXPECT_TRUE(put("c", "3"));
}

TEST_F(LmdbStoreTest, a_directory_is_of_one_process) {
  Error error = refused();
  EXPECT_EQ(error.kind(), Error::Kind::conflict);
  EXPECT_THAT(error.message(), HasSubstr(fmt::format("in use by process {}", ::getpid())));
  store_.reset();
  open();
}

TEST_F(LmdbStoreTest, a_directory_without_permission_is_refused_by_name) {
  store_.reset();
  pid_t child = ::fork();
  if (child == 0) {  // somebody who owns nothing here
    ::chmod(directory_.path().c_str(), 0755);
    ::chmod(directory_.file("lock").c_str(), 0644);
    bool denied =
        ::syscall(SYS_setuid, 65534) == 0 || ::chmod(directory_.path().c_str(), 0500) == 0;
    auto opened = open_lmdb({.directory = directory_.path()});
    denied = denied && !opened && opened.error().kind() == Error::Kind::denied;
    auto made = open_lmdb({.directory = directory_.file("new")});
    denied = denied && !made && made.error().kind() == Error::Kind::denied;
    ::_exit(denied ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ::chmod(directory_.path().c_str(), 0700);
  EXPECT_EQ(status, 0);
}

TEST_F(LmdbStoreTest, a_path_that_is_no_directory_is_refused_by_name) {
  std::ofstream(directory_.file("file")) << "text";
  auto file = open_lmdb({.directory = directory_.file("file")});
  EXPECT_EQ(file.error().kind(), Error::Kind::invalid);
  auto orphan = open_lmdb({.directory = directory_.file("no/such")});
  EXPECT_EQ(orphan.error().kind(), Error::Kind::not_found);
  EXPECT_THAT(orphan.error().message(), HasSubstr("parent directory"));
}

TEST_F(LmdbStoreTest, a_newer_versions_directory_is_refused) {
  store_.reset();
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  MDB_dbi own = 0;
  uint32_t newer = 1000;
  ASSERT_EQ(mdb_env_create(&env), 0);
  mdb_env_set_maxdbs(env, 10);
  ASSERT_EQ(mdb_env_open(env, directory_.path().c_str(), 0, 0600), 0);
  ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
  ASSERT_EQ(mdb_dbi_open(txn, "store", 0, &own), 0);
  MDB_val key = as_val("format");
  MDB_val value = {sizeof newer, &newer};
  ASSERT_EQ(mdb_put(txn, own, &key, &value, 0), 0);
  ASSERT_EQ(mdb_txn_commit(txn), 0);
  mdb_env_close(env);
  Error error = refused();
  EXPECT_EQ(error.kind(), Error::Kind::unsupported);
  EXPECT_THAT(error.message(), HasSubstr("newer version of weft (format 1000, this one knows 1)"));
}

TEST_F(LmdbStoreTest, blobs_go_with_the_key_that_had_them) {
  ASSERT_TRUE(put("a", large('1')));
  ASSERT_TRUE(put("b", large('2')));
  EXPECT_EQ(blobs(), 2);
  ASSERT_TRUE(put("a", large('3')));
  ASSERT_TRUE(put("b", "small"));
  EXPECT_EQ(blobs(), 1);
  Batch claim;
  claim.require_absent("a");
  claim.put("c", large());
  EXPECT_FALSE(commit_and_wait(*store_, std::move(claim)));
  EXPECT_EQ(blobs(), 1);
  Batch erase;
  erase.erase("a");
  ASSERT_TRUE(commit_and_wait(*store_, std::move(erase)));
  EXPECT_EQ(blobs(), 0);
}

TEST_F(LmdbStoreTest, blobs_that_nothing_refers_to_are_collected_at_the_start) {
  ASSERT_TRUE(put("a", large('1')));
  store_.reset();
  std::ofstream(directory_.file("blobs/00000000000000ff")) << "of a batch that never came";
  std::ofstream(directory_.file("blobs/README")) << "somebody's";
  open();
  EXPECT_EQ(blobs(), 2);
  EXPECT_EQ(store_->get("a").value(), large('1'));
  ASSERT_TRUE(put("b", large('2')));
  EXPECT_EQ(store_->get("b").value(), large('2'));
}

TEST_F(LmdbStoreTest, a_damaged_or_lost_blob_is_an_error_that_says_so) {
  ASSERT_TRUE(put("a", large('1')));
  std::string blob;
  for (const auto& file : std::filesystem::directory_iterator(directory_.file("blobs"))) {
    blob = file.path();
  }
  {
    std::ofstream(blob, std::ios::in) << "damage";
  }
  EXPECT_EQ(store_->get("a").error().kind(), Error::Kind::corrupt);
  EXPECT_THAT(store_->get("a").error().message(), HasSubstr(blob));
  std::filesystem::resize_file(blob, 10);
  EXPECT_EQ(store_->get("a").error().kind(), Error::Kind::corrupt);
  std::filesystem::remove(blob);
  EXPECT_EQ(store_->get("a").error().kind(), Error::Kind::corrupt);
  EXPECT_EQ(store_->scan({.prefix = "a"}).error().kind(), Error::Kind::corrupt);
  EXPECT_TRUE(put("a", "anew"));
}

}  // namespace
}  // namespace weft::store
