// The parts of wire.capnp that local.capnp shares. Internal to codec.
#pragma once

#include <map>

#include "schema/codec/bulk.h"
#include "schema/codec/wire.h"
#include "schema/wire.capnp.h"

namespace meshfs::codec {

void write(format::Bundle::Builder to, const Bundle& from, BulkWriter& bulk);
Status read(format::Bundle::Reader from, Bundle& to, BulkReader& bulk);
void write(format::Blob::Builder to, const Blob& from, BulkWriter& bulk);
Status read(format::Blob::Reader from, Blob& to, BulkReader& bulk);
void write(format::Push::Builder to, const Push& from, BulkWriter& bulk);
Status read(format::Push::Reader from, Push& to, BulkReader& bulk);

void write(format::Question::Builder to, const Question& from);
Status read(format::Question::Reader from, Question& to);
void write(format::Reply::Builder to, const Reply& from);
Status read(format::Reply::Reader from, Reply& to);
void write(format::Replies::Builder to, const Replies& from);
Status read(format::Replies::Reader from, Replies& to);

// Sets of bases that several wants of one message name: each stands there once, and a want has its place, from 1 on.
class BaseTable {
 public:
  // 0 for no bases. Call for all wants, then write().
  std::uint16_t place_of(const std::vector<Hash>& bases);
  [[nodiscard]] unsigned size() const { return list_size(sets_.size()); }
  void write(capnp::List<capnp::Data>::Builder to) const;
  Status read(capnp::List<capnp::Data>::Reader from, std::size_t max_count);
  Status take(std::uint16_t place, std::vector<Hash>& out) const;

 private:
  std::vector<std::vector<Hash>> sets_;
  std::map<std::vector<Hash>, std::uint16_t> places_;
};

void write(format::Fingerprint::Builder to, const Fingerprint& from);
Fingerprint read_fingerprint(format::Fingerprint::Reader from);
Bytes joined_cells(const std::vector<SketchCell>& cells);
Status read_cells(capnp::Data::Reader from, std::size_t max_count, std::vector<SketchCell>& to);
void write(format::WantCells::Builder to, const WantCells& from);
Status read(format::WantCells::Reader from, WantCells& to);
void write(format::Cells::Builder to, const Cells& from);
Status read(format::Cells::Reader from, Cells& to);

void write(format::SetSummary::Builder to, const SetSummary& from);
void write(format::Beacon::Builder to, const Beacon& from);
Status read(format::Beacon::Reader from, Beacon& to);

Status read_signature(capnp::Data::Reader from, Bytes& to);
Status read_set(format::Set from, SetId& to);
inline format::Set set_to(SetId set) { return static_cast<format::Set>(set); }

}  // namespace meshfs::codec
