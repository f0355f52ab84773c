// One node's replica of the whole tree: verifies what arrives, merges, authors local changes, tells syncd what the
// set holds and what content is missing. Owned by fsd's main (or a simulation); state thread only; no clock, no I/O
// but through its ports.
#pragma once

#include "fsd/core/blob_guard.h"
#include "fsd/core/demands.h"
#include "fsd/core/epochs.h"
#include "fsd/core/evictions.h"
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
  std::uint8_t used_percent = 0;
};

// How full the disk may be before this node says so, stops fetching what others wrote, and takes no more writes but deletes. Beyond is
// a reserve (fsd/store/free_space.h) for deletes, policy and revocations.
inline constexpr std::uint8_t kWarnPercent = 85, kFetchPercent = 90, kWritePercent = 95;

class Replica {
 public:
  struct Ports {
    Table& index;
    RecordLog& log;
    BlobStore& blobs;
    std::function<void(codec::local::ToSyncd)> to_syncd;  // dropped while no syncd is connected
    Workshop* workshop = nullptr;                         // none: deltas are made and applied at once
    std::function<void(const std::string&)> note = [](const std::string&) {};  // one sentence for the log
    // Contents that open files show or are about to publish: their blobs stay.
    std::function<std::vector<codec::ChunkedContent>()> open = [] { return std::vector<codec::ChunkedContent>(); };
  };
  struct Options {
    bool has_clock = true;   // the wall clock handed to tick() is confirmed (NTP, RTC)
    codec::Attributes root;  // of /mesh itself
  };

  Replica(codec::Identity identity, Ports ports, Options options);
  ~Replica();

  // --- life: replay() the newest time bound with position 0, so that all is judged at a time when it was due; then every
  // metadata record after index_position(), in order; then start().
  [[nodiscard]] RecordPosition index_position() const;  // records up to here are in the index; 0 none
  Status replay(RecordType type, RecordPosition position, ByteView payload);
  Status start(Instant now, WallMs wall);  // publishes genesis (admin) and own member record if missing
  // Seals batches, moves network time, releases what became due. Returns when it wants to be called again.
  Instant tick(Instant now, WallMs wall);

  // What the store asks when it writes a part of the log anew; counters are saved with the next tick().
  RecordOwner& records();

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

  // What rules of `command` and loans of it name: verbs, "" for any; nothing: nobody may command.
  [[nodiscard]] std::set<std::string> verbs_of_policy() const;

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
  // --- what this node keeps (keep_rules.h). Before replay(), and whenever the rules change; `capacity`: what the disk could
  // hold of contents at all, in bytes.
  void keep(const KeepRules& rules, std::uint64_t capacity);
  void set_capacity(std::uint64_t capacity);
  struct Keep {
    KeepRules rules;
    std::optional<std::uint64_t> budget;           // bytes
    std::uint64_t kept_files = 0, kept_bytes = 0;  // contents; counted while there are rules
    std::uint64_t placeholders = 0, placeholder_bytes = 0, fetching_bytes = 0;
    std::size_t waits_for_room = 0;
    bool judging = false;  // after a change of the rules: figures are not whole yet
    Evictions::Figures gone;
  };
  Keep keep() const;
  // Placeholders that nothing can bring here, at most `limit`: path, size, why.
  struct TooLarge {
    std::string path;
    std::uint64_t bytes = 0;
    std::string why;
  };
  std::vector<TooLarge> too_large(std::size_t limit) const;
  // What shows at this path. not_found.
  Result<NodeInfo> at_path(std::string_view path);
  // Drops the content of a file, or of all below a directory. not_found; too_large beyond kMaxDropped files.
  static constexpr std::size_t kMaxDropped = 100'000;
  Status drop(std::string_view path, bool force, Evictions::Done done);
  // Reads that wait for content of other nodes: see Demands::wait().
  std::uint64_t fetch(const codec::ChunkedContent& content, std::uint64_t offset, std::uint64_t length,
                      Demands::Ready ready);
  void cancel_fetch(std::uint64_t number);
  void used(const codec::ChunkedContent& content);
  [[nodiscard]] bool is_here(const codec::ChunkedContent& content) const;

  FileTree& files();
  // Called with every change of the tree, local ones too, once its version is known. Set it before start().
  void on_change(std::function<void(const std::vector<TreeChange>&)> listener);
  // How types make one content of several (Objects::Merge), from before start(). After merge_anew() the next tick looks at all such
  // files again.
  void merge_by(Objects::Merge merge);
  void merge_anew();
  struct Status_ {  // for .mesh/status and the CLI
    std::uint64_t objects = 0, files = 0, entries = 0, conflicts = 0, pending = 0, missing_blobs = 0;
    std::vector<codec::SetSummary> sets;  // plain (unsalted) fingerprints
    WallMs network_time;
    bool flagged = false;  // equivocation seen: does not publish until rotated
    bool syncd_connected = false;
    std::size_t nodes = 0, candidates = 0;  // members, and who waits to be let in
    std::string standing;                   // why this node is no member yet, or no more; empty: it is
    std::set<NodeId> admins, guests, revoked;
    std::map<std::string, std::set<NodeId>> groups;  // of the policy, with the nodes of groups in them
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

  // --- policy (policy.capnp), for tools
  struct Proposal {
    std::uint32_t number = 0;
    Hash hash;
    bool in_force = false;
    std::size_t signatures = 0, needed = 0;  // of the admins of what it follows; the largest threshold
  };
  // Publishes `wanted` as the next epoch, signed by this node if it is an admin. Number, what it follows and fences are filled
  // in; of nodes that it revokes what they wrote before `since` counts (0: all that is here). `from`: the one of rivals that it
  // goes on from, so that the others still count; null: it replaces them all. Then wait for files().sync().
  Result<Proposal> propose_policy(codec::Policy wanted, WallMs since, const Hash* from = nullptr, bool sign = true);
  // Signs the epoch whose hash begins so.
  Result<Proposal> sign_policy(std::string_view hash);
  // What this node's root key signed elsewhere.
  Result<Proposal> add_policy_signature(const codec::PolicySignature& signature);
  [[nodiscard]] Proposal proposal(const Hash& hash) const;  // of one that is known
  // Lends `wanted.audience` what this node may itself or was lent; issuer, epoch and parent are filled in. denied, not_found, invalid.
  // Then wait for files().sync().
  Result<codec::DelegationId> delegate(codec::Delegation wanted);
  [[nodiscard]] const Delegations& delegations() const;
  // From /mesh, with a leading slash; empty if it shows nowhere.
  std::string path_of(const ObjectId& object);
  // Under the policy of now, with what is lent.
  [[nodiscard]] Decision decide_now(const NodeId& node, const Asking& what) const;
  [[nodiscard]] const std::map<std::string, NodeId>& folders() const;
  [[nodiscard]] std::optional<Role> role_of(const NodeId& node) const;
  [[nodiscard]] const Epochs& epochs() const;
  [[nodiscard]] WallMs network_time() const;

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

  // --- membership
  // Makes it known; `until`: how long from now, 0 for ever. A commit: wait for files().sync(). denied.
  Status invite(const codec::Invitation& invitation);
  // Lets a candidate in. The same. not_found, denied, exists.
  Status approve(std::string_view name);
  Status withdraw(std::string_view id);  // an invite
  struct NodeLine {
    std::string name, role;   // "candidate" too
    std::string key;          // hex, the first 8 bytes
    std::uint32_t epoch = 1;  // its latest
    std::string admitted_by;  // empty: nobody; the genesis' admins
    std::string refused;      // a candidate's
    WallMs heard;             // the latest that it signed; 0: nothing
    bool self = false;
  };
  std::vector<NodeLine> nodes() const;
  struct InviteLine {  // one that lets somebody in
    std::string id, issuer;
    WallMs until;                      // 0: for ever
    std::uint32_t uses = 1, used = 0;  // uses 0: any number
    bool guest = false;
  };
  std::vector<InviteLine> invites() const;

  std::string node_name(const AuthorTag& author) const;  // hex of the tag if unknown
  std::vector<codec::Member> members() const;
  const std::map<std::string, NodeId>& node_folders() const;  // under /mesh/nodes

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace meshfs::fsd
