// The narrow ports through which fsd's core sees the world. Real ones are in fsd/store, simulated ones in tests/sim.
// All are called on the state thread only.
#pragma once

#include <functional>
#include <string_view>

#include "schema/codec/wire.h"
#include "schema/vocab/bytes.h"
#include "schema/vocab/result.h"

namespace meshfs::fsd {

// An ordered table of bytes: the disposable index. Reads see earlier writes at once. Keys: 1..511 bytes (LMDB).
// Views handed out are valid until the next call on the table. Failures are sticky: see health().
class Table {
 public:
  virtual ~Table() = default;
  virtual std::optional<ByteView> get(ByteView key) = 0;
  virtual void put(ByteView key, ByteView value) = 0;
  virtual void erase(ByteView key) = 0;
  // Visits keys >= from in byte order until `visit` returns false. `visit` must not change the table.
  virtual void scan(ByteView from, const std::function<bool(ByteView key, ByteView value)>& visit) = 0;
  // The first failure since it was opened: io means damaged, rebuild from the log; no_space is no_space.
  virtual Status health() = 0;
};

// What kinds of record the log holds. Values are the disk format: never reused.
enum class RecordType : std::uint8_t {
  commit = 1,      // encode_commit
  proven = 2,      // encode_proven
  header = 3,      // encode_signed_header
  draft = 4,       // content made durable by fsync but not yet published (core/draft_record.h)
  time_bound = 5,  // network time bound, 8 bytes little-endian ms
  blob = 6,        // chunk or list; in chunk segments only
  drafts = 7,      // all drafts that count, in one record so that a torn tail takes all or none; earlier ones are void
};

// Where a record lies: segment number << 32 | offset. Greater means appended later, metadata records only.
using RecordPosition = std::uint64_t;

// The append-only truth. append() buffers; when_durable() says when everything appended so far (records and
// blobs) survives a power cut. Several waiting callers share one flush (group commit).
class RecordLog {
 public:
  virtual ~RecordLog() = default;
  virtual Result<RecordPosition> append(RecordType type, ByteView payload) = 0;  // no_space, io
  // The same for what must commit on a full disk too (tombstones, policy, revocations, the time bound): may use the
  // reserve that append() leaves free.
  virtual Result<RecordPosition> append_vital(RecordType type, ByteView payload) { return append(type, payload); }
  virtual Result<Bytes> read(RecordPosition position) = 0;  // verified by hash; io
  // Runs `done` later on the state thread, never inside this call. io if the flush failed.
  virtual void when_durable(std::function<void(Status)> done) = 0;
};

// Who knows which records are still needed: asked while a part of the log is written anew.
class RecordOwner {
 public:
  virtual ~RecordOwner() = default;
  // Before any record of that part is dropped. What is only known from its newest record is appended again.
  virtual Status before_compaction() = 0;
  // in_place: and by what follows it, so that nothing around it is written anew now.
  enum class Need : std::uint8_t { no, yes, in_place };
  virtual Need needs(RecordPosition position, RecordType type, ByteView payload) = 0;
  // It lies at `to` as well now, and will soon be nowhere else.
  virtual void moved(RecordPosition from, RecordPosition to, RecordType type, ByteView payload) = 0;
  // Not needed, and soon not there any more.
  virtual void dropped(RecordPosition position, RecordType type, ByteView payload) = 0;
};

// Chunks and hash lists by hash. get() verifies what it reads: right bytes or io.
class BlobStore {
 public:
  virtual ~BlobStore() = default;
  virtual bool has(const Hash& hash) = 0;
  // The caller has verified hash and size. Storing what is there already does nothing.
  virtual Status put(const codec::Blob& blob) = 0;        // no_space, io
  virtual Result<codec::Blob> get(const Hash& hash) = 0;  // as stored (maybe zstd), for sending
  virtual Result<Bytes> plain(const Hash& hash) = 0;      // decoded and verified, for reading
  // It is here no more: has() says so at once, its bytes are dead and compaction gives them back. A crash before the next
  // checkpoint, or an index made anew, may bring it back until its bytes are gone: then it is here again, whole, and
  // whoever erased it (eviction, collection) finds it again. Erasing what is not here does nothing.
  virtual void erase(const Hash& hash) = 0;
  // Visits what is here in the order of hashes from `from` on until `visit` returns false; `bytes` is what it takes on
  // the disk. `visit` must change neither blobs nor index.
  virtual void each(const Hash& from, const std::function<bool(const Hash& hash, std::uint64_t bytes)>& visit) = 0;
};

// Runs pure work beside the state thread. A job gets nothing but the values it holds; what it returns runs later on the
// state thread, in the order of the jobs.
class Workshop {
 public:
  // What a job may use; the real one has a compressor.
  class Tools {
   public:
    virtual ~Tools() = default;
    virtual codec::Blob pack(codec::Blob plain) { return plain; }  // compressed where it pays
  };
  using Done = std::function<void()>;
  using Job = std::function<Done(Tools&)>;
  virtual ~Workshop() = default;
  virtual void run(Job job) = 0;
};

}  // namespace meshfs::fsd
