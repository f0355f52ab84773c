// The disposable index: one LMDB environment with one long-lived write transaction, so that reads see all writes and
// nothing waits for a reader. Owned by Store, state thread only. LMDB trusts its file: whatever looks wrong at opening
// makes the file go, and it is rebuilt from the log. Must never be opened with MDB_WRITEMAP (SIGBUS on a full disk).
#pragma once

#include <lmdb.h>

#include <memory>
#include <string>

#include "fsd/core/ports.h"
#include "fsd/store/segment_format.h"

namespace meshfs::fsd {

// What rows the core and the store keep in it. Another one in the file: the index is made anew from the log.
inline constexpr std::uint64_t kIndexVersion = 3;

struct BlobPlace {  // where a blob's record lies
  std::uint32_t segment = 0;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;  // of the record's payload
  bool operator==(const BlobPlace&) const = default;
};

class Index final : public Table {
 public:
  // Address space, not memory or disk. It doubles at a commit when half full; a 32-bit machine has room for 256 MiB
  // only: about 1 M objects and blobs, and growing it further fails (the index then says io and stays on disk as is).
  static constexpr std::size_t kMapBytes = sizeof(void*) == 8 ? std::size_t{1} << 30 : std::size_t{1} << 28;
  static constexpr std::size_t kMaxKeyBytes = 511;

  // Opens or makes folder/data.mdb. bad_bytes: the file is no sound LMDB file, remove() it and open again.
  static Result<std::unique_ptr<Index>> open(const std::string& folder);
  static Status remove(const std::string& folder);
  ~Index() override;
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  std::optional<ByteView> get(ByteView key) override;
  void put(ByteView key, ByteView value) override;
  void erase(ByteView key) override;
  void scan(ByteView from, const std::function<bool(ByteView key, ByteView value)>& visit) override;
  Status health() override;

  std::optional<BlobPlace> find_blob(const Hash& hash);
  void put_blob(const Hash& hash, const BlobPlace& place);
  void forget_blob(const Hash& hash);  // erased, or its record turned out damaged
  [[nodiscard]] std::uint64_t blobs();
  // From `from` on in the order of hashes, until visit returns false. `visit` must change nothing.
  void each_blob(const Hash& from, const std::function<bool(const Hash&, const BlobPlace&)>& visit);

  // The store's own numbers, kept in the same transaction.
  enum class Number : std::uint8_t { meta_end = 1, chunk_end = 2, version = 3 };
  std::optional<std::uint64_t> number(Number name);
  void set_number(Number name, std::uint64_t value);
  // How many bytes of each chunk segment are needed; 0: no row.
  void set_live(std::uint32_t segment, std::uint64_t bytes);
  void each_live(const std::function<void(std::uint32_t segment, std::uint64_t bytes)>& visit);

  // Everything put so far reaches the disk as one step. Costs one flush.
  Status commit();
  [[nodiscard]] std::uint64_t changes() const { return changes_; }  // since the last commit

  // Lets go of the mapped pages of the file. They stay in the page cache as long as the kernel likes and come back by a
  // fault each; a process that walked its whole tree once need not count the index as its own memory for ever.
  void rest();

 private:
  Index() = default;
  Status begin();
  Status grow_if_needed();
  void write(MDB_dbi database, ByteView key, ByteView value);
  void remove(MDB_dbi database, ByteView key);
  std::optional<ByteView> read(MDB_dbi database, ByteView key);
  void fail(int code, const char* doing);

  MDB_env* env_ = nullptr;
  MDB_txn* txn_ = nullptr;
  MDB_dbi core_ = 0, blobs_ = 0, numbers_ = 0;
  std::string folder_;
  Bytes scratch_key_, scratch_value_;  // the caller's views may point into the very page that LMDB is to change
  std::optional<Error> failed_;
  std::uint64_t changes_ = 0;
};

}  // namespace meshfs::fsd
