// What files of the network volume state about membership, and of what members lend each other: who they are about is their name, so that each statement has one
// place, whoever makes it. Pure: the form is looked at here, who may state what is Members' business.
#pragma once

#include <variant>

#include "schema/codec/delegation.h"
#include "schema/codec/entry.h"

namespace meshfs::fsd {

inline constexpr std::string_view kMemberType = "member", kInvitationType = "invitation", kAdmissionType = "admission",
                                  kRefusalType = "refusal", kDelegationType = "delegation";

// Directories of the network volume; ids are derived, so a statement may come before its directory.
inline constexpr std::array<std::string_view, 5> kStatementDirectories{"members", "invites", "admitted", "refused",
                                                                       "delegations"};
LocalId statement_directory(std::string_view name);

codec::Place member_place(const AuthorTag& author);
codec::Place invitation_place(const codec::InvitationId& invitation);
codec::Place admission_place(const NodeId& node);
codec::Place refusal_place(const AuthorTag& author);
codec::Place delegation_place(const codec::DelegationId& delegation);
// The file at a place of the network volume.
ObjectId file_at(const codec::Place& place);

using Statement =
    std::variant<std::monostate, codec::Member, codec::Invitation, codec::Admission, codec::Refusal, codec::Delegation>;
// What a file states at the place that is derived from it; nothing if it is no such file, or only restates one.
Statement statement_of(const VolumeTag& volume, const codec::Entry& entry);

}  // namespace meshfs::fsd
