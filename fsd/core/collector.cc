#include "fsd/core/collector.h"

#include "fsd/core/draft_record.h"
#include "fsd/core/index_keys.h"
#include "schema/codec/hash_list.h"

namespace meshfs::fsd {

using keys::Space;

namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::size_t kWalkedKept = 64;
constexpr std::uint64_t kRecordBytes = 300;  // about, of the entry that told of a content

// The first key behind `cursor`, or the first of the space.
Packer resume(Space space, const Bytes& cursor) {
  return cursor.empty() ? keys::begin(space) : std::move(Packer().raw(cursor).byte(0));
}

template <class Visit>
void each_content(const ObjectRecord& record, const Visit& visit) {
  for (const Head& head : record.heads) {
    for (const auto& content : head.contents) visit(content.value);
  }
  if (record.provisional) {
    for (const auto& content : record.provisional->contents) visit(content.value);
  }
  if (record.displayed) visit(record.displayed->content.value);
}

bool names(const ObjectRecord& record, const codec::Content& wanted) {
  bool found = false;
  each_content(record, [&](const codec::Content& content) { found = found || content == wanted; });
  return found;
}

}  // namespace

void Collector::begin(const Limits& limits, std::uint64_t blobs) {
  limits_ = limits;
  now_ = {};
  now_.cycles = figures_.cycles;
  marks_.begin(blobs, ++salt_ * 0x2545f4914f6cdd1d);
  parts_.blobs.tell(&marks_);
  retired_ = 0;
  open_.clear();
  walked_.clear();
  marked_bytes_ = &now_.live_bytes;
  next(Phase::objects);
}

void Collector::next(Phase phase) {
  phase_ = phase;
  cursor_.clear();
  swept_ = {};
  if (phase != Phase::past) return;
  run_ = {};
  step_ = 0;
  counting_ = true;
  any_of_step_ = {};
}

void Collector::slice() {
  if (phase_ == Phase::idle) return;
  if (open_.size() > kMaxOpen) return finish();  // nothing was lost: it begins anew when it is due
  if (walk()) return;
  switch (phase_) {
    case Phase::idle:
      break;
    case Phase::objects:
      return scan_objects();
    case Phase::drafts:
      return scan_drafts();
    case Phase::past:
    case Phase::bases:
      return scan_past();
    case Phase::in_use:
      // Last: what is opened later was shown when the objects were looked at, or is held since.
      marked_bytes_ = &now_.live_bytes;
      if (in_use_) in_use_([this](const codec::Content& content) { mark(content); });
      return next(Phase::roots);
    case Phase::roots:
      if (!parts_.needs.forget_unwanted(cursor_)) next(Phase::sweep);
      return;
    case Phase::sweep:
      return sweep();
  }
}

void Collector::hold(const codec::Content& content) {
  if (running()) mark(content);
}

void Collector::on_saved(const ObjectRecord& before, const ObjectRecord& now) {
  each_content(now, [&](const codec::Content& content) {
    if (running() && !names(before, content)) mark(content);
  });
  each_content(before, [&](const codec::Content& content) {
    if (names(now, content)) return;
    const auto* chunked = std::get_if<codec::ChunkedContent>(&content);
    retired_ += kRecordBytes + (chunked == nullptr ? 0 : chunked->size);
  });
}

void Collector::mark(const codec::Content& content) {
  const auto* chunked = std::get_if<codec::ChunkedContent>(&content);
  // What is left of a placeholder may go: it is fetched anew when somebody opens it.
  if (chunked == nullptr || parts_.needs.rests(chunked->root)) return;
  open_.push_back({chunked->root, chunked->size > codec::kMaxChunkBytes});
}

void Collector::mark_record(const ObjectRecord& record) {
  each_content(record, [&](const codec::Content& content) { mark(content); });
}

// Marks what is open. True if that took all of the slice.
bool Collector::walk() {
  std::size_t lists = 0, blobs = 0;
  while (!open_.empty()) {
    if (lists >= kListsPerSlice || blobs >= kSweptPerSlice) return true;
    const Open next = open_.back();
    open_.pop_back();
    ++blobs;
    if (marks_.add(next.hash)) {
      parts_.blobs.each(next.hash, [&](const Hash& hash, std::uint64_t bytes) {
        if (hash == next.hash) *marked_bytes_ += bytes;
        return false;
      });
    }
    if (!next.list || std::find(walked_.begin(), walked_.end(), next.hash) != walked_.end()) continue;
    const auto plain = parts_.blobs.plain(next.hash);
    if (!plain.ok()) continue;  // not here, or evicted: what is below it comes with it, and is guarded then
    const auto list = codec::decode_list(*plain);
    if (!list.ok()) continue;
    ++lists;
    if (walked_.size() < kWalkedKept) {
      walked_.push_back(next.hash);
    } else {
      walked_[lists % kWalkedKept] = next.hash;
    }
    for (const auto& item : list->items) open_.push_back({item.hash, list->level > 1});
  }
  queued_bytes_ = 0;
  return lists > 0;
}

void Collector::scan_objects() {
  const Packer prefix = keys::begin(Space::object);
  std::size_t rows = 0;
  parts_.index.scan(resume(Space::object, cursor_).view(), [&](ByteView key, ByteView value) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    Unpacker in(*rest);
    const auto volume = in.fixed<VolumeTag>();
    auto record = unpack_object({volume, in.fixed<LocalId>()}, value);
    if (record.ok()) mark_record(*record);
    cursor_ = copy_of(key);
    return ++rows < kRowsPerSlice;
  });
  if (rows < kRowsPerSlice) next(Phase::drafts);
}

void Collector::scan_drafts() {
  const Packer prefix = keys::begin(Space::draft);
  std::size_t rows = 0;
  parts_.index.scan(resume(Space::draft, cursor_).view(), [&](ByteView key, ByteView value) {
    if (!keys::after(key, prefix.view())) return false;
    if (const auto draft = unpack_draft(value); draft.ok()) mark(draft->content);
    cursor_ = copy_of(key);
    return ++rows < kRowsPerSlice;
  });
  if (rows == kRowsPerSlice) return;
  next(Phase::past);
}

// --- the past ---

void Collector::scan_past() {
  marked_bytes_ = phase_ == Phase::bases ? &now_.base_bytes : &now_.history_bytes;
  std::size_t rows = 0;
  std::vector<std::pair<ObjectId, Stamp>> beyond;
  const bool more = parts_.history.lines(cursor_, [&](const History::Line& line) {
    // Near the limit each content is measured before the next is judged.
    const bool near = !counting_ && queued_bytes_ > 0 && now_.history_bytes + queued_bytes_ >= limits_.history_bytes;
    if (rows++ == kRowsPerSlice || (near && phase_ == Phase::past)) return false;
    look_at(line);
    if (counting_ && is_beyond(line)) beyond.emplace_back(line.object, line.stamp);
    run_.newer_at = line.stamp.hlc.wall();
    return true;
  });
  for (const auto& [object, stamp] : beyond) parts_.history.forget(object, stamp);
  if (!more) end_pass();
}

void Collector::end_pass() {
  cursor_.clear();
  run_ = {};
  if (phase_ == Phase::bases) return next(Phase::in_use);
  if (!std::exchange(counting_, false)) ++step_;
  while (step_ < AgeSteps::kCount && !any_of_step_[step_]) ++step_;
  if (step_ == AgeSteps::kCount) next(limits_.bases ? Phase::bases : Phase::in_use);
}

void Collector::look_at(const History::Line& line) {
  if (line.object != run_.object) {
    run_ = {};
    run_.object = line.object;
  }
  const WallMs at = line.stamp.hlc.wall();
  if (line.deleted) {
    run_.any = true;
    run_.replaced_at = at;
    return;
  }
  if (!line.content && !line.new_content) return;                         // a chmod, a move
  if (line.content && run_.any && *line.content == run_.content) return;  // the same, told again
  if (run_.any) {
    ++run_.superseded;
    if (line.content) judge(*line.content);
  }
  run_.any = true;
  run_.replaced_at = at;
  run_.content = line.content.value_or(codec::ChunkedContent{});
}

// A version that nobody is told of any more, whatever it changed. The newest of each object stays, and the last superseded
// content with all that is newer (it may be a base); and the network's volume.
bool Collector::is_beyond(const History::Line& line) const {
  if (!run_.newer_at || run_.superseded <= 1 || line.object.volume == kNetworkVolume) return false;
  const std::int64_t age_ms = parts_.moment.network_time.ms - run_.newer_at->ms;
  if (AgeSteps::step_of(age_ms) == 0) return false;
  // The log tells of ten times as much as can be restored, unless the disk is short.
  const std::uint64_t times = limits_.bases ? Retention::kToldTimes : 1;
  const Retention& rules = limits_.rules;
  return run_.superseded > rules.versions * times || age_ms / kDayMs >= static_cast<std::int64_t>(rules.days * times);
}

void Collector::judge(const codec::ChunkedContent& content) {
  if (phase_ == Phase::bases) {
    if (run_.superseded == 1) mark(content);
    return;
  }
  const std::int64_t age_ms = parts_.moment.network_time.ms - run_.replaced_at.ms;
  const std::size_t step = AgeSteps::step_of(age_ms);
  const bool fresh = step == 0;
  const Retention& rules = limits_.rules;
  const bool by_rules = run_.superseded <= rules.versions && age_ms / kDayMs < static_cast<std::int64_t>(rules.days);
  if (!fresh && !by_rules) return;
  if (counting_) {
    any_of_step_[step] = true;
  } else if (step == step_ && (fresh || now_.history_bytes < limits_.history_bytes)) {
    mark(content);
    queued_bytes_ += content.size;
  }
}

// --- the sweep ---

void Collector::sweep() {
  std::size_t seen = 0;
  std::vector<std::pair<Hash, std::uint64_t>> dead;
  bool more = false;
  Hash last;
  parts_.blobs.each(swept_, [&](const Hash& hash, std::uint64_t bytes) {
    if (seen == kSweptPerSlice || dead.size() == kErasedPerSlice) {
      more = true;
      last = hash;
      return false;
    }
    ++seen;
    if (!marks_.has(hash) && !parts_.blobs.holds(hash)) dead.emplace_back(hash, bytes);
    return true;
  });
  for (const auto& [hash, bytes] : dead) {
    parts_.blobs.erase(hash);
    ++now_.erased_blobs;
    now_.erased_bytes += bytes;
  }
  swept_ = last;
  if (more) return;
  now_.cycles = figures_.cycles + 1;
  figures_ = now_;
  finish();
}

void Collector::finish() {
  phase_ = Phase::idle;
  parts_.blobs.tell(nullptr);
  marks_.end();
  open_ = {};
  walked_ = {};
}

}  // namespace meshfs::fsd
