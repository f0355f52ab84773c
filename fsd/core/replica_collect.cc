// When the replica collects garbage, and with which limits.
#include "fsd/core/replica_parts.h"

namespace meshfs::fsd {

namespace {

// Between two slices: a quarter of the state thread at most; short of disk there is nothing better to do.
constexpr Duration kSlicePause = milliseconds(4), kPressedSlicePause = milliseconds(1);
// A cycle is due when so much may have become garbage, but not more often than every minute; when anything may have, every
// hour; and once a day for what only grew too old.
constexpr std::uint64_t kWorthBytes = 16 * 1024 * 1024;
constexpr std::uint64_t kWorthShare = 16;  // a sixteenth of what is live
constexpr Duration kBetweenCycles = seconds(60), kCycleForAny = seconds(3600), kCycleAnyway = seconds(86'400);
// Short of disk, again at once while that brings something, else ever more rarely.
constexpr Duration kFirstPause = seconds(2), kLongestPause = seconds(300);
constexpr std::uint64_t kDefaultShare = 10;  // of the disk, for the past

}  // namespace

Instant Replica::Parts::collect() {
  Collecting& c = collecting;
  if (!started) return kNever;
  if (collector.running()) {
    if (now < c.slice_at) return c.slice_at;
    collector.slice();
    c.slice_at = now + (room.lacking_bytes > 0 ? kPressedSlicePause : kSlicePause);
    if (collector.running()) return c.slice_at;
    c.cycle_at = now;
    const bool helped = collector.figures().erased_bytes > 0;
    c.pause = helped || c.pause == Duration{} ? kFirstPause : std::min(c.pause + c.pause, kLongestPause);
    c.pressed_at = now + c.pause;
  }
  const std::uint64_t worth = std::max(kWorthBytes, collector.figures().live_bytes / kWorthShare);
  Instant due = c.cycle_at + kCycleAnyway;
  if (collector.retired_bytes() > 0) due = c.cycle_at + kCycleForAny;
  if (collector.retired_bytes() >= worth) due = c.cycle_at + kBetweenCycles;
  if (c.wanted) due = c.cycle_at;
  const bool pressed = room.lacking_bytes > 0 && now >= c.pressed_at;
  if (!pressed && now < due) return room.lacking_bytes > 0 ? std::min(due, c.pressed_at) : due;
  c.wanted = false;
  c.pressed = pressed;
  begin_cycle();
  return c.slice_at;
}

std::uint64_t Replica::Parts::history_limit() const {
  if (retention.bytes > 0) return retention.bytes;
  return room.total_bytes == 0 ? UINT64_MAX : room.total_bytes / kDefaultShare;
}

void Replica::Parts::begin_cycle() {
  Collecting& c = collecting;
  Collector::Limits limits;
  limits.rules = retention;
  limits.history_bytes = history_limit();
  if (c.pressed) {
    // The bases go first, then as much of the past as the disk lacks.
    limits.bases = false;
    const Collector::Figures& last = collector.figures();
    if (last.cycles > 0 && last.base_bytes == 0) {
      const std::uint64_t less = last.history_bytes - std::min(last.history_bytes, room.lacking_bytes);
      limits.history_bytes = std::min(limits.history_bytes, less);
    }
  }
  collector.begin(limits, room.blobs);
  c.slice_at = now;
}

// --- the outside ---

RecordOwner& Replica::records() { return parts_->records; }

BlobGuard& Replica::blobs() { return parts_->guard; }

void Replica::contents_in_use_by(std::function<void(const std::function<void(const codec::Content&)>&)> in_use) {
  parts_->collector.in_use_by(std::move(in_use));
}

void Replica::set_retention(const Retention& rules) {
  Parts& p = *parts_;
  if (p.started && p.retention != rules) {
    p.collecting.wanted = true;
    p.collecting.cycle_at = std::min(p.collecting.cycle_at, p.now);
  }
  p.retention = rules;
}

const Retention& Replica::retention() const { return parts_->retention; }

std::uint64_t Replica::history_limit() const { return parts_->history_limit(); }

void Replica::note_room(const DiskRoom& room) {
  Parts& p = *parts_;
  if (room.lacking_bytes == 0) p.collecting.pause = {};
  const auto reached = [&](std::uint8_t percent) {
    return room.used_percent >= percent && p.room.used_percent < percent;
  };
  if (reached(kWarnPercent)) p.ports.note("the disk is " + std::to_string(room.used_percent) + " % full");
  if (reached(kFetchPercent)) p.ports.note("no content of others is fetched any more: the disk is nearly full");
  if (reached(kWritePercent)) p.ports.note("only deletes are taken: the disk is nearly full");
  p.needs.hold_back(room.used_percent >= kFetchPercent);
  p.files.refuse_writes(room.used_percent >= kWritePercent);
  p.room = room;
}

Replica::Kept Replica::kept() const {
  const Collector::Figures& last = parts_->collector.figures();
  return {last.cycles,       last.live_bytes,   last.history_bytes,         last.base_bytes,
          last.erased_blobs, last.erased_bytes, parts_->collector.running()};
}

}  // namespace meshfs::fsd
