// Foreign changes on their way to the kernel: which need an event, in what order, by which operation of the herald.
// Owned by MountState; state thread only; waits for nothing. A change passes these stages, all of them in one queue:
//
//   asked      somebody might watch: held back (HeldTree) until the herald has looked, a few ms
//   unwatched  nobody does: the kernel forgets what it has cached, as without a herald
//   ready      somebody does: next in the queue for the herald
//   sent       the herald was told; its request through the mount commits the change, and the event follows
//
// A directory that the kernel does not know is watched by nobody: such changes never get here, they cost nothing more.
// What was let go as unwatched is looked at again after the next scan: a watch that came in between gets a late event.
#pragma once

#include <span>

#include "fsd/fuse/content_io.h"
#include "fsd/fuse/held_tree.h"
#include "fsd/fuse/herald_process.h"
#include "fsd/fuse/open_files.h"

namespace meshfs::fsd::fuse {

class Announcer {
 public:
  // ~600 B each while they wait. The herald makes some 10,000 events/s, a node takes in some 2,000 changes/s.
  static constexpr std::size_t kMaxWaiting = 16'384;
  static constexpr std::size_t kMaxSent = 32;        // a socket takes some 100 orders
  static constexpr std::size_t kMaxLetGo = 4096;     // remembered for late watchers
  static constexpr Duration kTrust = seconds(2);     // that somebody still watches; the other way round: not at all
  static constexpr Duration kPatience = seconds(5);  // with a herald that does not answer (stopped, frozen)
  static constexpr Duration kLongestGap = milliseconds(500);
  // Every scan has a number of its own, apart from those of changes.
  static constexpr std::uint64_t kScanNumber = std::uint64_t{1} << 62;
  static constexpr int kScanShare = 4;  // scans take at most a fifth of a processor, however many processes there are

  struct Ports {
    std::function<bool(const HeraldOrder&)> send;  // false: not now
    std::function<void(const Visible&)> forget;    // the kernel's caches, without an event
    std::function<void(Instant)> wake;             // wants tick() then
    std::function<void(const std::string&)> note;
    std::function<void()> give_up;  // the herald is no good: calls stop()
  };
  Announcer(HeldTree& tree, InodeTable& inodes, OpenFiles& files, ContentIo& content, Clock& clock, Ports ports);

  // Numbers that the kernel knows of what a change concerns; 0: none.
  struct Known {
    Ino directory = 0, from = 0, node = 0;
    [[nodiscard]] bool any() const { return directory != 0 || from != 0 || node != 0; }
  };
  Known known(const Visible& change) const;
  void take(const Visible& change, const Known& known);

  void start() { on_ = true; }
  [[nodiscard]] bool is_on() const { return on_; }
  // Without a herald from now on: all that waits is let go.
  void stop();
  void tick();
  void answered(const HeraldAnswer& answer, std::span<const std::uint64_t> watched);

  // --- what the herald's requests find
  enum class Stage : std::uint8_t { asked, unwatched, ready, sent };
  struct Waiting {
    std::uint64_t number = 0;
    Visible change;
    Known known;
    HeraldOrder::Form form = HeraldOrder::Form::scan;
    Stage stage = Stage::asked;
    std::uint64_t needs_scan = 0;
    Stamp version;           // grow: of the content that was compared
    Ino reserved = 0;        // replace: the number that the new version gets
    bool late = false;       // it shows already
    bool performed = false;  // the request that makes the event came and was granted
    unsigned tries = 0;
  };
  using Form = HeraldOrder::Form;
  // The order under way that this request belongs to.
  Waiting* under_way(Form form, Ino directory, std::string_view name);
  Waiting* under_way(Form form, Ino node);
  Waiting* under_way(std::uint64_t number);
  // The same by the name that goes.
  Waiting* leaving(Form form, Ino directory, std::string_view name);
  // Somebody may ask for a name that is gone but whose event is not out: the answer must not be cached.
  bool departs(Ino directory, std::string_view name) const;
  // It shows from now on.
  void commit(Waiting& waiting);

  // Changes are numbered: how far they were taken, and up to where all show.
  [[nodiscard]] std::uint64_t taken() const { return next_; }
  [[nodiscard]] std::uint64_t shown() const { return waiting_.empty() ? next_ : waiting_.begin()->first; }

  struct Figures {
    std::uint64_t events = 0, let_go = 0, scans = 0, scan_us = 0;
    std::size_t waiting = 0;
  };
  [[nodiscard]] Figures figures() const;

 private:
  bool merge(const Visible& change);
  bool merge_removal(const Visible& change, Waiting& earlier);
  bool merge_move(const Visible& change, Waiting& earlier);
  void add(const Visible& change, const Known& known, bool late);
  void hold(Waiting& waiting);
  void release(const Waiting& waiting);
  [[nodiscard]] bool is_watched(const Known& known) const;
  void pump();
  void let_go(const Waiting& waiting);
  void ask_for_scan();
  void scanned(const HeraldAnswer& answer, std::span<const std::uint64_t> watched);
  void call_late();
  bool send(Waiting& waiting);
  std::optional<Form> form_of(Waiting& waiting);
  std::optional<Form> form_of_addition(const Waiting& waiting);
  std::optional<Form> form_of_content(Waiting& waiting);
  bool again(Waiting& waiting);

  HeldTree& tree_;
  InodeTable& inodes_;
  OpenFiles& files_;
  ContentIo& content_;
  Clock& clock_;
  Ports ports_;
  bool on_ = false;
  bool flooded_ = false;                      // said so in the log
  std::map<std::uint64_t, Waiting> waiting_;  // by number, which is the order of the changes
  std::uint64_t next_ = 1, sent_to_ = 0;      // all up to sent_to_ are sent
  std::size_t sent_ = 0;
  Instant answered_;  // when the herald showed last that it lives, or was asked after a rest
  std::vector<std::pair<Visible, Known>> let_go_;

  std::vector<std::uint64_t> watched_;  // by the last scan, sorted
  bool all_watched_ = false;            // too many to tell
  Instant watched_at_{INT64_MIN / 2};
  std::uint64_t scan_ = 0;  // number of the last one asked for
  bool scanning_ = false;
  Instant scan_began_, scan_allowed_{INT64_MIN / 2};
  Figures figures_;
};

}  // namespace meshfs::fsd::fuse
