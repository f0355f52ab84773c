#include "fsd/core/statements.h"

#include <algorithm>

namespace meshfs::fsd {
namespace {

codec::Place place_in(std::string_view directory, const std::string& name) {
  return {statement_directory(directory), *FileName::from(name)};
}

Statement decoded(std::string_view type, ByteView bytes, codec::Place& place) {
  if (type == kMemberType) {
    if (auto member = codec::decode_member(bytes)) return place = member_place(codec::author_tag(*member)), *member;
  } else if (type == kInvitationType) {
    if (auto one = codec::decode_invitation(bytes))
      return place = invitation_place(codec::invitation_id(one->key)), *one;
  } else if (type == kAdmissionType) {
    if (auto one = codec::decode_admission(bytes)) return place = admission_place(one->node), *one;
  } else if (type == kRefusalType) {
    if (auto one = codec::decode_refusal(bytes)) return place = refusal_place(one->author), *one;
  } else if (type == kDelegationType) {
    if (auto one = codec::decode_delegation(bytes)) return place = delegation_place(codec::delegation_id(*one)), *one;
  }
  return {};
}

}  // namespace

LocalId statement_directory(std::string_view name) {
  return codec::object_id(root_of(kNetworkVolume), *FileName::from(name), codec::Kind::directory);
}

codec::Place member_place(const AuthorTag& author) { return place_in("members", author.hex()); }
codec::Place invitation_place(const codec::InvitationId& invitation) { return place_in("invites", invitation.hex()); }
codec::Place admission_place(const NodeId& node) { return place_in("admitted", codec::node_volume(node).hex()); }
codec::Place refusal_place(const AuthorTag& author) { return place_in("refused", author.hex()); }
codec::Place delegation_place(const codec::DelegationId& delegation) {
  return place_in("delegations", delegation.hex());
}

ObjectId file_at(const codec::Place& place) {
  return {kNetworkVolume, codec::object_id({kNetworkVolume, place.parent}, place.name, codec::Kind::file)};
}

Statement statement_of(const VolumeTag& volume, const codec::Entry& entry) {
  const auto* state = std::get_if<codec::ObjectEntry>(&entry);
  if (volume != kNetworkVolume || state == nullptr || state->kind != codec::Kind::file) return {};
  if (!state->place.value || !state->attributes.value || state->contents.size() != 1) return {};
  const auto& content = state->contents.front().value;
  const auto* bytes = content ? std::get_if<Bytes>(&*content) : nullptr;
  if (bytes == nullptr) return {};
  codec::Place place;
  Statement out = decoded(state->attributes.value->type, *bytes, place);
  const bool there = state->place.value->now == place && state->object == file_at(place).local;
  return there ? out : Statement();
}

}  // namespace meshfs::fsd
