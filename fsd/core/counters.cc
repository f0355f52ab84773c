#include "fsd/core/counters.h"

#include "fsd/core/index_keys.h"

namespace meshfs::fsd {

namespace {

// 16 bytes as one big-endian number.
void sum(codec::Fingerprint& into, const Hash& item, bool subtract) {
  unsigned carry = 0;
  for (std::size_t i = codec::Fingerprint::kSize; i-- > 0;) {
    const unsigned b = into.data[i];
    const unsigned c = item.data[i] + carry;
    const unsigned result = subtract ? b - c : b + c;
    into.data[i] = static_cast<std::uint8_t>(result);
    carry = subtract ? (b < c ? 1 : 0) : result >> 8;
  }
}

}  // namespace

void SetTotal::add(const Hash& item) {
  ++count;
  sum(fingerprint, item, false);
}

void SetTotal::remove(const Hash& item) {
  --count;
  sum(fingerprint, item, true);
}

Counters Counters::load(Table& index) {
  Counters out;
  const auto row = index.get(keys::begin(keys::Space::counters).view());
  if (!row) return out;
  Unpacker in(*row);
  for (auto* field : {&out.objects, &out.files, &out.entries, &out.conflicts, &out.missing_blobs, &out.next_item,
                      &out.placeholders, &out.placeholder_bytes, &out.fetching_bytes}) {
    *field = in.number();
  }
  out.latest = Hlc{in.ordered()};
  for (auto& set : out.sets) {
    set.count = in.number();
    set.fingerprint = in.fixed<codec::Fingerprint>();
  }
  return in.done() ? out : Counters{};
}

void Counters::save(Table& index) const {
  Packer row;
  for (const auto field :
       {objects, files, entries, conflicts, missing_blobs, next_item, placeholders, placeholder_bytes, fetching_bytes})
    row.number(field);
  row.ordered(latest.value);
  for (const auto& set : sets) row.number(set.count).fixed(set.fingerprint);
  index.put(keys::begin(keys::Space::counters).view(), row.view());
}

}  // namespace meshfs::fsd
