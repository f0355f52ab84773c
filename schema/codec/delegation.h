// What a node lends another of what it may itself (policy.capnp). Plain values and their bytes; fsd/core/lending.h judges by them.
#pragma once

#include "schema/codec/policy.h"

namespace meshfs::codec {

inline constexpr std::uint8_t kMaxDelegationDepth = 2;  // below the first of a chain: three in all
inline constexpr std::uint8_t kLendableVerbs =
    bit(PolicyVerb::write) | bit(PolicyVerb::remove) | bit(PolicyVerb::create) | bit(PolicyVerb::command);

using DelegationId = FixedBytes<8, struct DelegationIdTag>;  // zero: none

struct Delegation {
  NodeId issuer, audience;
  std::uint8_t verbs = 0;
  std::string argument;  // of create or command; "": any
  VolumeTag volume;      // not the network's
  WallMs until;
  std::uint32_t epoch = 0;  // of the commit that makes it
  std::uint8_t depth = 0;   // so many more may hang on it
  DelegationId parent;
  bool operator==(const Delegation&) const = default;
};
Bytes encode_delegation(const Delegation& delegation);  // <= kMaxInlineBytes
Result<Delegation> decode_delegation(ByteView bytes);
DelegationId delegation_id(const Delegation& delegation);

// Whether `below` can hang on `above`: made by whom that one names, in no respect wider. Whose parent it says it has is not asked.
bool narrower(const Delegation& below, const Delegation& above);

}  // namespace meshfs::codec
