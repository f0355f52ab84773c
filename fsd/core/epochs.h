// The policy epochs that this node knows: which are in force, which of them count for a commit, and what fences refuse. Owned by
// Replica; state thread only. Learns from entries of the network volume; all it concludes is a pure function of those files.
//
// A body goes: named (its entry is here) -> read (its bytes are here and decode) -> in force (each epoch that it follows
// is in force, and enough of that one's admins signed it). Never back: bodies and signatures are certified entries.
//
// Which epochs count for a commit that names number m: those in force with a number <= m that no other in force with a number <= m
// follows. More than one are rivals: all must allow, until a later one follows them all.
// What an entry must pass:
//   - its epoch m is in force here; else it waits
//   - every fence of an epoch in force that speaks of its author and whose number is > m: named there, or his node is not revoked
//     and that epoch's own rules allow it too. Of a revoked node only what fences name counts, whatever m it names
//   - the epochs that count for m allow it
// What nothing allows passes by a chain of delegations (lending.h). A delegation itself passes if its issuer made it and the epoch it says is
// the commit's; but no narrowing of its issuer lets it through unnamed: else he would go on lending under earlier epochs.
// Policy files pass if their author's node is an admin of any epoch in force, whatever else is said: else an epoch in force
// could leave the set. A member's own record needs no rule; who invites and lets in needs those of `invite` and `admit`, but for
// whom he invited himself.
#pragma once

#include <map>
#include <set>

#include "fsd/core/members.h"
#include "fsd/core/needs.h"
#include "fsd/core/policy.h"

namespace meshfs::fsd {

class Epochs final : public Authority {
 public:
  Epochs(Table& index, BlobStore& blobs, const Members& members, const codec::Genesis& genesis);

  struct Epoch {
    Hash hash;
    codec::Content content;
    std::optional<codec::Policy> policy;  // once read
    bool damaged = false;                 // its bytes are no policy, or of another number
    bool in_force = false;
    std::uint32_t number = 0;  // as its name says
    std::set<crypto::PublicKey> signers;
  };
  // An entry that entered the replica: remembers what it says of policy.
  void note(const codec::Header& header, const codec::Entry& entry);
  // Something of the network volume shows that did not: perhaps a body is whole now.
  void look_again() { stale_ = true; }
  // Epochs that could come in force now: their hashes, in the order in which they would. Cheap if nothing changed.
  std::vector<Hash> due();
  // They are. True if entries that were judged before may be judged otherwise now.
  struct Change {
    bool rival = false;           // any author: it is no later than what was in force
    std::set<AuthorTag> authors;  // those that fences speak of, and all known of revoked nodes
    std::set<NodeId> revoked;
  };
  Change adopt(const std::vector<Hash>& fresh);

  [[nodiscard]] const NetworkId& network() const { return network_; }
  [[nodiscard]] std::uint32_t highest() const { return highest_; }
  [[nodiscard]] const Effective& effective(std::uint32_t number) const;
  // Of those that count now: what the next epoch follows.
  [[nodiscard]] std::vector<Hash> heads() const;
  [[nodiscard]] Effective now() const { return effective(highest_); }
  [[nodiscard]] bool is_admin(const NodeId& node) const override;
  // Of any epoch that counts now, and not revoked: of rivals each is followed by what its own admins sign.
  [[nodiscard]] bool may_sign(const NodeId& node) const;
  // Of the genesis or any epoch in force.
  [[nodiscard]] bool ever_admin(const NodeId& node) const override;
  [[nodiscard]] std::vector<crypto::PublicKey> admins() const override;
  [[nodiscard]] const std::map<Hash, Epoch>& all() const { return known_; }
  // Of an epoch that was read, or the genesis by the network's id. Null: not here.
  [[nodiscard]] const codec::Policy* policy_of(const Hash& hash) const;
  // Contents that were named since the last call and are not read: to be fetched before all else.
  std::vector<codec::ChunkedContent> take_missing();
  [[nodiscard]] bool revoked(const NodeId& node) const override;

  // "": it belongs into the set; else why not, a clause. The epoch it names must be in force, see waits_for().
  [[nodiscard]] std::string refusal(const KnownMember& author, const codec::Header& header, const codec::Entry& entry,
                                    const Hash& hash) const;
  // The same for his newest headers as items of the set: a revoked node has none, whatever its fence names. Which is the newest that
  // counts would depend on what each node still has.
  [[nodiscard]] std::string header_refusal(const KnownMember& author) const;
  // Of what is refused for want of a right that somebody might have lent him: the delegation may not have come yet.
  [[nodiscard]] bool lendable(const KnownMember& author, const codec::Header& header, const codec::Entry& entry,
                              const Hash& hash) const;
  // Whether each epoch that revokes this node names the entry.
  [[nodiscard]] bool spares(const NodeId& revoked, const AuthorTag& author, const Hash& entry) const;
  // Whether the entry can't be judged before the epoch that it names is in force.
  [[nodiscard]] bool waits(const codec::Header& header, const codec::Entry& entry) const;

 private:
  [[nodiscard]] std::set<Hash> followed_up_to(std::uint32_t number) const;
  [[nodiscard]] bool ready(const Epoch& epoch, const std::set<Hash>& in_force) const;
  void read(Epoch& epoch);
  void save(const Epoch& epoch);
  void load_rows();
  [[nodiscard]] Decision decide_on(const Effective& epochs, const KnownMember& author, const codec::Header& header,
                                   const codec::Entry& entry, const Hash& hash) const;
  [[nodiscard]] bool own_record(const codec::Header& header, const codec::Entry& entry) const;

  Table& index_;
  BlobStore& blobs_;
  const Members& members_;
  NetworkId network_;
  Hash genesis_hash_;
  codec::Policy genesis_;
  std::map<Hash, Epoch> known_;
  std::set<Hash> was_in_force_;        // before the start
  std::vector<const Epoch*> fencing_;  // in force, with fences or revocations; by number
  std::uint32_t highest_ = 0;
  bool stale_ = true;
  bool named_ = true;                                     // bodies, since take_missing()
  mutable std::map<std::uint32_t, Effective> effective_;  // one for each number in force, at most
};

}  // namespace meshfs::fsd
