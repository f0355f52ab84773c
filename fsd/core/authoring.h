// Local changes on their way into commits. A change shows at once as a provisional head; changes of one volume gather
// in an open batch (one entry per object) until it is sealed: signed, appended to the log, and published once durable.
// A held new file is in no batch until its content is published.
#pragma once

#include "fsd/core/apply.h"
#include "fsd/core/compose.h"
#include "fsd/core/epochs.h"

namespace meshfs::fsd {

// Packing adds a quarter at worst, so that a batch of this many canonical bytes fits kMaxCommitBytes.
inline constexpr std::size_t kMaxBatchBytes = 170 * 1024;
// 64 MB of index traffic at worst before a flush; a tree copied in goes out in pieces that neighbours relay meanwhile.
inline constexpr std::size_t kMaxBatchEntries = 1024;
// Deletes are small: as many as one batch tombstone may cover.
inline constexpr std::size_t kMaxBatchDeletes = 2048;

class Authoring {
 public:
  struct Parts {
    Table& index;
    RecordLog& log;
    Objects& objects;
    Sets& sets;
    Authors& authors;
    const Epochs& epochs;
    const Members& members;
    Applier& applier;
    NetworkTime& time;
    const Moment& moment;
    const Instant& now;
  };
  struct Author {
    NetworkId network;
    AuthorTag tag;
    const crypto::SigningKey& device_key;
  };
  // Called for every commit of ours right after it is in the log.
  using OnSealed = std::function<void(const codec::Commit& commit, const codec::SignedHeader& header, Bytes encoded)>;
  Authoring(const Parts& parts, const Author& author, OnSealed on_sealed)
      : parts_(parts), author_(author), on_sealed_(std::move(on_sealed)) {}

  // Adds `edit` to the object's open change. Fails, and changes nothing, where a limit of the format is reached.
  using Edit = std::function<void(Change&)>;
  Status change(const ObjectId& object, codec::Kind kind, const Edit& edit);
  // Deletes the object: a tombstone, or nothing if no commit ever held it.
  Status remove(const ObjectId& object, const std::optional<codec::Place>& shown_at);
  // A new file that nobody else sees yet, and changes to it.
  Status hold(const ObjectId& object, const Edit& edit);
  [[nodiscard]] bool is_held(const ObjectId& object) const { return held_.contains(object); }
  // The held file becomes an ordinary change with this content.
  Status publish_held(const ObjectId& object, const Edit& edit);
  // Room for `n` more entries in one commit: seals what is open if they would not fit.
  Status make_room(const VolumeTag& volume, std::size_t n);

  // What this node stamped in a volume in all, the open batch included.
  [[nodiscard]] Authors::Totals totals(const VolumeTag& volume);
  [[nodiscard]] bool has_open() const { return !batches_.empty(); }
  // Puts all open batches into the log, in the order of their stamps. On failure (disk full) they stay open.
  Status seal();
  // Foreign heads came for these objects: what is held over them is composed anew.
  void recompose(const std::vector<ObjectId>& objects);

 private:
  struct Open {
    codec::Kind kind = codec::Kind::file;
    bool removed = false;
    std::optional<codec::Place> shown_at;  // of a removed directory
    Change change;
    std::size_t bytes = 0;
    std::uint64_t turn = 0;  // entries go in the order of the last changes: who watches elsewhere sees them in it
  };
  struct Batch {
    Stamp stamp;
    std::map<LocalId, Open> changes;
    std::size_t bytes = 0;
    std::uint64_t turns = 0;
  };
  struct Held {
    codec::Kind kind = codec::Kind::file;
    Change change;
  };
  Stamp next_stamp();
  Batch& batch_of(const VolumeTag& volume);
  Result<std::pair<codec::Entry, Head>> compose_open(const ObjectId& object, const Open& open, const Heads& heads,
                                                     const Stamp& stamp);
  Status stage(const ObjectId& object, Open open);
  Status drop_held(const ObjectId& object);
  [[nodiscard]] bool shown_without_open(const ObjectRecord& record) const;
  void show_provisional(const ObjectId& object, const ObjectRecord& before, std::optional<Head> head, bool held);
  Status seal_batch(const VolumeTag& volume, const Batch& batch);
  // What policy forbids since it was changed here never leaves: its provisional head goes.
  void drop_forbidden(const VolumeTag& volume, Batch& batch);
  std::vector<codec::Entry> entries_of(const VolumeTag& volume, const Batch& batch);
  codec::Header header_for(const VolumeTag& volume, const Batch& batch, const std::vector<codec::Entry>& entries);

  Parts parts_;
  Author author_;
  OnSealed on_sealed_;
  std::map<VolumeTag, Batch> batches_;
  std::map<ObjectId, Held> held_;
};

}  // namespace meshfs::fsd
