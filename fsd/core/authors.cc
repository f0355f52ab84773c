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

Authors::Made Authors::made_by(const std::vector<codec::Entry>& entries) {
  Made out{entries.size(), 0};
  for (const auto& entry : entries) {
    const auto* state = std::get_if<codec::ObjectEntry>(&entry);
    if (state == nullptr) continue;
    for (const auto& content : state->contents) {
      if (content.value && content.stamp.age == 0) out.bytes += codec::size_of(*content.value);
    }
  }
  return out;
}

// Running totals grow by what each commit stamps. Of two headers in one volume the later one states at least the earlier one's totals
// and what its own commit made: else one of them lies, and quotas are judged by them.
void Authors::note_totals(const codec::Header& header, const Made& made, AuthorState& now) {
  const Packer key = total_key(header.author, header.volume);
  const auto row = index_.get(key.view());
  const Totals known = row ? totals(header.author, header.volume) : Totals{};
  const bool later = header.sequence > known.sequence;
  if (row && later) {
    now.equivocated = now.equivocated || header.total_entries < known.entries + made.entries ||
                      header.total_bytes < known.bytes + made.bytes;
  } else if (header.sequence < known.sequence) {
    now.equivocated = now.equivocated || header.total_entries >= known.entries || header.total_bytes > known.bytes;
  }
  if (row && !later) return;
  Packer out;
  out.number(header.sequence).number(header.total_bytes).number(header.total_entries);
  index_.put(key.view(), out.view());
}

bool Authors::note(const codec::SignedHeader& signed_header, const Made& made) {
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
  note_totals(header, made, now);
  Packer row;
  row.number(now.sequence).ordered(now.hlc.value).fixed(now.newest).byte(now.equivocated ? 1 : 0);
  index_.put(keys::of(Space::author, header.author).view(), row.view());
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
