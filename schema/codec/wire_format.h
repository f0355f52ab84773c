// The parts of wire.capnp that local.capnp shares. Internal to codec.
#pragma once

#include "schema/codec/format.h"
#include "schema/codec/wire.h"
#include "schema/wire.capnp.h"

namespace meshfs::codec {

void write(format::Bundle::Builder to, const Bundle& from);
Status read(format::Bundle::Reader from, Bundle& to);
void write(format::Blob::Builder to, const Blob& from);
Status read(format::Blob::Reader from, Blob& to);
void write(format::Push::Builder to, const Push& from);
Status read(format::Push::Reader from, Push& to);

Status read_set(format::Set from, SetId& to);
inline format::Set set_to(SetId set) { return static_cast<format::Set>(set); }

}  // namespace meshfs::codec
