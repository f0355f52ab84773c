#include "fsd/store/store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace meshfs::fsd {

// More chunk bytes than this wait for no flush: the state thread writes them to the page cache itself, and so is no faster
// than the disk.
static constexpr std::size_t kChunkWriteThrough = 2 * 1024 * 1024;
// Rows that changed since the last commit live in pages of our own; some 2,000 chunks that were asked for and came.
static constexpr std::uint64_t kCheckpointChanges = 6 * 1024;
// So many touch some 4 MB of a large index: the kernel maps 16 pages around each that is missing.
static constexpr std::uint64_t kRestChanges = 1024, kRestLookups = 256;
// An index that was opened this often without living to a checkpoint may be what kills us (LMDB trusts its file).
static constexpr std::size_t kMaxIndexAttempts = 3;
static constexpr const char* kAttempts = "index-attempts";
static constexpr const char* kDistrusted = "index-distrusted";

// A sixty-fourth of the disk, in whole MiB: two open segments then take 3 % at most, 32 MiB on anything above 1 GiB.
static std::uint32_t segment_bytes_for(const FreeSpace& space) {
  const std::uint64_t share = space.total_bytes() / 64 / kMinSegmentBytes * kMinSegmentBytes;
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(share, kMinSegmentBytes, kMaxSegmentBytes));
}

Store::Store(const Options& options, FlushPort& flusher, std::shared_ptr<const File> lock, const StoreKey& key,
             std::shared_ptr<const File> folder, FreeSpace space)
    : folder_path_(options.folder),
      flusher_(flusher),
      lock_(std::move(lock)),
      folder_(std::move(folder)),
      space_(std::move(space)),
      segment_bytes_(segment_bytes_for(space_)),
      meta_({options.folder, SegmentKind::meta, key, segment_bytes_, 0}, space_),
      chunks_({options.folder, SegmentKind::chunk, key, segment_bytes_, kChunkWriteThrough}, space_) {}

Result<std::unique_ptr<Store>> Store::open(const Options& options, FlushPort& flusher) {
  auto folder = File::open(options.folder, O_RDONLY | O_DIRECTORY);
  if (!folder) return folder.failure();
  auto lock = lock_store(options.folder);
  if (!lock) return lock.failure();
  auto key = open_identity(options.folder, options.network);
  if (!key) return key.failure();
  std::unique_ptr<Store> store(new Store(options, flusher, *lock, *key, *folder, FreeSpace(options.folder)));
  if (auto s = store->open_index(); !s) return s.failure();
  if (auto s = store->open_log(); !s) return s.failure();
  return store;
}

Store::~Store() {
  if (!index_) return;  // opening failed
  const bool clean = checkpoint().ok();
  while (flushing_) flusher_.finish();
  if (clean && !distrusted_) ::unlink((folder_path_ + "/" + kAttempts).c_str());
}

Status Store::open_index() {
  const std::string index_folder = folder_path_ + "/index";
  const auto attempts = read_small_file(folder_path_ + "/" + kAttempts, 4096);
  const std::size_t tried = attempts ? attempts->size() : 0;
  const bool distrusted = ::access((folder_path_ + "/" + kDistrusted).c_str(), F_OK) == 0;
  const bool existed = ::access((index_folder + "/data.mdb").c_str(), F_OK) == 0;
  rebuilt_ = !existed;
  if (existed && (tried >= kMaxIndexAttempts || distrusted)) {
    if (auto s = Index::remove(index_folder); !s) return s;
    rebuilt_ = true;
  }
  if (distrusted) ::unlink((folder_path_ + "/" + kDistrusted).c_str());
  // Its length counts. Not flushed: a crash of ours leaves it in the page cache, and that is what it is for.
  auto counter = File::open(folder_path_ + "/" + kAttempts, O_WRONLY | O_CREAT);
  if (counter) {
    const std::uint8_t mark = '.';
    if (auto s = rebuilt_ ? (*counter)->truncate(0) : (*counter)->write_at(tried, {&mark, 1}); !s) {
      if (s.code() != Errc::no_space) return s;
    }
  }
  auto index = Index::open(index_folder);
  if (!index && index.code() == Errc::bad_bytes) {
    if (auto s = Index::remove(index_folder); !s) return s;
    rebuilt_ = true;
    index = Index::open(index_folder);
  }
  if (!index) return index.failure();
  index_ = std::move(*index);
  return {};
}

Status Store::open_log() {
  const auto version = index_->number(Index::Number::version);
  const auto meta_end = index_->number(Index::Number::meta_end).value_or(0);
  const auto chunk_end = index_->number(Index::Number::chunk_end).value_or(0);
  Status opened = meta_.open(meta_end, damage_);
  if (opened) opened = chunks_.open(chunk_end, damage_);
  if (!opened) {
    index_.reset();
    return opened;
  }
  if (auto s = folder_->sync(); !s) return s;  // names that a killed process made may not be on the disk yet
  meta_.take_made_files();
  chunks_.take_made_files();
  // An index that knows of more than the log holds speaks of records that are gone: another folder's, or a backup's.
  bool stale = meta_end > meta_.end() || chunk_end > chunks_.end();
  // The same if a segment with blobs is gone: on a full disk compaction could not commit the index before it unlinked.
  index_->each_live([&](std::uint32_t segment, std::uint64_t bytes) {
    stale = stale || !chunks_.knows(segment);
    use_.add(segment, bytes);
  });
  stale = stale || !index_->health();
  if (!rebuilt_ && (stale || version != kIndexVersion)) {
    index_.reset();
    if (auto s = Index::remove(folder_path_ + "/index"); !s) return s;
    rebuilt_ = true;
    auto index = Index::open(folder_path_ + "/index");
    if (!index) return index.failure();
    index_ = std::move(*index);
    use_ = {};
  }
  static_cast<void>(use_.take_changed());
  if (auto s = index_new_blobs(); !s) return s;
  compactor_.emplace(chunks_, *index_, use_, space_);
  meta_compactor_.emplace(meta_, space_);
  return {};
}

Status Store::index_new_blobs() {
  const RecordPosition from = index_->number(Index::Number::chunk_end).value_or(0);
  std::uint64_t blobs = 0;
  auto s = chunks_.for_each_line(from, damage_, [&](std::uint32_t segment, const TableLine& line) {
    if (line.type != static_cast<std::uint8_t>(RecordType::blob) || line.length < kBlobLabelBytes) return;
    if (index_->find_blob(line.label.hash)) return;
    place_blob(line.label.hash, {segment, line.offset, line.length});
    if (++blobs % 10'000 == 0) static_cast<void>(commit_rows());
  });
  if (!s) return s;
  index_->set_number(Index::Number::version, kIndexVersion);
  return index_->health();
}

Status Store::replay(RecordPosition after, const std::function<Status(RecordType, RecordPosition, ByteView)>& visitor) {
  RecordPosition newest_time = 0;
  auto s = meta_.for_each_line(after, damage_, [&](std::uint32_t segment, const TableLine& line) {
    if (line.type != static_cast<std::uint8_t>(RecordType::time_bound)) return;
    newest_time = std::max(newest_time, std::uint64_t{segment} << 32 | line.offset);
  });
  if (!s) return s;
  Status outcome;
  if (const auto record = newest_time > after ? meta_.read(newest_time) : Result<SegmentLog::Record>(Errc::not_found)) {
    if (outcome = visitor(RecordType::time_bound, 0, record->payload); !outcome) return outcome;
  }
  std::uint64_t visited = 0;
  s = meta_.for_each(after, damage_, [&](RecordPosition position, const ScannedRecord& record) {
    const auto type = static_cast<RecordType>(record.head.type);
    if (record.head.type == 0 || type == RecordType::blob || type > RecordType::drafts) return true;
    outcome = visitor(static_cast<RecordType>(record.head.type), position, record.payload);
    // What the index holds of a replay is durable in the log already: a commit now and then bounds its dirty pages.
    if (outcome && ++visited % 10'000 == 0) outcome = commit_rows();
    return outcome.ok();
  });
  if (!s) return s;
  if (outcome) records_since_checkpoint_ += visited;
  return outcome;
}

Result<RecordPosition> Store::append(RecordType type, ByteView payload, bool vital) {
  if (meta_.waiting_bytes() > kMaxWaitingBytes) {
    if (auto s = flush_and_wait(); !s) return s.failure();
  }
  auto position = meta_.append(static_cast<std::uint8_t>(type), payload, {}, {}, vital);
  if (!position) return position;
  ++records_since_checkpoint_;
  if (meta_.waiting_bytes() > kFlushAtBytes && !flushing_) start_flush();
  return position;
}

Result<RecordPosition> Store::Log::append(RecordType type, ByteView payload) {
  return store_.append(type, payload, false);
}
Result<RecordPosition> Store::Log::append_vital(RecordType type, ByteView payload) {
  return store_.append(type, payload, true);
}

Result<Bytes> Store::Log::read(RecordPosition position) {
  auto record = store_.meta_.read(position);
  if (!record) return record.failure();
  return copy_of(record->payload);
}

void Store::Log::when_durable(std::function<void(Status)> done) {
  store_.waiting_.push_back(std::move(done));
  if (!store_.flushing_) store_.start_flush();
}

// Everything appended so far, chunks first. Whoever asks while it is under way waits for the next one: group commit.
void Store::start_flush() {
  FlushJob job;
  job.chunks = chunks_.take_flush();
  job.records = meta_.take_flush();
  const bool made_chunks = chunks_.take_made_files();
  const bool made_meta = meta_.take_made_files();
  if (made_chunks || made_meta) job.folder = folder_;
  flying_ = std::exchange(waiting_, {});
  flushing_ = true;
  flusher_.start(std::move(job), [this](Status outcome) { flush_done(outcome); });
}

void Store::flush_done(const Status& outcome) {
  flushing_ = false;
  last_flush_ = outcome;
  chunks_.flushed(outcome);
  meta_.flushed(outcome);
  auto done = std::exchange(flying_, {});
  if (!waiting_.empty()) start_flush();
  for (auto& callback : done) callback(outcome);
}

Status Store::flush_and_wait() {
  flusher_.finish();
  if (!flushing_) {
    if (all_durable()) return {};
    start_flush();
  }
  flusher_.finish();
  return last_flush_;
}

// Every commit has the rows of what the segments hold with it, so that both speak of the same moment.
Status Store::commit_rows() {
  for (const std::uint32_t segment : use_.take_changed()) index_->set_live(segment, use_.live(segment));
  return index_->commit();
}

void Store::place_blob(const Hash& hash, const BlobPlace& place) {
  index_->put_blob(hash, place);
  use_.add(place.segment, record_bytes(place.length));
}

void Store::drop_blob(const Hash& hash) {
  const auto place = index_->find_blob(hash);
  if (!place) return;
  use_.remove(place->segment, record_bytes(place->length));
  index_->forget_blob(hash);
}

Status Store::commit_index() {
  CHECK(all_durable());
  space_.refresh();
  if (space_.free_bytes() < kCheckpointRoom) {
    // The copies are durable: an index that still names the old segment is made anew at the next start (open_log).
    if (compactor_) static_cast<void>(compactor_->settle());
  }
  if (space_.free_bytes() < kCheckpointRoom) {
    return error(Errc::no_space, "the disk is full: the index is written once some space is free");
  }
  index_->set_number(Index::Number::meta_end, meta_.end());
  index_->set_number(Index::Number::chunk_end, chunks_.end());
  if (auto s = commit_rows(); !s) return s;
  records_since_checkpoint_ = erased_since_checkpoint_ = 0;
  if (compactor_) static_cast<void>(compactor_->settle());
  if (meta_compactor_) static_cast<void>(meta_compactor_->settle());
  if (!attempts_cleared_) {
    attempts_cleared_ = true;
    auto counter = File::open(folder_path_ + "/" + kAttempts, O_WRONLY);
    if (counter) static_cast<void>((*counter)->truncate(0));
  }
  return {};
}

Status Store::checkpoint() {
  // Callbacks of a flush may append again, so a flush more may be needed; three rounds are a busy store's fault.
  for (int round = 0; round < 3 && !all_durable(); ++round) {
    if (auto s = flush_and_wait(); !s) return s;
  }
  if (!all_durable()) return error(Errc::busy, "the store is too busy for a checkpoint");
  return commit_index();
}

// A transfer walks all over the index: its pages are in the page cache, where they count as nobody's.
void Store::rest_while_busy() {
  const std::uint64_t changes = index_->changes();
  rested_changes_ = std::min(rested_changes_, changes);
  if (changes - rested_changes_ < kRestChanges && looked_up_ < kRestLookups) return;
  rested_changes_ = changes;
  looked_up_ = 0;
  index_->rest();
}

Instant Store::tick(Instant now) {
  if (!checkpoint_due_) checkpoint_due_ = now + kCheckpointEvery;
  rest_while_busy();
  if (!index_->health()) return now + seconds(1);
  compact(now);
  const Instant next = compacting_ ? compact_at_ : now + seconds(1);
  // A segment that was copied waits for a commit before it goes: for that the next one comes a second after the last.
  const bool early = now + (kCheckpointEvery - seconds(1)) >= *checkpoint_due_;
  const bool frees = waits_for_commit() && (urgent_ || early);
  const bool many = index_->changes() >= kCheckpointChanges;
  const bool full =
      many || records_since_checkpoint_ >= kCheckpointRecords || erased_since_checkpoint_ >= kCheckpointErased || frees;
  if ((now < *checkpoint_due_ && !full) || (index_->changes() == 0 && !frees)) return next;
  // Usually a flush is long done. A busy store is flushed first, and only if it stays busy a second long, waited for.
  const bool overdue = *checkpoint_due_ + seconds(1) <= now || records_since_checkpoint_ >= 2 * kCheckpointRecords ||
                       index_->changes() >= 2 * kCheckpointChanges;
  if (!all_durable() && !overdue) {
    if (!flushing_) start_flush();
    return next;
  }
  static_cast<void>(checkpoint());  // a full disk: tried again at the next turn; damage: health() says so
  checkpoint_due_ = now + kCheckpointEvery;
  return next;
}

void Store::compact(Instant now) {
  if (now < compact_at_) return;
  urgent_ = lacking_bytes() > 0;
  const bool chunks = compactor_->slice(urgent_);
  const bool records = meta_compactor_->slice(urgent_);
  compacting_ = chunks || records || waits_for_commit();
  if (chunks_.waiting_bytes() > kFlushAtBytes && !flushing_) start_flush();
  compact_at_ = now + (!compacting_ ? seconds(1) : urgent_ ? milliseconds(1) : kCompactPause);
}

std::uint64_t Store::lacking_bytes() {
  const std::uint64_t wanted = space_.reserve_bytes() + margin_bytes();
  return wanted - std::min(wanted, space_.free_bytes());
}

void Store::distrust_index() {
  distrusted_ = true;
  static_cast<void>(File::open(folder_path_ + "/" + kDistrusted, O_WRONLY | O_CREAT));
}

Store::Usage Store::usage() {
  space_.refresh();
  Usage usage;
  usage.total_bytes = space_.total_bytes();
  usage.free_bytes = space_.free_bytes() - std::min(space_.free_bytes(), space_.reserve_bytes());
  usage.meta_segments = meta_.segments();
  usage.chunk_segments = chunks_.segments();
  usage.blobs = index_->blobs();
  usage.live_bytes = use_.total();
  for (const std::uint32_t number : chunks_.sealed()) {
    const std::uint64_t all = chunks_.record_bytes_of(number);
    usage.dead_bytes += all - std::min(all, use_.live(number));
  }
  usage.lacking_bytes = lacking_bytes();
  usage.used_percent = space_.used_percent();
  usage.compacted = compactor_->figures();
  usage.meta_compacted = meta_compactor_->figures();
  return usage;
}

}  // namespace meshfs::fsd
