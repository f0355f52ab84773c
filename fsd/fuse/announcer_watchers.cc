// The announcer's knowledge of who watches: when to look, what follows from it.
#include <algorithm>

#include "fsd/fuse/announcer.h"

namespace meshfs::fsd::fuse {

using What = Visible::What;

namespace {

// What fdinfo shows of an inode number: a 32-bit kernel folds it.
std::uint64_t as_the_kernel_prints(Ino ino) {
  return sizeof(long) == 8 ? ino : static_cast<std::uint32_t>(ino ^ ino >> 32);
}

}  // namespace

bool Announcer::is_watched(const Known& known) const {
  if (all_watched_) return true;
  const auto has = [this](Ino ino) {
    return ino != 0 && std::binary_search(watched_.begin(), watched_.end(), as_the_kernel_prints(ino));
  };
  return has(known.directory) || has(known.from) || has(known.node);
}

void Announcer::ask_for_scan() {
  if (scanning_) return;
  const Instant now = clock_.now();
  if (now < scan_allowed_) return ports_.wake(scan_allowed_);
  HeraldOrder order;
  order.form = Form::scan;
  order.number = kScanNumber + scan_ + 1;
  if (!ports_.send(order)) return ports_.wake(now + milliseconds(10));
  if (sent_ == 0) answered_ = now;
  ++scan_;
  scanning_ = true;
  scan_began_ = now;
}

void Announcer::scanned(const HeraldAnswer& answer, std::span<const std::uint64_t> watched) {
  scanning_ = false;
  ++figures_.scans;
  figures_.scan_us += answer.took_us;
  const Duration took{static_cast<std::int64_t>(answer.took_us) * 1000};
  scan_allowed_ = clock_.now() + std::min(Duration{took.ns * kScanShare}, kLongestGap);
  all_watched_ = answer.watched > kMaxWatchedTold;
  watched_.assign(watched.begin(), watched.end());
  watched_at_ = scan_began_;
  const std::uint64_t number = answer.number - kScanNumber;
  for (auto it = waiting_.upper_bound(sent_to_); it != waiting_.end(); ++it) {
    Waiting& waiting = it->second;
    if (waiting.stage != Stage::asked || waiting.needs_scan > number) continue;
    waiting.stage = is_watched(waiting.known) ? Stage::ready : Stage::unwatched;
  }
  call_late();
  pump();
}

void Announcer::call_late() {
  for (const auto& [change, known] : std::exchange(let_go_, {})) {
    if (!is_watched(known)) continue;
    Visible came = change;
    if (change.what == What::moved) {
      came.what = What::added;
      if (known.from != 0) {
        const Visible left{What::removed, change.from_directory, change.from_name, change.node, change.kind};
        add(left, {known.from, 0, 0}, true);
      }
      if (known.directory == 0) continue;
    }
    const bool shows = came.what != What::removed;
    const auto node = tree_.real().lookup(came.directory, came.name);
    if (shows != (node && *node == came.node)) continue;  // it changed again since
    add(came, known, true);
  }
}

}  // namespace meshfs::fsd::fuse
