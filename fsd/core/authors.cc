#include "fsd/core/authors.h"

#include "fsd/core/index_keys.h"

namespace meshfs::fsd {

using keys::Space;

static Packer total_key(const AuthorTag& author, const VolumeTag& volume) {
  return std::move(keys::of(Space::total, author).fixed(volume));
}

AuthorState Authors::state(const AuthorTag& author) const {
  AuthorState out;
  const auto row = index_.get(keys::of(Space::author, author).view());
  if (!row) return out;
  Unpacker in(*row);
  out.sequence = in.number();
  out.hlc = Hlc{in.ordered()};
  out.newest = in.fixed<HeaderHash>();
  out.equivocated = in.byte() == 1;
  return out;
}

bool Authors::note(const codec::SignedHeader& signed_header) {
  const codec::Header& header = signed_header.header;
  const HeaderHash hash = codec::header_hash(network_, header, signed_header.root);
  const Packer key = std::move(keys::of(Space::sequence, header.author).ordered(header.sequence));
  AuthorState now = state(header.author);
  if (const auto known = index_.get(key.view())) {
    if (std::equal(known->begin(), known->end(), hash.data.begin(), hash.data.end())) return false;
    if (now.equivocated) return false;
    now.equivocated = true;
  } else {
    index_.put(key.view(), hash.view());
  }
  if (header.sequence > now.sequence) {
    now.sequence = header.sequence;
    now.newest = hash;
  }
  now.hlc = std::max(now.hlc, header.hlc);
  Packer row;
  row.number(now.sequence).ordered(now.hlc.value).fixed(now.newest).byte(now.equivocated ? 1 : 0);
  index_.put(keys::of(Space::author, header.author).view(), row.view());

  const Packer total = total_key(header.author, header.volume);
  const auto old = index_.get(total.view());
  if (!old || Unpacker(*old).number() < header.sequence) {
    Packer totals_row;
    totals_row.number(header.sequence).number(header.total_bytes).number(header.total_entries);
    index_.put(total.view(), totals_row.view());
  }
  return true;
}

Authors::Totals Authors::totals(const AuthorTag& author, const VolumeTag& volume) {
  Totals out;
  const auto row = index_.get(total_key(author, volume).view());
  if (!row) return out;
  Unpacker in(*row);
  out.sequence = in.number();
  out.bytes = in.number();
  out.entries = in.number();
  return out;
}

}  // namespace meshfs::fsd
