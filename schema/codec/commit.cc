#include "schema/codec/commit.h"

#include "schema/codec/entry_format.h"
#include "schema/commit.capnp.h"
#include "schema/crypto/hash.h"

namespace meshfs::codec {

constexpr std::string_view kCommitDomain = "meshfs commit 1";
constexpr Limits kCommitLimits{kMaxCommitBytes, kMaxCommitUnpacked / sizeof(capnp::word)};
constexpr std::size_t kMaxPath = 12;  // log2(kMaxCommitEntries)
static_assert(std::size_t{1} << kMaxPath == kMaxCommitEntries);

// What is signed and hashed of a header, see commit.capnp.
static Bytes header_bytes(const Header& header) {
  Bytes out;
  const auto add = [&](ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); };
  add(header.author.view());
  add(fixed(header.sequence));
  add(fixed(header.hlc.value));
  add(header.previous.view());
  add(fixed(header.policy_epoch));
  add(header.volume.view());
  add(fixed(header.total_bytes));
  add(fixed(header.total_entries));
  return out;
}

static Status check_header(const Header& header) {
  if (header.sequence == 0) return malformed("a header without a sequence number");
  if (header.hlc.value == 0) return malformed("a header without a time");
  if (header.sequence == 1 && !header.previous.is_zero()) return malformed("a first header that names a previous one");
  return {};
}

// No age reaches back before time began.
static Status check_ages(const Hlc& hlc, const Entry& entry) {
  bool fits = true;
  const auto look = [&](std::uint64_t age) { fits = fits && age <= hlc.value; };
  if (const auto* object = std::get_if<ObjectEntry>(&entry)) {
    look(object->place.stamp.age);
    look(object->attributes.stamp.age);
    for (const auto& content : object->contents) look(content.stamp.age);
    for (const auto& link : object->links) look(link.stamp.age);
    for (const auto& slot : object->context) look(slot.age);
  } else {
    for (const auto& item : std::get<BatchTombstone>(entry).items) {
      for (const auto& slot : item.context) look(slot.age);
    }
  }
  return fits ? Status() : malformed("an age greater than the header's time");
}

// --- to and from commit.capnp ---
static void write_header(format::Header::Builder to, const Header& from, const crypto::Signature& signature) {
  to.setAuthor(word_of(from.author, 0));
  to.setPrevious0(word_of(from.previous, 0));
  to.setPrevious1(word_of(from.previous, 1));
  to.setSignature0(word_of(signature, 0));
  to.setSignature1(word_of(signature, 1));
  to.setSignature2(word_of(signature, 2));
  to.setSignature3(word_of(signature, 3));
  to.setSignature4(word_of(signature, 4));
  to.setSignature5(word_of(signature, 5));
  to.setSignature6(word_of(signature, 6));
  to.setSignature7(word_of(signature, 7));
  to.setHlc(from.hlc.value);
  to.setSequence(from.sequence);
  to.setTotalBytes(from.total_bytes);
  to.setTotalEntries(from.total_entries);
  to.setVolume(word_of(from.volume, 0));
  to.setPolicyEpoch(from.policy_epoch);
}

static Status read_header(format::Header::Reader from, Header& to, crypto::Signature& signature) {
  to.author = from_words<AuthorTag>(from.getAuthor());
  to.previous = from_words<HeaderHash>(from.getPrevious0(), from.getPrevious1());
  signature = from_words<crypto::Signature>(from.getSignature0(), from.getSignature1(), from.getSignature2(),
                                            from.getSignature3(), from.getSignature4(), from.getSignature5(),
                                            from.getSignature6(), from.getSignature7());
  to.hlc.value = from.getHlc();
  to.sequence = from.getSequence();
  to.total_bytes = from.getTotalBytes();
  to.total_entries = from.getTotalEntries();
  to.volume = from_words<VolumeTag>(from.getVolume());
  to.policy_epoch = from.getPolicyEpoch();
  return check_header(to);
}

static Status read_placed(format::Entry::Reader from, const Header& header, Entry& to) {
  const std::uint64_t words = from.totalSize().wordCount;
  if (words > kEntryLimits.words) return over_limit("an entry is larger than its limit");
  if (Status s = read_entry(from, header.volume, to); !s) return s;
  if (Status s = check_entry(to); !s) return s;
  return check_ages(header.hlc, to);
}

static void write(format::Commit::Builder to, const Commit& from) {
  CHECK(!from.entries.empty());
  write_header(to.initHeader(), from.header, from.signature);
  write_entry(to.initFirst(), from.header.volume, from.entries[0]);
  if (from.entries.size() == 1) return;
  auto more = to.initMore(list_size(from.entries.size() - 1));
  for (unsigned i = 0; i < more.size(); ++i) write_entry(more[i], from.header.volume, from.entries[i + 1]);
}

static Status read(format::Commit::Reader from, Commit& to) {
  if (Status s = read_header(from.getHeader(), to.header, to.signature); !s) return s;
  const auto more = from.getMore();
  if (more.size() >= kMaxCommitEntries) return over_limit("more entries than a commit may have");
  to.entries.reserve(1 + more.size());
  if (Status s = read_placed(from.getFirst(), to.header, to.entries.emplace_back()); !s) return s;
  for (const auto entry : more) {
    if (Status s = read_placed(entry, to.header, to.entries.emplace_back()); !s) return s;
  }
  return {};
}

static void write(format::SignedHeader::Builder to, const SignedHeader& from) {
  write_header(to.initHeader(), from.header, from.signature);
  to.setRoot0(word_of(from.root, 0));
  to.setRoot1(word_of(from.root, 1));
  to.setRoot2(word_of(from.root, 2));
  to.setRoot3(word_of(from.root, 3));
}

static Status read(format::SignedHeader::Reader from, SignedHeader& to) {
  to.root = from_words<Hash>(from.getRoot0(), from.getRoot1(), from.getRoot2(), from.getRoot3());
  return read_header(from.getHeader(), to.header, to.signature);
}

static void write(format::ProvenEntry::Builder to, const ProvenEntry& from) {
  write(to.initHeader(), from.header);
  to.setIndex(from.index);
  to.setCount(from.count);
  set_unless_empty(joined(from.path), [&](auto data) { to.setPath(data); });
  write_entry(to.initEntry(), from.header.header.volume, from.entry);
}

static Status read(format::ProvenEntry::Reader from, ProvenEntry& to) {
  if (Status s = read(from.getHeader(), to.header); !s) return s;
  to.index = from.getIndex();
  to.count = from.getCount();
  if (to.count == 0 || to.count > kMaxCommitEntries || to.index >= to.count)
    return malformed("an entry outside its commit");
  if (Status s = read_joined(from.getPath(), kMaxPath, to.path); !s) return s;
  if (!merkle_root_from({}, to.index, to.count, to.path)) return malformed("an audit path of the wrong length");
  return read_placed(from.getEntry(), to.header.header, to.entry);
}

Hash entry_hash(const Header& header, std::uint32_t index, const Entry& entry) {
  const Words words = canonical_words<format::Entry>(PlacedEntry{header.volume, entry});
  return crypto::hash_in("meshfs entry", {header.author.view(), fixed(header.hlc.value), fixed(header.sequence),
                                          header.volume.view(), fixed(index), bytes_of(words)});
}

std::vector<Hash> entry_hashes(const Header& header, const std::vector<Entry>& entries) {
  std::vector<Hash> out;
  out.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    out.push_back(entry_hash(header, static_cast<std::uint32_t>(i), entries[i]));
  }
  return out;
}

HeaderHash header_hash(const NetworkId& network, const Header& header, const Hash& root) {
  return crypto::prefix_of<HeaderHash>(
      crypto::hash_in("meshfs header 1", {network.view(), root.view(), header_bytes(header)}));
}

Hash header_item_hash(const NetworkId& network, const SignedHeader& header) {
  return crypto::hash_in("meshfs hdr item",
                         {network.view(), header.root.view(), header_bytes(header.header), header.signature.view()});
}

Commit sign_commit(const NetworkId& network, const Header& header, std::vector<Entry> entries,
                   const crypto::SigningKey& device_key) {
  CHECK(check_header(header).ok());
  CHECK(!entries.empty() && entries.size() <= kMaxCommitEntries);
  Commit commit{header, {}, std::move(entries)};
  const Hash root = merkle_root(entry_hashes(commit.header, commit.entries));
  commit.signature = device_key.sign(kCommitDomain, {network.view(), root.view(), header_bytes(header)});
  return commit;
}

bool verify_header(const NetworkId& network, const SignedHeader& header, const DeviceKey& key) {
  return crypto::verify(crypto::PublicKey{key.data}, kCommitDomain,
                        {network.view(), header.root.view(), header_bytes(header.header)}, header.signature);
}

SignedHeader signed_header(const Commit& commit) {
  return {commit.header, commit.signature, merkle_root(entry_hashes(commit.header, commit.entries))};
}

ProvenEntry prove(const Commit& commit, std::uint32_t index) {
  CHECK(index < commit.entries.size());
  const std::vector<Hash> leaves = entry_hashes(commit.header, commit.entries);
  return {{commit.header, commit.signature, merkle_root(leaves)},
          index,
          static_cast<std::uint32_t>(leaves.size()),
          merkle_path(leaves, index),
          commit.entries[index]};
}

bool proves(const ProvenEntry& entry) {
  const Hash leaf = entry_hash(entry.header.header, entry.index, entry.entry);
  return merkle_root_from(leaf, entry.index, entry.count, entry.path) == entry.header.root;
}

Bytes encode_commit(const Commit& commit) { return encode_packed<format::Commit>(commit); }
Result<Commit> decode_commit(ByteView packed) {
  return decode_packed_strict<format::Commit, Commit>(packed, kCommitLimits);
}
std::optional<crypto::Signature> signature_in(ByteView packed_commit) {
  const Result<Words> words = unpack(packed_commit, kCommitLimits.words);
  if (!words) return std::nullopt;
  crypto::Signature signature;
  const Status found = read_words<format::Commit>(*words, signature, [](format::Commit::Reader from, auto& to) {
    Header header;
    return read_header(from.getHeader(), header, to);
  });
  return found.ok() ? std::optional(signature) : std::nullopt;
}
Bytes encode_proven(const ProvenEntry& entry) { return encode_packed<format::ProvenEntry>(entry); }
Result<ProvenEntry> decode_proven(ByteView packed) {
  return decode_packed_strict<format::ProvenEntry, ProvenEntry>(packed, kCommitLimits);
}
Bytes encode_signed_header(const SignedHeader& header) { return encode_packed<format::SignedHeader>(header); }
Result<SignedHeader> decode_signed_header(ByteView packed) {
  return decode_packed_strict<format::SignedHeader, SignedHeader>(packed, limits_for(1024));
}

Bytes encode_entry(const VolumeTag& volume, const Entry& entry) {
  return encode_packed<format::Entry>(PlacedEntry{volume, entry});
}
Result<Entry> decode_entry(const VolumeTag& volume, ByteView packed) {
  Result<PlacedEntry> placed = decode_packed_strict<format::Entry>(packed, kEntryLimits, PlacedEntry{volume, {}});
  if (!placed) return placed.failure();
  if (Status s = check_entry(placed->entry); !s) return s.failure();
  return std::move(placed->entry);
}

}  // namespace meshfs::codec
