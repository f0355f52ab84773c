// Everything of network.h to and from network.capnp. Internal to codec.
#pragma once

#include "schema/codec/format.h"
#include "schema/codec/network.h"
#include "schema/network.capnp.h"

namespace meshfs::codec {

inline constexpr std::size_t kMaxAdmins = 16;
inline constexpr std::size_t kMaxRecordBytes = 2048;  // of any record here: 16 admins take 512

// Without the checks that need keys: those are decode_*'s.
void write(format::Genesis::Builder to, const Genesis& from);
Status read(format::Genesis::Reader from, Genesis& to);
void write(format::Member::Builder to, const Member& from);
Status read(format::Member::Reader from, Member& to);
void write(format::Invitation::Builder to, const Invitation& from);
Status read(format::Invitation::Reader from, Invitation& to);
void write(format::Admission::Builder to, const Admission& from);
Status read(format::Admission::Reader from, Admission& to);
void write(format::Refusal::Builder to, const Refusal& from);
Status read(format::Refusal::Reader from, Refusal& to);
void write(format::Credential::Builder to, const Credential& from);
Status read(format::Credential::Reader from, Credential& to);
void write(format::Roster::Builder to, const Roster& from);
Status read(format::Roster::Reader from, Roster& to);
void write(format::Token::Builder to, const Token& from);
Status read(format::Token::Reader from, Token& to);
void write(format::Identity::Builder to, const Identity& from);
Status read(format::Identity::Reader from, Identity& to);

bool genesis_signed(const Genesis& genesis);

}  // namespace meshfs::codec
