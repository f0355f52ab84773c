// Who belongs to the network, as far as it has been told: what the network volume states (statements.h) and what follows from
// it. Kept in the index, and what every commit asks for in memory (about 600 bytes a node; 1,000 are DESIGN's largest network).
//
// A node is a member if its root key is an admin's, or if it was let in; whatever device its root key signed is one of its authors.
// Until then it is a candidate: its member record is kept, what else it wrote waits. Statements come in any order: what follows from
// them is the same in the end.
#pragma once

#include <map>
#include <set>

#include "fsd/core/ports.h"
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
};

class Members {
 public:
  Members(Table& index, const codec::Genesis& genesis);

  // Ours counts here at once: what we write waits elsewhere until we are let in.
  // Before that it may do what `invited_as` may.
  void add_own(const codec::Member& member, Role invited_as);

  // Who is an admin beside those of the genesis.
  void admins_by(std::function<bool(const NodeId& node)> admin) { more_admins_ = std::move(admin); }

  // Null for candidates and strangers.
  [[nodiscard]] const KnownMember* find(const AuthorTag& author) const;
  [[nodiscard]] std::vector<codec::Member> all() const;
  [[nodiscard]] bool is_admin(const NodeId& node) const;
  // Nothing: it was not let in.
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
  struct Judgement {
    enum class What : std::uint8_t { no_statement, right, waits, refused };
    What what = What::no_statement;
    std::string reason;
    std::vector<ObjectId> objects = {};  // waits for one of these
  };
  // May this author state that? `author`: null for one that is not let in. Pure but for what has not come yet.
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
  [[nodiscard]] const codec::Admission* admission(const NodeId& node) const;
  [[nodiscard]] const codec::Refusal* refusal(const codec::Member& member) const;
  [[nodiscard]] std::size_t refused_by(const codec::InvitationId& id) const;
  [[nodiscard]] std::vector<NodeId> let_in_by(const codec::InvitationId& id) const;
  [[nodiscard]] std::optional<codec::Proof> proof_of(const NodeId& node) const;
  // For syncd, but for the credential. `now`: invitations that ended before are left out.
  [[nodiscard]] codec::Roster roster(const NodeId& self, WallMs now) const;
  // Whether anything was noted since the last call.
  bool take_changed() { return std::exchange(changed_, false); }

 private:
  void refresh(const AuthorTag& author, const codec::Member& member);
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
  std::map<AuthorTag, KnownMember> by_author_;     // members, and ourselves
  std::map<NodeId, std::uint32_t> newest_;         // greatest epoch of members
  mutable std::map<std::string, NodeId> folders_;  // made anew when asked for after a member came
  mutable std::map<NodeId, std::string> names_;    // the same, by node
  mutable bool folders_stale_ = true;
  std::map<VolumeTag, NodeId> owners_;
  bool changed_ = true;
  std::function<bool(const NodeId& node)> more_admins_;
};

}  // namespace meshfs::fsd
