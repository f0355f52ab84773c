#include "fsd/store/index.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <string>

#include "fsd/store/file.h"
#include "fsd/store/little_endian.h"

namespace meshfs::fsd {

static Error lmdb_error(int code, const std::string& folder, const std::string& doing) {
  if (code == EIO || code == ENOSPC) {
    struct statvfs disk {};
    const bool known = ::statvfs(folder.c_str(), &disk) == 0;
    // LMDB answers EIO where the kernel said ENOSPC in the middle of a page.
    if (code == ENOSPC || (known && std::uint64_t{disk.f_bavail} * disk.f_frsize < 1024 * 1024)) {
      return error(Errc::no_space, "cannot " + doing + ": the disk is full; free some space");
    }
  }
  return error(Errc::io,
               "cannot " + doing + ": " + mdb_strerror(code) + "; it is rebuilt from the log at the next start");
}

// LMDB maps its file and reads where the file says: a truncated one ends in SIGBUS. So the two meta pages are looked at
// first (lmdb.h's layout, data version 1: page header 16 bytes on 64-bit machines, then MDB_meta).
static Status look_sound(const std::string& path) {
  static constexpr std::size_t kWord = sizeof(std::size_t);
  static constexpr std::size_t kPageHeader = kWord + 8;  // page number, pad, flags, bounds
  static constexpr std::size_t kDatabase = 8 + 5 * kWord;
  static constexpr std::size_t kMeta = kPageHeader;
  static constexpr std::size_t kDatabases = kMeta + 8 + 2 * kWord;
  static constexpr std::size_t kLastPage = kDatabases + 2 * kDatabase;
  auto file = File::open(path, O_RDONLY);
  if (!file) return file.failure();
  auto size = (*file)->size();
  if (!size) return size.failure();
  const auto number = [](ByteView page, std::size_t at, std::size_t bytes) {
    std::uint64_t value = 0;  // LMDB's file is in the machine's own byte order
    if (bytes == 8) {
      std::memcpy(&value, page.data() + at, 8);
    } else {
      std::uint32_t small = 0;
      std::memcpy(&small, page.data() + at, 4);
      value = small;
    }
    return value;
  };
  const auto wrong = [](const std::string& what) {
    return error(Errc::bad_bytes, "the index is damaged (" + what + "); it is rebuilt from the log");
  };
  std::uint64_t page_bytes = 0, newest = 0, last_page = 0;
  for (int i = 0; i < 2; ++i) {
    std::array<std::uint8_t, kLastPage + 2 * kWord> page;
    auto got = (*file)->read_at(static_cast<std::uint64_t>(i) * page_bytes, page);
    if (!got) return got.failure();
    if (*got != page.size()) return wrong("it is too short");
    if (number(page, kMeta, 4) != 0xBEEFC0DE || number(page, kMeta + 4, 4) != 1)
      return wrong("its meta pages are not LMDB's");
    page_bytes = number(page, kDatabases, 4);
    if (page_bytes < 512 || page_bytes > 65536 || (page_bytes & (page_bytes - 1)) != 0) return wrong("its page size");
    const std::uint64_t transaction = number(page, kLastPage + kWord, kWord);
    const std::uint64_t last = number(page, kLastPage, kWord);
    if (i == 0 || transaction > newest) {
      newest = transaction;
      last_page = last;
    }
  }
  if (last_page > (std::uint64_t{1} << 40) / page_bytes || (last_page + 1) * page_bytes > *size)
    return wrong("it was truncated");
  return {};
}

Result<std::unique_ptr<Index>> Index::open(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return disk_error(errno, "make the folder of the index");
  const std::string path = folder + "/data.mdb";
  std::size_t map_bytes = kMapBytes;
  struct stat st {};
  if (::stat(path.c_str(), &st) == 0 && st.st_size > 0) {
    if (auto s = look_sound(path); !s) return s.failure();
    while (map_bytes / 2 < static_cast<std::uint64_t>(st.st_size)) map_bytes *= 2;
  }
  std::unique_ptr<Index> index(new Index);
  index->folder_ = folder;
  const auto wrong = [&](int code) {
    return error(Errc::bad_bytes, lmdb_error(code, folder, "open the index").message);
  };
  if (int rc = mdb_env_create(&index->env_); rc != 0) return wrong(rc);
  mdb_env_set_mapsize(index->env_, map_bytes);
  mdb_env_set_maxdbs(index->env_, 4);
  // NORDAHEAD: 60x faster under a router's memory. NOMETASYNC: a power cut may cost the last checkpoint, which the log
  // replays; one flush less per commit. NOTLS: no reader is ever tied to a thread.
  static constexpr unsigned kFlags = MDB_NORDAHEAD | MDB_NOMETASYNC | MDB_NOTLS;
  if (int rc = mdb_env_open(index->env_, folder.c_str(), kFlags, 0600); rc != 0) {
    const Error failure = lmdb_error(rc, folder, "open the index");
    return failure.code == Errc::no_space ? failure : error(Errc::bad_bytes, failure.message);
  }
  if (auto s = index->begin(); !s) return error(Errc::bad_bytes, s.failure().message);
  int rc = mdb_dbi_open(index->txn_, "core", MDB_CREATE, &index->core_);
  if (rc == 0) rc = mdb_dbi_open(index->txn_, "blobs", MDB_CREATE, &index->blobs_);
  if (rc == 0) rc = mdb_dbi_open(index->txn_, "numbers", MDB_CREATE, &index->numbers_);
  if (rc != 0) return wrong(rc);
  if (auto s = index->commit(); !s) return s.failure();  // from here on the handles outlive transactions
  return index;
}

Status Index::remove(const std::string& folder) {
  for (const char* name : {"/data.mdb", "/lock.mdb"}) {
    if (::unlink((folder + name).c_str()) != 0 && errno != ENOENT) return disk_error(errno, "remove the old index");
  }
  return {};
}

Index::~Index() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
  if (env_ != nullptr) mdb_env_close(env_);
}

Status Index::begin() {
  const int rc = mdb_txn_begin(env_, nullptr, 0, &txn_);
  if (rc == 0) return {};
  txn_ = nullptr;
  fail(rc, "go on with the index");
  return *failed_;
}

void Index::fail(int code, const char* doing) {
  if (!failed_) failed_ = lmdb_error(code, folder_, doing);
}

Status Index::health() {
  if (failed_) return *failed_;
  return {};
}

static MDB_val as_value(ByteView bytes) {
  return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())};  // LMDB only reads it
}
static ByteView as_view(const MDB_val& value) {
  return {static_cast<const std::uint8_t*>(value.mv_data), value.mv_size};
}

std::optional<ByteView> Index::read(MDB_dbi database, ByteView key) {
  if (failed_ || key.empty() || key.size() > kMaxKeyBytes) return std::nullopt;
  MDB_val name = as_value(key);
  MDB_val value{};
  const int rc = mdb_get(txn_, database, &name, &value);
  if (rc == 0) return as_view(value);
  if (rc != MDB_NOTFOUND) fail(rc, "read the index");
  return std::nullopt;
}

void Index::write(MDB_dbi database, ByteView key, ByteView value) {
  if (failed_) return;
  CHECK(!key.empty() && key.size() <= kMaxKeyBytes);
  scratch_key_.assign(key.begin(), key.end());
  scratch_value_.assign(value.begin(), value.end());
  MDB_val name = as_value(scratch_key_);
  MDB_val data = as_value(scratch_value_);
  if (int rc = mdb_put(txn_, database, &name, &data, 0); rc != 0) fail(rc, "write the index");
  ++changes_;
}

std::optional<ByteView> Index::get(ByteView key) { return read(core_, key); }
void Index::put(ByteView key, ByteView value) { write(core_, key, value); }

void Index::erase(ByteView key) {
  if (failed_) return;
  CHECK(!key.empty() && key.size() <= kMaxKeyBytes);
  remove(core_, key);
}

void Index::remove(MDB_dbi database, ByteView key) {
  scratch_key_.assign(key.begin(), key.end());
  MDB_val name = as_value(scratch_key_);
  const int rc = mdb_del(txn_, database, &name, nullptr);
  if (rc != 0 && rc != MDB_NOTFOUND) fail(rc, "erase from the index");
  ++changes_;
}

void Index::scan(ByteView from, const std::function<bool(ByteView key, ByteView value)>& visit) {
  if (failed_) return;
  MDB_cursor* cursor = nullptr;
  int rc = mdb_cursor_open(txn_, core_, &cursor);
  if (rc == 0) {
    MDB_val key = as_value(from);
    MDB_val value{};
    rc = mdb_cursor_get(cursor, &key, &value, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
    while (rc == 0 && visit(as_view(key), as_view(value))) rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    mdb_cursor_close(cursor);
  }
  if (rc != 0 && rc != MDB_NOTFOUND) fail(rc, "read the index");
}

std::optional<BlobPlace> Index::find_blob(const Hash& hash) {
  const auto value = read(blobs_, hash.view());
  if (!value || value->size() != 12) return std::nullopt;
  return BlobPlace{get_number<std::uint32_t>(*value, 0), get_number<std::uint32_t>(*value, 4),
                   get_number<std::uint32_t>(*value, 8)};
}

void Index::put_blob(const Hash& hash, const BlobPlace& place) {
  Bytes value;
  put_number(value, place.segment);
  put_number(value, place.offset);
  put_number(value, place.length);
  write(blobs_, hash.view(), value);
}

void Index::forget_blob(const Hash& hash) {
  if (!failed_) remove(blobs_, hash.view());
}

std::uint64_t Index::blobs() {
  MDB_stat stat{};
  if (failed_ || mdb_stat(txn_, blobs_, &stat) != 0) return 0;
  return stat.ms_entries;
}

void Index::each_blob(const Hash& from, const std::function<bool(const Hash&, const BlobPlace&)>& visit) {
  if (failed_) return;
  MDB_cursor* cursor = nullptr;
  int rc = mdb_cursor_open(txn_, blobs_, &cursor);
  if (rc != 0) return fail(rc, "read the index");
  MDB_val key = as_value(from.view());
  MDB_val value{};
  for (rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE); rc == 0;
       rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
    const auto hash = Hash::from(as_view(key));
    const ByteView place = as_view(value);
    if (!hash || place.size() != 12) continue;
    if (!visit(*hash, {get_number<std::uint32_t>(place, 0), get_number<std::uint32_t>(place, 4),
                       get_number<std::uint32_t>(place, 8)})) {
      break;
    }
  }
  mdb_cursor_close(cursor);
  if (rc != 0 && rc != MDB_NOTFOUND) fail(rc, "read the index");
}

std::optional<std::uint64_t> Index::number(Number name) {
  const std::uint8_t key = static_cast<std::uint8_t>(name);
  const auto value = read(numbers_, {&key, 1});
  if (!value || value->size() != 8) return std::nullopt;
  return get_number<std::uint64_t>(*value, 0);
}

void Index::set_number(Number name, std::uint64_t value) {
  const std::uint8_t key = static_cast<std::uint8_t>(name);
  Bytes bytes;
  put_number(bytes, value);
  write(numbers_, {&key, 1}, bytes);
}

static constexpr std::uint8_t kLiveRows = 'L';  // then the segment's number; Number's values are smaller

void Index::set_live(std::uint32_t segment, std::uint64_t bytes) {
  Bytes key{kLiveRows};
  put_number(key, segment);
  if (bytes == 0) {
    if (!failed_) remove(numbers_, key);
    return;
  }
  Bytes value;
  put_number(value, bytes);
  write(numbers_, key, value);
}

void Index::each_live(const std::function<void(std::uint32_t, std::uint64_t)>& visit) {
  if (failed_) return;
  MDB_cursor* cursor = nullptr;
  MDB_val key{}, value{};
  int rc = mdb_cursor_open(txn_, numbers_, &cursor);
  if (rc != 0) return fail(rc, "read the index");
  while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
    const ByteView name = as_view(key);
    if (name.size() != 5 || name[0] != kLiveRows || value.mv_size != 8) continue;
    visit(get_number<std::uint32_t>(name, 1), get_number<std::uint64_t>(as_view(value), 0));
  }
  mdb_cursor_close(cursor);
  if (rc != MDB_NOTFOUND) fail(rc, "read the index");
}

// LMDB tells the address of its map only where it is fixed, so the kernel is asked which of our mappings is that file.
void Index::rest() {
  int fd = -1;
  struct stat about {};
  if (failed_ || mdb_env_get_fd(env_, &fd) != MDB_SUCCESS || ::fstat(fd, &about) != 0) return;
  // With stdio: iostreams would bring 360 kB of locales into the router's program. A longer line comes in two pieces.
  const std::unique_ptr<FILE, int (*)(FILE*)> maps(std::fopen("/proc/self/maps", "re"), std::fclose);
  std::array<char, 8192> piece;
  while (maps != nullptr && std::fgets(piece.data(), static_cast<int>(piece.size()), maps.get()) != nullptr) {
    std::uintptr_t from = 0, to = 0;
    unsigned long inode = 0;
    const std::string_view line(piece.data());
    if (std::sscanf(piece.data(), "%" SCNxPTR "-%" SCNxPTR " %*s %*s %*s %lu", &from, &to, &inode) != 3) continue;
    if (inode != about.st_ino || !line.ends_with("/data.mdb\n")) continue;
    // A clean, read-only, shared mapping (never MDB_WRITEMAP): nothing can be lost.
    static_cast<void>(madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED));  // NOLINT
  }
}

Status Index::commit() {
  if (failed_) return *failed_;
  const int rc = mdb_txn_commit(txn_);
  txn_ = nullptr;
  if (rc != 0) {
    fail(rc, "commit the index");
    return *failed_;
  }
  changes_ = 0;
  if (auto s = grow_if_needed(); !s) return s;
  return begin();
}

// Between two commits at most some thousand pages change, so growing here is always early enough.
Status Index::grow_if_needed() {
  MDB_envinfo info{};
  MDB_stat stat{};
  mdb_env_info(env_, &info);
  mdb_env_stat(env_, &stat);
  // LMDB counts trailing pages that it took and gave back but never wrote. As a hole they cost nothing, and a file that
  // is shorter than it says is then surely damaged.
  int fd = -1;
  struct stat st {};
  const std::uint64_t full = (info.me_last_pgno + 1) * std::uint64_t{stat.ms_psize};
  if (mdb_env_get_fd(env_, &fd) == 0 && ::fstat(fd, &st) == 0 && static_cast<std::uint64_t>(st.st_size) < full &&
      ::ftruncate(fd, static_cast<off_t>(full)) != 0) {
    fail(errno, "extend the index");
    return *failed_;
  }
  if (info.me_last_pgno * stat.ms_psize < info.me_mapsize / 2) return {};
  if (int rc = mdb_env_set_mapsize(env_, info.me_mapsize * 2); rc != 0) {
    fail(rc, "give the index more room");
    return *failed_;
  }
  return {};
}

}  // namespace meshfs::fsd
