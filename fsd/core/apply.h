// How a verified entry enters the replica: prepare() says what it would do, take() does it. The same for commits of
// others, for our own at sealing, and for records of the log at replay.
#pragma once

#include <set>

#include "fsd/core/authors.h"
#include "fsd/core/history.h"
#include "fsd/core/log_view.h"
#include "fsd/core/members.h"
#include "fsd/core/network_time.h"
#include "fsd/core/objects.h"

namespace meshfs::fsd {

// Whether these may use the room that is kept for what must always commit: deletes alone, and the network volume.
bool is_vital(const VolumeTag& volume, const std::vector<codec::Entry>& entries);

class Applier {
 public:
  // Finds the own registers of an entry that itself still waits for origins.
  using FindWaiting = std::function<std::optional<Head>(const Hash& entry, const ObjectId& object)>;

  Applier(Table& index, Sets& sets, LogView& log, History& history, Objects& objects, Members& members,
          const AuthorTag& me);
  void find_waiting_with(FindWaiting find) { find_waiting_ = std::move(find); }
  // Says why a known entry does not count: policy refuses it, whatever was said when it came. "": it counts.
  using Refusal = std::function<std::string(const codec::Header&, const codec::Entry&, const Hash&)>;
  void refuse_by(Refusal refusal) { refusal_ = std::move(refusal); }
  // Told of every entry that enters.
  void on_taken(std::function<void(const codec::Header&, const codec::Entry&)> taken) { taken_ = std::move(taken); }

  struct Prepared {
    enum class What : std::uint8_t { known, apply, waits, bad };
    What what = What::known;
    std::vector<Head> heads;    // apply; empty if a live head covers it already
    std::vector<Hash> missing;  // waits: origins
    std::string reason;         // bad
    bool by_policy = false;     // bad: it builds on what policy refuses
  };
  Prepared prepare(const codec::Header& header, const codec::Entry& entry, const Hash& hash, WallMs network_time);

  struct Where {
    RecordPosition position = 0;
    codec::ItemForm form = codec::ItemForm::commit;
    std::uint32_t index = 0;
  };
  // `own` replaces the provisional heads of its objects: it is what they stood for.
  void take(const codec::Header& header, const codec::Entry& entry, const Hash& hash, Prepared prepared,
            const Where& where, bool own, WallMs network_time);

  // The object's heads from all that is known of it and counts: what refused entries had covered comes back. Nothing
  // happens if they are what they were. True if something did. If one that came back names an origin that never came, once
  // more when that comes.
  bool fold_anew(const ObjectId& object, WallMs network_time);

  // What others may wait for: entries and authors known since the last call.
  struct News {
    std::vector<Hash> entries;
    std::vector<AuthorTag> authors;
    std::vector<ObjectId> objects;  // that foreign entries touched
  };
  News take_news() { return std::exchange(news_, {}); }

 private:
  // What an origin states, for this object. Null: not here. `refused`: it is, and does not count.
  const Head* origin_of(const Hash& origin, const ObjectId& object, std::map<Hash, Head>& loaded, std::string& refused);
  // Our own newer version or removal of an object makes its draft void.
  void forget_draft(const ObjectId& object, const codec::Header& header, const codec::Entry& entry);

  Table& index_;
  Sets& sets_;
  LogView& log_;
  History& history_;
  Objects& objects_;
  Members& members_;
  const AuthorTag me_;
  std::set<ObjectId> incomplete_;  // folded anew without an origin; kept in the index
  FindWaiting find_waiting_;
  Refusal refusal_ = [](const auto&, const auto&, const auto&) { return std::string(); };
  std::function<void(const codec::Header&, const codec::Entry&)> taken_;
  News news_;
};

}  // namespace meshfs::fsd
