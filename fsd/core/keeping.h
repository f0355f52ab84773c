// Applies this node's rules: judges each content that shows, remembers what is here (Kept), and lets placeholders that the rules
// select come once there is room for them. Owned by the replica; state thread only. Local: never changes what is in a set.
//
// Who gets room: what is pinned, then what was written or read last. A content that would fit nowhere stays a placeholder.
// A pass judges everything anew, some objects a turn: after a change of the rules, and a while after something moved.
#pragma once

#include <map>

#include "fsd/core/files.h"
#include "fsd/core/keep_rules.h"
#include "fsd/core/kept.h"

namespace meshfs::fsd {

class Keeping final : public Selection {
 public:
  static constexpr std::size_t kPassSlice = 64;        // objects a turn, ~2 ms
  static constexpr std::size_t kMaxWishes = 1024;      // ~100 kB; beyond, the least worthy waits for the next pass
  static constexpr std::size_t kMaxStarts = 64;        // a turn
  static constexpr Duration kPassPause = seconds(10);  // between two passes that no rule asked for

  struct Parts {
    Table& index;
    Objects& objects;
    Needs& needs;
    Files& files;
    Counters& counters;
    const Moment& moment;
    const Instant& now;
    VolumeTag own;  // this node's volume
  };
  explicit Keeping(const Parts& parts) : parts_(parts), kept_(parts.index) {}

  // `capacity`: what the disk could hold of contents at all; percentages are of it.
  void set(const KeepRules& rules, std::uint64_t capacity);
  void set_capacity(std::uint64_t capacity) { capacity_ = capacity; }
  [[nodiscard]] const KeepRules& rules() const { return rules_; }
  [[nodiscard]] std::optional<std::uint64_t> budget() const { return rules_.budget_bytes(capacity_); }
  // too_large: above the budget; no_space: above the whole disk.
  [[nodiscard]] Status can_hold(std::uint64_t size) const;

  // Whether it may come here only to be handed on to a neighbour.
  [[nodiscard]] bool can_pass_on(std::uint64_t size) const;

  bool wants(const ObjectId& object, const codec::Place& place, const codec::ChunkedContent& content,
             const Stamp& written) override;
  void is_here(const ObjectId& object, const codec::Place& place, const codec::ChunkedContent& content,
               const Stamp& written) override;
  void is_gone(const Hash& root) override;

  // Somebody reads it.
  void used(const Hash& root);
  // Something moved: its path is another one now.
  void moved();
  // Its content was dropped.
  void dropped(const codec::ChunkedContent& content) { is_gone(content.root); }
  [[nodiscard]] bool is_pinned(const ObjectId& object);

  // What has to go for what is over the budget, or for what is worth more.
  struct Room {
    std::uint64_t bytes = 0;
    Kept::Minute before = 0;  // chosen content only if it was used before that; spare content always
  };
  [[nodiscard]] std::optional<Room> wanted_room() const;
  // Nothing may go: what waits for room stays a placeholder.
  void no_room();

  // Goes on with a pass, starts what fits. When it wants to be called again.
  Instant tick();

  [[nodiscard]] Kept& kept() { return kept_; }
  [[nodiscard]] const Kept& kept() const { return kept_; }
  [[nodiscard]] bool judging() const { return pass_; }
  [[nodiscard]] std::size_t wishes() const { return wishes_.size(); }

 private:
  struct Wish {
    Kept::Class worth;
    Kept::Minute used;
    Hash root;
    bool operator<(const Wish& other) const {  // worthiest first
      return std::tie(other.worth, other.used, root) < std::tie(worth, used, other.root);
    }
  };
  [[nodiscard]] bool active() const { return !rules_.everything(); }
  [[nodiscard]] bool fits(std::uint64_t size) const;
  [[nodiscard]] Kept::Class judge(const ObjectId& object, const codec::Place& place, std::uint64_t size);
  [[nodiscard]] bool others_want(const Hash& root, const ObjectId& but, std::uint64_t size);
  void wish(Kept::Class worth, Kept::Minute used, const codec::ChunkedContent& content);
  void pass_soon() { pass_due_ = std::min(pass_due_, parts_.now + kPassPause); }
  void begin_pass();
  void go_on();
  void judge_anew(const ObjectId& object);
  void start(const codec::ChunkedContent& content);

  Parts parts_;
  Kept kept_;
  KeepRules rules_;
  std::uint64_t capacity_ = UINT64_MAX;
  std::map<Wish, std::uint64_t> wishes_;  // size
  bool unmet_ = false;                    // some wish was given up
  bool pass_ = false;
  Bytes cursor_;
  Instant pass_due_ = kNever;
};

}  // namespace meshfs::fsd
