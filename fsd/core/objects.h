// The one way an object changes: given what it was and what it is now, updates all that follows from it: which entries
// are live, which blobs are needed, which version is displayed, names, counters, and what others see of it.
#pragma once

#include <map>

#include "fsd/core/file_tree.h"
#include "fsd/core/needs.h"
#include "fsd/core/object_record.h"
#include "fsd/core/selection.h"
#include "fsd/core/sets.h"

namespace meshfs::fsd {

// When it is, for the merge rules: network time, and the tombstone floor for inherited context slots.
struct Moment {
  WallMs network_time;
  WallMs floor;  // 0: nothing is old enough to be forgotten
};

class Objects {
 public:
  Objects(Table& index, Sets& sets, Namespace& names, Needs& needs, Counters& counters, const Moment& moment)
      : index_(index), sets_(sets), names_(names), needs_(needs), counters_(counters), moment_(moment) {}

  // The dictionary of a record type, if there is one: a base for contents of one chunk that no other is known for.
  using FindDictionary = std::function<std::optional<codec::ChunkedContent>(std::string_view type)>;
  void find_dictionaries_with(FindDictionary find) { find_dictionary_ = std::move(find); }
  // Makes one content of several that did not know of each other, the oldest first; nothing: the type has no rule for it, or its rule
  // makes nothing of these. Called with contents that are here.
  using Merge =
      std::function<std::optional<Bytes>(std::string_view type, const std::vector<const codec::Content*>& versions)>;
  void merge_by(Merge merge) { merge_ = std::move(merge); }
  // The rules are others now: every object with several contents is looked at again.
  void merge_anew();
  // Decides what is fetched; null: everything.
  void choose_by(Selection* selection) { selection_ = selection; }

  // A record without heads if it is not known.
  ObjectRecord load(const ObjectId& object);
  void save(const ObjectId& object, const ObjectRecord& before, ObjectRecord now);
  // Judges anew: its content may be complete, or a head due.
  void refresh(const ObjectId& object);
  // Refreshes what became due and gives those objects.
  std::vector<ObjectId> release_due();
  // When the next head becomes due, or earlier; INT64_MAX: none waits.
  [[nodiscard]] WallMs next_due() const { return next_due_; }

  [[nodiscard]] std::optional<Shown> shown(const ObjectRecord& record) const;
  // The names under which a node shows now.
  std::vector<std::pair<ObjectId, std::string>> names_of(const ObjectId& object, const ObjectRecord& record);
  // Told of every object that is saved: what it was and what it is.
  using Saved = std::function<void(const ObjectRecord& before, const ObjectRecord& now)>;
  void on_saved(Saved saved) { saved_ = std::move(saved); }
  // Told of contents that something else than an object's heads names from now on (drafts).
  void on_named(std::function<void(const codec::Content&)> named) { named_ = std::move(named); }
  void name(const codec::Content& content) const {
    if (named_) named_(content);
  }
  // What changed for readers since the last call.
  std::vector<Visible> take_visible();
  // Greatest HLC among the due heads that were ever saved here: our stamps must be later.
  [[nodiscard]] Hlc latest_due() const { return counters_.latest; }
  Status health() {
    return damaged_ ? Status(error(Errc::io, "the index is damaged: rebuild it from the log")) : index_.health();
  }

 private:
  void update_live(const ObjectRecord& before, const ObjectRecord& now);
  void update_contents(const ObjectId& object, const ObjectRecord& before, ObjectRecord& now,
                       const std::optional<Shown>& shown);
  void update_names(const ObjectId& object, const ObjectRecord& before, ObjectRecord& now,
                    const std::optional<Shown>& shown);
  void update_marks(const ObjectId& object, const ObjectRecord& before, ObjectRecord& now,
                    const std::optional<Shown>& shown);
  void note_visible(const ObjectId& object, const ObjectRecord& before, const ObjectRecord& now,
                    const std::optional<Shown>& shown_before, const std::optional<Shown>& shown_now);
  void begin_fetching(const ObjectId& object, const ObjectRecord& before, ObjectRecord& now,
                      const std::optional<Shown>& shown);
  void end_fetching(const ObjectId& object, const ObjectRecord& before, const ObjectRecord& now);
  void choose_displayed(const ObjectRecord& before, ObjectRecord& now, const std::optional<Shown>& shown);
  std::optional<Bytes> merged(const ObjectRecord& before, const Shown& shown);
  static std::vector<codec::ChunkedContent> used_by(const ObjectRecord& record);
  [[nodiscard]] bool is_complete(const codec::Content& content);
  [[nodiscard]] bool can_show(const codec::Content& content);

  // Contents that are whole here and may resemble `content` (objects_bases.cc), the likeliest first.
  std::vector<codec::ChunkedContent> alike(const ObjectId& object, const ObjectRecord& before, const Shown& shown,
                                           const codec::ChunkedContent& content);
  const std::vector<ObjectId>& counterparts(const ObjectId& directory);

  Table& index_;
  Sets& sets_;
  Namespace& names_;
  Needs& needs_;
  Counters& counters_;
  const Moment& moment_;
  FindDictionary find_dictionary_;
  Selection* selection_ = nullptr;
  Merge merge_;
  bool damaged_ = false;
  WallMs next_due_{0};  // not looked yet
  std::vector<Visible> changed_;
  std::map<ObjectId, std::vector<ObjectId>> counterparts_;  // kept for the other files of a directory
  Saved saved_;
  std::function<void(const codec::Content&)> named_;
};

}  // namespace meshfs::fsd
