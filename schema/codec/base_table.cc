// The table of bases in WantBlobs and NeedBlobs, and the other thing a want may bring.
#include "schema/codec/wire_format.h"

namespace meshfs::codec {

std::uint16_t BaseTable::place_of(const std::vector<Hash>& bases) {
  if (bases.empty()) return 0;
  const auto [at, fresh] = places_.try_emplace(bases, static_cast<std::uint16_t>(sets_.size() + 1));
  if (fresh) sets_.push_back(bases);
  return at->second;
}

void BaseTable::write(capnp::List<capnp::Data>::Builder to) const {
  for (unsigned i = 0; i < to.size(); ++i) to.set(i, data_of(joined(sets_[i])));
}

Status BaseTable::read(capnp::List<capnp::Data>::Reader from, std::size_t max_count) {
  if (from.size() > max_count) return over_limit("a list is longer than its limit");
  for (const auto data : from) {
    if (Status s = read_joined(data, kMaxBases, sets_.emplace_back()); !s) return s;
    if (sets_.back().empty()) return malformed("a set of no bases");
  }
  return {};
}

Status BaseTable::take(std::uint16_t place, std::vector<Hash>& out) const {
  if (place > sets_.size()) return malformed("a want of bases that its message does not have");
  if (place > 0) out = sets_[place - 1u];
  return {};
}

Status read_signature(capnp::Data::Reader from, Bytes& to) {
  if (from.size() > kMaxWantSignature) return over_limit("a signature is larger than its limit");
  to.assign(from.begin(), from.end());
  return {};
}

}  // namespace meshfs::codec
