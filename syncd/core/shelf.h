// What this node publishes on one bulletin: letters that others lack, cut into pieces, and which piece stands on which page. Owned
// by Board, which says what is lacking, who has seen what, and when to change pages.
//
// A piece is busy from its placing on until all whom it concerns have it or have seen its version, or kept waiting too long; busy
// ones stay. Others stay too while nothing needs their place, since what does not change costs an engine nothing (unless it repeats
// all for ever: then they go). What stands is put first, what changes goes onto the last page if it fits: an engine that cuts
// what a node says into addressed pieces sends only those that changed.
#pragma once

#include <array>
#include <map>
#include <optional>

#include "syncd/core/extents.h"
#include "transport/port/bulletin.h"

namespace meshfs::syncd {

class Shelf {
 public:
  static constexpr std::size_t kMaxLetters = 1024;
  static constexpr std::size_t kMaxBytes = 1024 * 1024;  // of letters; beyond, put() takes nothing
  static constexpr std::size_t kPieceBytes = 44;         // a piece's part of a page's head, at most
  static constexpr std::uint32_t kLeastPiece = 64;       // unless it is the end of its letter

  explicit Shelf(const transport::BulletinTraits& traits) : traits_(traits), pages_(traits.pages) {}

  // News is for all, repair for those whose sets lack something; both are published whole, once. Of what is asked for, the parts
  // that are said.
  enum class Kind : std::uint8_t { news, repair, asked };
  // False: no room. What is here already is published once more.
  bool put(codec::LetterId id, Bytes bytes, std::uint64_t blob, Kind kind, bool urgent);
  [[nodiscard]] bool has(codec::LetterId id) const { return letters_.contains(id); }
  // Some of it stands on a page, or stood there.
  [[nodiscard]] bool placed(codec::LetterId id) const;
  [[nodiscard]] std::optional<codec::LetterId> of_blob(std::uint64_t blob) const;

  // From here to arrange(): who lacks what now. All that is still to do was said since begin_asking().
  void begin_asking();
  // One who has seen our pages up to version `seen` wants these parts.
  void ask(codec::LetterId id, const Extents& parts, std::uint32_t seen);
  // Of those whom news and repair concern, what the one who is furthest behind has seen.
  void set_seen(Kind kind, std::uint32_t seen) { seen_[static_cast<std::size_t>(kind)] = seen; }
  // Drops what is neither to be published, nor asked for, nor stands on a page.
  void sweep();

  [[nodiscard]] bool has_work() const;
  [[nodiscard]] bool has_urgent_work() const;
  // Would a change bring anything? Work, and a place for it.
  [[nodiscard]] bool has_room(Instant now, Duration patience) const;

  // The pages that change with `version`; the last always does. `fixed_bytes`: of a page without pieces; of the last with the head.
  std::vector<std::size_t> arrange(std::uint32_t version, std::size_t fixed_bytes, std::size_t head_bytes,
                                   Duration patience, Instant now);
  void clear_pages();
  [[nodiscard]] std::vector<codec::PagePiece> pieces_on(std::size_t page) const;
  // Since the start: bytes of pieces placed, and of those that stood on a page before.
  [[nodiscard]] std::uint64_t placed_bytes() const { return placed_bytes_; }
  [[nodiscard]] std::uint64_t repeated_bytes() const { return repeated_bytes_; }

 private:
  struct Placed {
    codec::LetterId letter = 0;
    codec::Extent part;
    std::uint32_t version = 0;
    Instant at{0};
  };
  struct Letter {
    Bytes bytes;
    std::uint64_t blob = 0;
    Kind kind = Kind::news;
    bool whole = false;  // to be published, whoever asks
    bool urgent = false;
    bool asked = false;
    std::uint32_t seen = 0;  // by the one of those who ask that is furthest behind
    std::uint64_t order = 0;
    Extents lacking;  // by somebody who asks
    Extents todo, placed_once;
  };
  [[nodiscard]] bool busy(const Placed& piece, Duration patience, Instant now) const;
  [[nodiscard]] std::vector<codec::LetterId> in_order() const;
  [[nodiscard]] std::size_t used(std::size_t page) const;
  [[nodiscard]] std::size_t todo_bytes() const;
  bool fill(std::size_t page, std::size_t room, std::uint32_t version, Instant now);

  transport::BulletinTraits traits_;
  std::map<codec::LetterId, Letter> letters_;
  std::size_t bytes_ = 0;
  std::vector<std::vector<Placed>> pages_;
  std::array<std::uint32_t, 2> seen_{};  // by kind
  std::uint64_t next_order_ = 1;
  std::uint64_t placed_bytes_ = 0, repeated_bytes_ = 0;
};

}  // namespace meshfs::syncd
