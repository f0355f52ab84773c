// The ports of fsd's core in memory, for tests and for thousands of replicas in one process. MemoryStore models a power
// cut: what no flush made durable is lost; the index comes back as of its last commit, or not at all.
#pragma once

#include <algorithm>
#include <deque>
#include <map>

#include "fsd/core/ports.h"

namespace meshfs::sim {

class MemoryTable : public fsd::Table {
 public:
  std::optional<ByteView> get(ByteView key) override;
  void put(ByteView key, ByteView value) override;
  void erase(ByteView key) override;
  void scan(ByteView from, const std::function<bool(ByteView key, ByteView value)>& visit) override;
  Status health() override { return health_; }

  void fail(const Error& failure) { health_ = failure; }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  bool operator==(const MemoryTable& other) const { return rows_ == other.rows_; }

 private:
  friend class MemoryStore;
  std::map<std::string, std::string, std::less<>> rows_;
  bool scanning_ = false;  // visit must not change the table
  Status health_;
};

class MemoryLog : public fsd::RecordLog {
 public:
  struct Record {
    fsd::RecordType type;
    std::string payload;
  };
  Result<fsd::RecordPosition> append(fsd::RecordType type, ByteView payload) override;
  Result<Bytes> read(fsd::RecordPosition position) override;
  void when_durable(std::function<void(Status)> done) override { waiting_.push_back(std::move(done)); }

  // As a store replays: the newest time bound, then every record behind `after`.
  using Visit = std::function<Status(fsd::RecordType type, fsd::RecordPosition position, ByteView payload)>;
  Status replay(fsd::RecordPosition after, const Visit& visit) const;
  // Writes records [first, last) anew as a store does with a segment, durable at once: what the owner needs goes to the end.
  static constexpr fsd::RecordType kGone{};
  void compact(std::size_t first, std::size_t last, fsd::RecordOwner& owner);

  // Makes everything durable and runs who waits; false if nobody did.
  bool flush();
  [[nodiscard]] bool has_waiting() const { return !waiting_.empty(); }
  // Position n is record n - 1.
  [[nodiscard]] const std::deque<Record>& records() const { return records_; }
  void set_full(bool full) { full_ = full; }

 private:
  friend class MemoryStore;
  std::deque<Record> records_;
  std::size_t durable_ = 0;
  std::vector<std::function<void(Status)>> waiting_;
  bool full_ = false;
};

class MemoryBlobs : public fsd::BlobStore {
 public:
  bool has(const Hash& hash) override { return blobs_.contains(hash); }
  Status put(const codec::Blob& blob) override;
  Result<codec::Blob> get(const Hash& hash) override;
  Result<Bytes> plain(const Hash& hash) override;
  void erase(const Hash& hash) override { blobs_.erase(hash); }
  void each(const Hash& from, const std::function<bool(const Hash& hash, std::uint64_t bytes)>& visit) override;
  [[nodiscard]] std::size_t size() const { return blobs_.size(); }
  [[nodiscard]] std::vector<Hash> hashes() const {
    std::vector<Hash> out;
    for (const auto& [hash, blob] : blobs_) out.push_back(hash);
    std::sort(out.begin(), out.end());
    return out;
  }
  void lose(const Hash& hash) { blobs_.erase(hash); }  // damage on the disk
  void set_full(bool full) { full_ = full; }

 private:
  friend class MemoryStore;
  std::map<Hash, codec::Blob> blobs_;
  std::vector<Hash> fresh_;  // not durable yet
  bool full_ = false;
};

// One node's store. Blobs are as durable as the log: one flush covers both.
class MemoryStore {
 public:
  MemoryTable index;
  MemoryLog log;
  MemoryBlobs blobs;

  bool flush();
  // Power cut. What is not durable is lost, nobody who waited hears of it; the index is lost too (its rows of records
  // that are gone would be stale). The store can be opened anew after it.
  void crash();
  // A clean end of the process: the index stays.
  void stop() { log.waiting_.clear(); }
};

}  // namespace meshfs::sim
