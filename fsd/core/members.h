// Who belongs to the network, as far as it has been told: what the network volume states (statements.h) and what follows from
// it. Kept in the index, and what every commit asks for in memory (about 600 bytes a node; 1,000 are DESIGN's largest network).
//
// A node is a member if its root key is an admin's, or if it was let in; whatever device its root key signed is one of its authors.
// Until then it is a candidate: its member record is kept, what else it wrote waits. Statements come in any order: what follows from
// them is the same in the end.
#pragma once

#include <map>
#include <set>

#include "fsd/core/delegations.h"
#include "fsd/core/statements.h"
#include "schema/codec/commit.h"

namespace meshfs::fsd {

enum class Role : std::uint8_t { admin, member, guest };
std::string_view role_name(Role role);

struct KnownMember {
  NodeId node;
  DeviceKey device;
  std::uint32_t epoch = 1;
  std::string name;
  Role role = Role::member;
  bool let_in = true;  // false: ourselves, before somebody lets us in, and what comes of candidates
};

// What policy says of nodes (Epochs). Revocation and having been an admin never end.
class Authority {
 public:
  [[nodiscard]] virtual bool is_admin(const NodeId& node) const = 0;  // now
  [[nodiscard]] virtual bool ever_admin(const NodeId& node) const = 0;
  [[nodiscard]] virtual bool revoked(const NodeId& node) const = 0;
  [[nodiscard]] virtual std::vector<crypto::PublicKey> admins() const = 0;  // now

 protected:
  ~Authority() = default;
};

class Members {
 public:
  Members(Table& index, const codec::Genesis& genesis);

  // Ours counts here at once: what we write waits elsewhere until we are let in.
  // Before that it may do what `invited_as` may.
  void add_own(const codec::Member& member, Role invited_as);

  // Before that the genesis alone says who is an admin. Again whenever policy changed.
  void judge_by(const Authority& authority);

  // Null for candidates and strangers.
  [[nodiscard]] const KnownMember* find(const AuthorTag& author) const;
  [[nodiscard]] std::vector<codec::Member> all() const;
  // Of these nodes, candidates' too; and of whoever has something lent from them.
  [[nodiscard]] std::set<AuthorTag> authors_of(const std::set<NodeId>& nodes) const;
  [[nodiscard]] std::set<AuthorTag> authors_below(std::set<NodeId> nodes) const;
  [[nodiscard]] bool is_admin(const NodeId& node) const;  // now; not if it was revoked
  [[nodiscard]] bool revoked(const NodeId& node) const { return authority_ != nullptr && authority_->revoked(node); }
  // Nothing: it was not let in. A revoked node has the role it had.
  [[nodiscard]] std::optional<Role> role_of(const NodeId& node) const;
  // The folder under nodes/: the node's name, or, where a smaller key has that name too, with "-<4 hex>".
  [[nodiscard]] const std::map<std::string, NodeId>& folders() const;
  // What people call an author; hex of the tag if unknown.
  [[nodiscard]] std::string name_of(const AuthorTag& author) const;
  [[nodiscard]] std::string name_of(const NodeId& node) const;
  [[nodiscard]] std::optional<NodeId> owner_of(const VolumeTag& node_volume) const;
  // Whether a later device of the same node is known.
  [[nodiscard]] bool rotated_away(const codec::Member& member) const;
  [[nodiscard]] bool rotated_away(const AuthorTag& author) const;

  // --- what the network volume states
  struct News {
    std::vector<AuthorTag> authors;  // known, or members, from now on
    std::vector<ObjectId> objects;   // statements that others may wait for
  };
  // Of an entry that is in the set: it was judged.
  News note(const Statement& statement);
  // Statements left the set: these are all that stand. Whose entries may be judged otherwise now: who is not let in any more,
  // who invited, and who came with an invitation that is gone.
  std::set<AuthorTag> restate(const std::vector<Statement>& standing);
  // Let in since the last call; `again`: perhaps after such a loss; `lent`: who may more by what was lent.
  struct LetIn {
    std::set<AuthorTag> all, again, lent;
  };
  LetIn take_let_in() { return std::exchange(let_in_, {}); }
  struct Judgement {
    enum class What : std::uint8_t { no_statement, right, waits, refused };
    What what = What::no_statement;
    std::string reason;
    std::vector<ObjectId> objects = {};  // waits for one of these
  };
  // Does it hold what it needs, whoever may state that (Epochs::refusal)? `author`: null for one that is not let in. Pure but
  // for what has not come yet.
  [[nodiscard]] Judgement judge(const AuthorTag& tag, const KnownMember* author, const Statement& statement) const;
  // The record that a commit carries for its own author, if it does; else the one that came before, if it did.
  [[nodiscard]] std::optional<codec::Member> record_of(const codec::Header& header,
                                                       const std::vector<codec::Entry>& entries) const;

  // --- letting in (Admitting)
  struct Candidate {
    codec::Member member;
    std::string refused;  // why not; empty: nobody has answered yet
  };
  [[nodiscard]] std::vector<Candidate> candidates() const;
  [[nodiscard]] const codec::Member* record(const AuthorTag& author) const;
  [[nodiscard]] const codec::Invitation* invitation(const codec::InvitationId& id) const;
  [[nodiscard]] const std::map<codec::InvitationId, codec::Invitation>& invitations() const { return invitations_; }
  [[nodiscard]] const codec::Admission* admission(const NodeId& node) const;
  [[nodiscard]] const codec::Refusal* refusal(const codec::Member& member) const;
  [[nodiscard]] const Delegations& delegations() const { return delegations_; }
  // Whether that lets in, or not, whom this author invited.
  [[nodiscard]] bool issued(const KnownMember& author, const Statement& statement) const;
  // Whether it asks to be let in with an invitation that stands.
  [[nodiscard]] bool invited(const codec::Member& member) const;
  [[nodiscard]] std::size_t refused_by(const codec::InvitationId& id) const;
  [[nodiscard]] std::vector<NodeId> let_in_by(const codec::InvitationId& id) const;
  [[nodiscard]] std::optional<codec::Proof> proof_of(const NodeId& node) const;
  // For syncd, but for the credential. `now`: invitations that ended before are left out. `spared`: revoked nodes that keep their
  // sessions for a while.
  [[nodiscard]] codec::Roster roster(const NodeId& self, WallMs now, const std::set<NodeId>& spared) const;
  // Whether anything was noted since the last call.
  bool take_changed() { return std::exchange(changed_, false); }

 private:
  void refresh(const AuthorTag& author, const codec::Member& member);
  [[nodiscard]] std::set<AuthorTag> lent_otherwise(const Delegations& before, const std::set<NodeId>& gone) const;
  void keep(std::uint8_t kind, ByteView key, const Bytes& bytes);

  Table& index_;
  const codec::Genesis& genesis_;
  NetworkId network_;
  std::optional<AuthorTag> own_;
  Role invited_as_ = Role::member;
  std::map<AuthorTag, codec::Member> records_;
  std::map<codec::InvitationId, codec::Invitation> invitations_;
  std::map<NodeId, codec::Admission> admissions_;
  std::map<AuthorTag, codec::Refusal> refusals_;
  Delegations delegations_;
  std::map<AuthorTag, KnownMember> by_author_;     // members, and ourselves
  std::map<NodeId, std::uint32_t> newest_;         // greatest epoch of members
  mutable std::map<std::string, NodeId> folders_;  // made anew when asked for after a member came
  mutable std::map<NodeId, std::string> names_;    // the same, by node
  mutable bool folders_stale_ = true;
  std::map<VolumeTag, NodeId> owners_;
  bool changed_ = true;
  const Authority* authority_ = nullptr;
  std::set<AuthorTag> unseated_;  // not let in any more, or not asking any more
  LetIn let_in_;
};

}  // namespace meshfs::fsd
