// One node's replica of the whole tree: verifies what arrives, merges, authors local changes, tells syncd what the
// set holds and what content is missing. Owned by fsd's main (or a simulation); state thread only; no clock, no I/O
// but through its ports.
#pragma once

#include "fsd/core/blob_guard.h"
#include "fsd/core/file_tree.h"
#include "fsd/core/inquiries.h"
#include "fsd/core/retention.h"
#include "schema/codec/local.h"
#include "schema/codec/network.h"
#include "schema/vocab/rng.h"

namespace meshfs::fsd {

struct TreeChange;

// What the disk has, as whoever looks at it tells the replica now and then.
struct DiskRoom {
  std::uint64_t total_bytes = 0;
  std::uint64_t lacking_bytes =
      0;  // less free than there should be, what compaction is about to give back counted as free
  std::uint64_t blobs = 0;
};

class Replica {
 public:
  struct Ports {
    Table& index;
    RecordLog& log;
    BlobStore& blobs;
    std::function<void(codec::local::ToSyncd)> to_syncd;  // dropped while no syncd is connected
    Workshop* workshop = nullptr;                         // none: deltas are made and applied at once
  };
  struct Options {
    bool has_clock = true;   // the wall clock handed to tick() is confirmed (NTP, RTC)
    codec::Attributes root;  // of /mesh itself
  };

  Replica(codec::Identity identity, Ports ports, Options options);
  ~Replica();

  // --- life: replay() every metadata record after index_position(), in order; then start().
  [[nodiscard]] RecordPosition index_position() const;  // records up to here are in the index; 0 none
  Status replay(RecordType type, RecordPosition position, ByteView payload);
  Status start(Instant now, WallMs wall);  // publishes genesis (admin) and own member record if missing
  // Seals batches, moves network time, releases what became due. Returns when it wants to be called again.
  Instant tick(Instant now, WallMs wall);

  // Whether the wall clock handed to tick() is confirmed now; NTP may get through hours after the start.
  void set_clock_confirmed(bool confirmed);

  // What time it is, for what happens before the next tick().
  void note_time(Instant now);

  // --- syncd's side
  void on_syncd(const codec::local::ToFsd& message);
  void on_syncd_connected();
  void on_syncd_gone();

  // A read of this content failed for a damaged or missing blob: it is asked for again.
  void mend(const codec::ChunkedContent& content);

  // --- what is kept: contents nobody needs are collected from tick(), in slices of about a millisecond
  // Whoever stores blobs and names them later goes through this, with a ticket in between.
  BlobGuard& blobs();
  void contents_in_use_by(std::function<void(const std::function<void(const codec::Content&)>& visit)> in_use);
  void set_retention(const Retention& rules);
  [[nodiscard]] const Retention& retention() const;
  [[nodiscard]] std::uint64_t history_limit() const;  // bytes, with the default worked out
  void note_room(const DiskRoom& room);
  struct Kept {  // bytes on the disk, as the last finished cycle found them
    std::uint64_t cycles = 0;
    std::uint64_t live_bytes = 0, history_bytes = 0, base_bytes = 0;
    std::uint64_t erased_blobs = 0, erased_bytes = 0;
    bool collecting = false;
  };
  [[nodiscard]] Kept kept() const;

  FileTree& files();
  // Called with every change of the tree, local ones too, once its version is known. Set it before start().
  void on_change(std::function<void(const std::vector<TreeChange>&)> listener);
  struct Status_ {  // for .mesh/status and the CLI
    std::uint64_t objects = 0, files = 0, entries = 0, conflicts = 0, pending = 0, missing_blobs = 0;
    std::vector<codec::SetSummary> sets;  // plain (unsalted) fingerprints
    WallMs network_time;
    bool flagged = false;  // equivocation seen: does not publish until rotated
    bool syncd_connected = false;
  };
  Status_ status() const;
  struct Conflict {
    std::string path, author;
    WallMs when;
    NodeKey node;
  };
  std::vector<Conflict> conflicts() const;
  struct Pending {
    std::string what, waits_for;
  };
  std::vector<Pending> pending() const;

  // --- the past, for tools. Paths are relative to /mesh; open changes are sealed first, so that they have a version.
  Result<PathLog> log(std::string_view path, std::size_t limit, std::string_view after);  // after: "" or a version
  Result<codec::Content> past_content(std::string_view path, std::string_view version);
  // These two make commits; wait for files().sync() before telling anybody.
  Result<Hash> restore(std::string_view path, std::string_view version);
  Result<Settled> settle_conflict(std::string_view path, bool keep_all, std::string_view version);  // "": as shown

  // --- far questions: who has a version, and what of it
  struct Asked {  // what the outcome is about
    std::string path, node;
    Hash entry;
    std::optional<codec::Content> content;
  };
  using Answered = std::function<void(const Asked& what, const FarOutcome& outcome)>;
  // `node`: only that one, this one too; "": everybody. `version` "": the one that shows. Calls `done` once if it is
  // accepted; not_found for unknown paths, versions and nodes, unreachable without syncd, busy beyond two a second.
  Status ask_far(std::string_view path, std::string_view version, std::string_view node, Duration wait, Answered done);

  struct Transfer {
    std::string path;  // of one file that waits for it; empty if that shows nowhere
    Hash content;
    std::uint64_t bytes = 0;
    Needs::Progress progress;
    std::vector<Transfers::Rate> from;
  };
  std::vector<Transfer> transfers() const;  // contents that are not whole, at most 100

  struct DictionaryUse {
    std::string id, type;
    std::uint64_t size = 0;
    bool current = false;                                            // the version that shows
    std::string damage;                                              // why it is of no use; empty: it is
    std::uint64_t records = 0, plain_bytes = 0, squeezed_bytes = 0;  // both ways, since the start
  };
  std::vector<DictionaryUse> dictionaries() const;  // by type, older versions last

  std::string node_name(const AuthorTag& author) const;  // hex of the tag if unknown
  std::vector<codec::Member> members() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace meshfs::fsd
