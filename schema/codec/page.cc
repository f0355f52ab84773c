#include "schema/codec/page.h"

#include "schema/codec/wire_format.h"
#include "schema/codec/zstd_frame.h"

namespace meshfs::codec {

namespace {

constexpr std::array<std::uint8_t, 3> kPageMagic{'m', 'p', 1};
static_assert(kPageMagic.size() + crypto::FrameTag::kSize == kPageHeaderBytes);
constexpr std::uint8_t kPlain = 0, kZstd = 1;
constexpr int kZstdLevel = 3;

template <class T>
T little_endian(ByteView bytes) {
  T out = 0;
  for (std::size_t i = sizeof out; i-- > 0;) out = static_cast<T>(out << 8 | bytes[i]);
  return out;
}

}  // namespace

NodeTag tag_of(const NodeId& node) { return little_endian<NodeTag>(node.view()); }
std::uint64_t number_of(const Hash& hash) { return little_endian<std::uint64_t>(hash.view()); }

// --- the head

template <class List, class T>
static void write_tags(List to, const std::vector<T>& from) {
  for (std::size_t i = 0; i < from.size(); ++i) to.set(static_cast<unsigned>(i), from[i]);
}
template <class List, class T>
static Status read_tags(const List& from, std::size_t most, std::vector<T>& to) {
  if (from.size() > most) return over_limit("more numbers on a page than their limit");
  for (const auto number : from) to.push_back(number);
  return {};
}

static void write(format::Extent::Builder to, const Extent& from) {
  to.setOffset(from.offset);
  to.setSize(from.size);
}
static Status read(format::Extent::Reader from, Extent& to) {
  to = {from.getOffset(), from.getSize()};
  const bool fits = to.size > 0 && to.offset < kMaxLetterBytes && to.size <= kMaxLetterBytes - to.offset;
  return fits ? Status() : malformed("a part of a letter beyond its end");
}

static void write(format::PageWant::Builder to, const PageWant& from) {
  if (from.blob) to.setBlob(data_of(from.blob->view()));
  to.setLetter(from.letter);
  if (!from.missing.empty()) write_list(to.initMissing(list_size(from.missing.size())), from.missing);
}
static Status read(format::PageWant::Reader from, PageWant& to) {
  if (from.hasBlob()) {
    if (Status s = read_fixed(from.getBlob(), to.blob.emplace()); !s) return s;
  }
  to.letter = from.getLetter();
  if (Status s = read_list(from.getMissing(), kMaxExtents, to.missing); !s) return s;
  for (std::size_t i = 1; i < to.missing.size(); ++i) {
    const Extent& before = to.missing[i - 1];
    if (to.missing[i].offset < before.offset + before.size) return malformed("missing parts that are not in order");
  }
  return to.blob || !to.missing.empty() ? Status() : malformed("a want of nothing");
}

static void write(format::Seen::Builder to, const Seen& from) {
  to.setNode(from.node);
  to.setVersion(from.version);
}
static Status read(format::Seen::Reader from, Seen& to) {
  to = {from.getNode(), from.getVersion()};
  return {};
}

static Status read_sets(const capnp::List<format::SetSummary>::Reader& from, std::vector<SetSummary>& to) {
  const auto read_one = [](format::SetSummary::Reader one, SetSummary& set) -> Status {
    set.count = one.getCount();
    set.fingerprint = read_fingerprint(one.getFingerprint());
    if (Status s = read_cells(one.getCells(), kMaxCells, set.cells); !s) return s;
    return read_set(one.getSet(), set.set);
  };
  if (Status s = read_list(from, kMaxBeaconSets, to, read_one); !s) return s;
  std::size_t cells = 0;
  for (std::size_t i = 0; i < to.size(); ++i) {
    cells += to[i].cells.size();
    for (std::size_t j = 0; j < i; ++j) {
      if (to[i].set == to[j].set) return malformed("a page that states a set twice");
    }
  }
  return cells <= kMaxCells ? Status() : over_limit("more cells of a sketch than their limit");
}

static void write(format::PageHead::Builder to, const PageHead& from) {
  write(to.initBeacon(), from.beacon);
  if (!from.sets.empty()) {
    auto sets = to.initSets(list_size(from.sets.size()));
    for (std::size_t i = 0; i < from.sets.size(); ++i) write(sets[static_cast<unsigned>(i)], from.sets[i]);
  }
  to.setLower(from.lower);
  to.setUpper(from.upper);
  if (!from.near.empty()) write_tags(to.initNear(list_size(from.near.size())), from.near);
  if (!from.seen.empty()) write_list(to.initSeen(list_size(from.seen.size())), from.seen);
  if (!from.wants.empty()) write_list(to.initWants(list_size(from.wants.size())), from.wants);
  if (!from.unclear.empty()) write_tags(to.initUnclear(list_size(from.unclear.size())), from.unclear);
  if (!from.pages.empty()) write_tags(to.initPages(list_size(from.pages.size())), from.pages);
  if (from.addresses.empty()) return;
  auto addresses = to.initAddresses(list_size(from.addresses.size()));
  for (unsigned i = 0; i < addresses.size(); ++i) addresses.set(i, data_of(from.addresses[i].view()));
}
static Status read(format::PageHead::Reader from, PageHead& to) {
  if (Status s = read(from.getBeacon(), to.beacon); !s) return s;
  if (!to.beacon.sets.empty()) return malformed("sets at the wrong place of a page");
  if (Status s = read_sets(from.getSets(), to.sets); !s) return s;
  to.lower = from.getLower();
  to.upper = from.getUpper();
  if (to.upper != 0 && to.upper <= to.lower) return malformed("a slice that ends before it begins");
  if (Status s = read_tags(from.getNear(), kMaxNear, to.near); !s) return s;
  if (Status s = read_list(from.getSeen(), kMaxSeen, to.seen); !s) return s;
  if (Status s = read_list(from.getWants(), kMaxPageWants, to.wants); !s) return s;
  if (Status s = read_tags(from.getUnclear(), kMaxUnclear, to.unclear); !s) return s;
  if (Status s = read_tags(from.getPages(), kMaxOtherPages, to.pages); !s) return s;
  return read_list(from.getAddresses(), kMaxPageAddresses, to.addresses,
                   [](capnp::Data::Reader one, PageAddress& address) { return read_fixed(one, address); });
}

// --- the page

static void write(format::Page::Builder to, const BulletinPage& from, BulkWriter& bulk) {
  if (!from.head) to.setNode(data_of(from.node.view()));
  to.setVersion(from.version);
  if (from.head) write(to.initHead(), *from.head);
  if (from.pieces.empty()) return;
  auto pieces = to.initPieces(list_size(from.pieces.size()));
  for (unsigned i = 0; i < pieces.size(); ++i) {
    const PagePiece& piece = from.pieces[i];
    pieces[i].setLetter(piece.letter);
    pieces[i].setBlob(piece.blob);
    pieces[i].setOffset(piece.offset);
    pieces[i].setTotal(piece.total);
    pieces[i].setSize(bulk.add(piece.data));
  }
}
static Status read(format::Page::Reader from, BulletinPage& to, BulkReader& bulk) {
  to.version = from.getVersion();
  if (from.hasHead()) {
    if (Status s = read(from.getHead(), to.head.emplace()); !s) return s;
    to.node = to.head->beacon.node;
  } else if (Status s = read_fixed(from.getNode(), to.node); !s) {
    return s;
  }
  const auto read_piece = [&bulk](format::PagePiece::Reader one, PagePiece& piece) -> Status {
    piece.letter = one.getLetter();
    piece.blob = one.getBlob();
    piece.offset = one.getOffset();
    piece.total = one.getTotal();
    const std::uint32_t size = one.getSize();
    if (piece.total > kMaxLetterBytes) return over_limit("a letter is larger than its limit");
    if (size == 0 || piece.offset >= piece.total || size > piece.total - piece.offset)
      return malformed("a piece beyond the end of its letter");
    return bulk.take(size, piece.data);
  };
  return read_list(from.getPieces(), kMaxPagePieces, to.pieces, read_piece);
}

Bytes encode_page(const BulletinPage& page) { return encode_with_bulk<format::Page>(page); }
Result<BulletinPage> decode_page(ByteView bytes) {
  return decode_with_bulk<format::Page, BulletinPage>(bytes, kMaxPageBytes);
}

crypto::SivKey page_key(const crypto::LinkKey& network_key) {
  return crypto::SivKey(crypto::derive_key(network_key, "meshfs page", {}));
}

Bytes seal_page(const crypto::SivKey& key, const BulletinPage& page) {
  Bytes out = encode_with_bulk<format::Page>(page, Bytes(kPageHeaderBytes));
  std::ranges::copy(kPageMagic, out.begin());
  const std::span<std::uint8_t> all = out;
  const crypto::FrameTag tag = crypto::seal_siv(key, kPageMagic, all.subspan(kPageHeaderBytes));
  std::ranges::copy(tag.data, out.begin() + kPageMagic.size());
  return out;
}

Result<BulletinPage> open_page(const crypto::SivKey& key, ByteView sealed) {
  if (sealed.size() <= kPageHeaderBytes || sealed[0] != kPageMagic[0] || sealed[1] != kPageMagic[1])
    return malformed("not a page of meshfs");
  if (sealed[2] != kPageMagic[2])
    return error(Errc::unsupported, "a page of another version: update meshfs on both nodes");
  if (sealed.size() > kMaxPageBytes) return over_limit("a page is larger than its limit");
  const auto tag = crypto::FrameTag::from(sealed.subspan(kPageMagic.size(), crypto::FrameTag::kSize));
  const ByteView body = sealed.subspan(kPageHeaderBytes);
  Bytes plain(body.size());
  if (!crypto::open_siv(key, kPageMagic, body, *tag, plain)) return malformed("a page with a wrong tag");
  return decode_page(plain);
}

// --- letters

Bytes encode_letter(const Message& message) {
  const Bytes plain = encode_message(message);
  Bytes out(1 + ZSTD_compressBound(plain.size()));
  const std::size_t size = ZSTD_compress(out.data() + 1, out.size() - 1, plain.data(), plain.size(), kZstdLevel);
  if (ZSTD_isError(size) == 0 && size < plain.size()) {
    out[0] = kZstd;
    out.resize(1 + size);
    return out;
  }
  out.assign(1, kPlain);
  out.insert(out.end(), plain.begin(), plain.end());
  return out;
}

Result<Message> decode_letter(ByteView letter) {
  if (letter.empty()) return malformed("an empty letter");
  const ByteView body = letter.subspan(1);
  if (letter[0] == kPlain) return decode_message(body);
  if (letter[0] != kZstd) return error(Errc::unsupported, "a letter of an unknown kind");
  if (!is_one_zstd_frame(body)) return malformed("a letter that is no zstd frame");
  const unsigned long long size = ZSTD_getFrameContentSize(body.data(), body.size());
  if (size == 0 || size > kMaxFrameAfterAuth) return over_limit("a letter is larger than its limit");
  Bytes plain(static_cast<std::size_t>(size));
  const std::size_t got = ZSTD_decompress(plain.data(), plain.size(), body.data(), body.size());
  if (ZSTD_isError(got) != 0 || got != plain.size()) return malformed("a letter that does not unpack");
  return decode_message(plain);
}

}  // namespace meshfs::codec
