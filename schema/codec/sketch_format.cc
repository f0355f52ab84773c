// Fingerprints and sketches of sets as they travel (wire.capnp).
#include "schema/codec/wire_format.h"

namespace meshfs::codec {

static constexpr std::size_t kCellBytes = 11;

static void put(Bytes& to, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}
static std::uint64_t get(const std::uint8_t* from, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes; i-- > 0;) value = value << 8 | from[i];
  return value;
}

void write(format::Fingerprint::Builder to, const Fingerprint& from) {
  to.setLow(word_of(from, 0));
  to.setHigh(word_of(from, 1));
}
Fingerprint read_fingerprint(format::Fingerprint::Reader from) {
  return from_words<Fingerprint>(from.getLow(), from.getHigh());
}

Fingerprint fingerprint_of(const std::vector<SetSummary>& sets) {
  Bytes all;
  for (const SetSummary& set : sets) {
    all.push_back(static_cast<std::uint8_t>(set.set));
    put(all, set.count, 8);
    all.insert(all.end(), set.fingerprint.data.begin(), set.fingerprint.data.end());
  }
  return crypto::prefix_of<Fingerprint>(crypto::hash_in("meshfs all sets", {all}));
}

Bytes joined_cells(const std::vector<SketchCell>& cells) {
  Bytes out;
  out.reserve(cells.size() * kCellBytes);
  for (const SketchCell& cell : cells) {
    put(out, cell.ids, 8);
    put(out, cell.checks, 3);
  }
  return out;
}
Status read_cells(capnp::Data::Reader from, std::size_t max_count, std::vector<SketchCell>& to) {
  if (from.size() % kCellBytes != 0) return malformed("a cell of a sketch that is cut short");
  if (from.size() / kCellBytes > max_count) return over_limit("more cells of a sketch than their limit");
  to.resize(from.size() / kCellBytes);
  for (std::size_t i = 0; i < to.size(); ++i) {
    const std::uint8_t* cell = from.begin() + i * kCellBytes;
    to[i] = {get(cell, 8), static_cast<std::uint32_t>(get(cell + 8, 3))};
  }
  return {};
}

void write(format::WantCells::Builder to, const WantCells& from) {
  to.setSet(set_to(from.set));
  to.setSaltEpoch(from.salt_epoch);
  to.setCount(from.count);
  write(to.initFingerprint(), from.fingerprint);
  to.setFirst(from.first);
  to.setNumber(from.number);
  to.setLower(from.lower);
  to.setUpper(from.upper);
}
Status read(format::WantCells::Reader from, WantCells& to) {
  to.salt_epoch = from.getSaltEpoch();
  to.count = from.getCount();
  to.fingerprint = read_fingerprint(from.getFingerprint());
  to.first = from.getFirst();
  to.number = from.getNumber();
  to.lower = from.getLower();
  to.upper = from.getUpper();
  if (to.number == 0) return malformed("a want of no cells");
  if (to.first > kMaxCells || to.number > kMaxCells - to.first) return over_limit("cells beyond a sketch's end");
  if (to.upper != 0 && to.upper <= to.lower) return malformed("a slice that ends before it begins");
  return read_set(from.getSet(), to.set);
}

void write(format::Cells::Builder to, const Cells& from) {
  to.setSet(set_to(from.set));
  to.setSaltEpoch(from.salt_epoch);
  to.setCount(from.count);
  write(to.initFingerprint(), from.fingerprint);
  to.setFirst(from.first);
  to.setLower(from.lower);
  to.setUpper(from.upper);
  set_unless_empty(joined_cells(from.cells), [&](auto data) { to.setCells(data); });
}
Status read(format::Cells::Reader from, Cells& to) {
  to.salt_epoch = from.getSaltEpoch();
  to.count = from.getCount();
  to.fingerprint = read_fingerprint(from.getFingerprint());
  to.first = from.getFirst();
  to.lower = from.getLower();
  to.upper = from.getUpper();
  if (Status s = read_cells(from.getCells(), kMaxCells, to.cells); !s) return s;
  if (to.first > kMaxCells || to.cells.size() > kMaxCells - to.first) return over_limit("cells beyond a sketch's end");
  if (to.upper != 0 && to.upper <= to.lower) return malformed("a slice that ends before it begins");
  return read_set(from.getSet(), to.set);
}

}  // namespace meshfs::codec
