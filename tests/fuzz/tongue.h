// What a member that lies can say, out of a few bytes each: any kind of message about sets near to those of its victim, true,
// half true or made up. Owned by GossipTrial; no network, no time. It must never draw chance but from its bytes.
#pragma once

#include <array>
#include <deque>

#include "schema/codec/wire.h"
#include "schema/vocab/rng.h"
#include "syncd/core/item_set.h"
#include "syncd/core/sketch.h"
#include "tests/sim/liar.h"
#include "tests/sim/light_fsd.h"

namespace meshfs::fuzz {

// Eight bytes of the input: what happens next, and how.
struct Step {
  static constexpr std::size_t kBytes = 8;
  std::uint8_t what = 0;
  std::array<std::uint8_t, kBytes - 1> how{};
  [[nodiscard]] Rng rng() const;  // for what no byte says
};

// Records and contents that everybody in a trial knows of, made once.
const std::vector<sim::Record>& all_records();
struct SomeBlob {
  Hash hash;
  Bytes bytes;
};
const std::vector<SomeBlob>& all_blobs();

class Tongue {
 public:
  static constexpr std::size_t kRecords = 256, kCommon = 80;  // the honest hold the first ones
  static constexpr std::size_t kBlobs = 16;
  static constexpr std::size_t kMostAsked = 32;  // questions it remembers
  static constexpr std::uint8_t kSomebody =
      254;  // of a beacon's last byte: whose it is, so that the victim asks for a key

  Tongue();

  // It says to hold records, or ids that nobody has; or no longer.
  void hold(const Step& step);
  // The victim's sums as they are now, for lies that lie nearby.
  void look_at(std::vector<codec::SetSummary> victim) { victim_ = std::move(victim); }
  void asked(const codec::Message& question);
  // Who it is, for word of its broadcast keys.
  void speaks_as(const sim::Speaker& self) { self_ = self; }

  [[nodiscard]] codec::Message message(const Step& step) const;
  [[nodiscard]] codec::Beacon beacon(const Step& step, const sim::Speaker& self) const;
  [[nodiscard]] codec::News news(const Step& step) const;
  [[nodiscard]] codec::Packet packet(const Step& step) const;
  // To one of the victim's questions; nothing if none is open.
  std::optional<codec::Message> answer(const Step& step);
  [[nodiscard]] std::optional<codec::Message> answer(const codec::Message& question, const Step& step) const;

 private:
  using Sum = syncd::ItemSet::Sum;
  static sim::Speaker somebody();
  struct Where {
    codec::ItemId lower = 0, upper = 0;
  };
  [[nodiscard]] Sum sum(std::uint8_t truth, SetId set, const Where& where, Rng& rng) const;
  [[nodiscard]] codec::Cells cells(std::uint8_t truth, const codec::WantCells& want, Rng& rng) const;
  [[nodiscard]] codec::Reconcile ranges(std::uint8_t truth, SetId set, const std::vector<Where>& where, bool ids,
                                        bool reply, Rng& rng) const;
  [[nodiscard]] codec::WantCells want_cells(const Step& step, Rng& rng) const;
  [[nodiscard]] codec::WantItems want_items(const Step& step, Rng& rng) const;
  [[nodiscard]] codec::Push push(std::uint8_t truth, std::uint8_t number, std::uint8_t first, Rng& rng) const;
  [[nodiscard]] codec::Blob blob(std::uint8_t which, std::uint8_t truth) const;
  [[nodiscard]] codec::BroadcastKeys keys(const std::vector<std::uint32_t>& ids, std::uint8_t truth, Rng& rng) const;
  [[nodiscard]] codec::Message keys(const Step& step, Rng& rng) const;
  [[nodiscard]] codec::Push bring(const codec::WantItems& want) const;

  syncd::ItemSet own_;                                     // of the shared set; the others are empty
  const std::map<codec::ItemId, std::size_t>& record_of_;  // all records, by what they are called in sets
  std::vector<codec::SetSummary> victim_;
  sim::Speaker self_;
  std::deque<codec::Message> asked_;
};

}  // namespace meshfs::fuzz
