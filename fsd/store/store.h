// The store on disk: the log (metadata and chunk segments), the index over it, and what keeps them in step.
// Owned by fsd's main; state thread only, flushes run on the FlushPort's thread. The log is the truth: a record or blob
// counts as kept once a flush that followed it succeeded; the index is committed only behind what the log has durable.
// Must never acknowledge before that, and never serve bytes whose hash does not verify.
#pragma once

#include "fsd/store/blob_cache.h"
#include "fsd/store/chunk_compactor.h"
#include "fsd/store/index.h"
#include "fsd/store/meta_compactor.h"
#include "fsd/store/segment_log.h"
#include "fsd/store/store_identity.h"
#include "fsd/store/zstd_codec.h"
#include "schema/vocab/time.h"

namespace meshfs::fsd {

class Store {
 public:
  struct Options {
    std::string folder;  // must exist
    NetworkId network;
  };
  // An index checkpoint is due after this long or this many records, whichever comes first: what a restart replays.
  static constexpr Duration kCheckpointEvery = seconds(5);
  static constexpr std::uint64_t kCheckpointRecords = 1000;
  static constexpr std::uint64_t kCheckpointErased = 8000;  // a page of the index each at worst: 32 MB of memory
  // Below this much free space the index is not committed (its growth may take the space that vital records need); it
  // goes on in memory and commits once there is room.
  static constexpr std::uint64_t kCheckpointRoom = 2 * 1024 * 1024;
  // Metadata that waits for a flush; beyond, appending waits for the disk (a flood must not fill the memory).
  static constexpr std::size_t kMaxWaitingBytes = 4 * 1024 * 1024;
  // A flush starts by itself, whether anybody waits or not: the flush thread writes and syncs a large file's chunks while
  // the next ones are cut and hashed. While it works, up to kChunkWriteThrough gathers for the next.
  static constexpr std::size_t kFlushAtBytes = 1024 * 1024;

  // `flusher` must outlive the store. busy, wrong_network, unsupported, no_space, io: each with what to do.
  static Result<std::unique_ptr<Store>> open(const Options& options, FlushPort& flusher);
  ~Store();  // flushes and checkpoints if it can
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  Table& table() { return *index_; }
  RecordLog& log() { return log_; }
  BlobStore& blobs() { return blobs_; }

  // Visits the newest time bound, with position 0; then every metadata record behind `after` (0: all) in order, and
  // checkpoints on the way. Before the first append.
  // Stops at the visitor's first failure and returns it.
  Status replay(RecordPosition after,
                const std::function<Status(RecordType type, RecordPosition position, ByteView payload)>& visitor);
  // The index was missing, stale or damaged: the table is empty, replay everything.
  [[nodiscard]] bool index_was_rebuilt() const { return rebuilt_; }
  // What could not be read any more. Each is worth one line in the log file.
  [[nodiscard]] const std::vector<Damage>& damage() const { return damage_; }

  // Checkpoints when due and compacts in slices of a millisecond, kCompactPause apart. When it wants to be called again, at
  // the latest a second on. The first failure of the index shows in table().health().
  static constexpr Duration kCompactPause = milliseconds(10);  // ~25 MB/s at most: others want the disk too
  Instant tick(Instant now);
  // Records may have died: in the next ticks every sealed metadata segment is looked at. `owner` must outlive the store.
  void look_for_dead_records(RecordOwner& owner) { meta_compactor_->look_at_all(owner); }
  // Gives memory back that only a burst of work needed. For quiet moments.
  void rest() { index_->rest(); }
  // Flushes and commits the index now, waiting for the disk.
  Status checkpoint();
  // The index does not answer right (its health says io, or the core found nonsense in it): the next open() makes it anew.
  void distrust_index();

  struct Usage {
    std::uint64_t total_bytes = 0, free_bytes = 0;  // of the disk; free without the reserve
    std::uint64_t meta_segments = 0, chunk_segments = 0, blobs = 0;
    std::uint64_t live_bytes = 0;     // of chunk records whose blob is here
    std::uint64_t dead_bytes = 0;     // of others in sealed segments: compaction gives them back
    std::uint8_t used_percent = 0;    // of the disk, by whoever
    std::uint64_t lacking_bytes = 0;  // that the disk has less free than the reserve and margin_bytes()
    ChunkCompactor::Figures compacted;
    MetaCompactor::Figures meta_compacted;
  };
  Usage usage();
  // Below the reserve and this much the disk is short: compaction goes on without pauses, history goes first. Two segments:
  // what compaction takes before it gives back, and what writers start meanwhile.
  [[nodiscard]] std::uint64_t margin_bytes() const { return 2 * std::uint64_t{segment_bytes_}; }

 private:
  class Log final : public RecordLog {
   public:
    explicit Log(Store& store) : store_(store) {}
    Result<RecordPosition> append(RecordType type, ByteView payload) override;
    Result<RecordPosition> append_vital(RecordType type, ByteView payload) override;
    Result<Bytes> read(RecordPosition position) override;
    void when_durable(std::function<void(Status)> done) override;

   private:
    Store& store_;
  };
  class Blobs final : public BlobStore {
   public:
    explicit Blobs(Store& store) : store_(store) {}
    bool has(const Hash& hash) override;
    Status put(const codec::Blob& blob) override;
    Result<codec::Blob> get(const Hash& hash) override;
    Result<Bytes> plain(const Hash& hash) override;
    void erase(const Hash& hash) override;
    void each(const Hash& from, const std::function<bool(const Hash& hash, std::uint64_t bytes)>& visit) override;

   private:
    Store& store_;
    BlobCache cache_;
    ZstdCodec zstd_;
  };

  Store(const Options& options, FlushPort& flusher, std::shared_ptr<const File> lock, const StoreKey& key,
        std::shared_ptr<const File> folder, FreeSpace space);
  Status open_log();
  Status open_index();
  Status index_new_blobs();
  Result<RecordPosition> append(RecordType type, ByteView payload, bool vital);
  void start_flush();
  void flush_done(const Status& outcome);
  Status flush_and_wait();
  Status commit_index();
  Status commit_rows();
  void place_blob(const Hash& hash, const BlobPlace& place);
  void drop_blob(const Hash& hash);
  void compact(Instant now);
  void rest_while_busy();
  [[nodiscard]] bool waits_for_commit() const {
    return compactor_->waits_for_commit() || meta_compactor_->waits_for_commit();
  }
  std::uint64_t lacking_bytes();
  [[nodiscard]] bool all_durable() const { return !flushing_ && !meta_.has_unflushed() && !chunks_.has_unflushed(); }

  std::string folder_path_;
  FlushPort& flusher_;
  std::shared_ptr<const File> lock_;
  std::shared_ptr<const File> folder_;
  FreeSpace space_;
  std::uint32_t segment_bytes_;
  SegmentLog meta_, chunks_;
  SegmentUse use_;
  std::unique_ptr<Index> index_;
  Log log_{*this};
  Blobs blobs_{*this};
  std::vector<Damage> damage_;
  bool rebuilt_ = false;
  bool distrusted_ = false;

  std::vector<std::function<void(Status)>> waiting_;  // for the next flush
  std::vector<std::function<void(Status)>> flying_;   // for the one under way
  bool flushing_ = false;
  Status last_flush_;
  // Of the index, when its memory was given back; and blobs looked up in it since.
  std::uint64_t rested_changes_ = 0, looked_up_ = 0;
  std::uint64_t records_since_checkpoint_ = 0, erased_since_checkpoint_ = 0;
  std::optional<Instant> checkpoint_due_;
  bool attempts_cleared_ = false;
  std::optional<ChunkCompactor> compactor_;  // once the log is open
  std::optional<MetaCompactor> meta_compactor_;
  Instant compact_at_;
  bool compacting_ = false, urgent_ = false;
};

}  // namespace meshfs::fsd
