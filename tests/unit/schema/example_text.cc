#include "tests/unit/schema/example_text.h"

#include "schema/codec/packing.h"
#include "schema/codec/squeezed.h"
#include "schema/crypto/hash.h"
#include "tests/unit/schema/example.h"

namespace meshfs::testing {

using namespace codec;

namespace {

// What each word of the example's commit says, in the order of the words.
constexpr const char* kCommitWords[] = {
    "root: Commit, no data, 2 pointers",
    "-> header: 15 words of data (volume and epoch are zero and cut)",
    "-> first: 8 words of data, 1 pointer",
    "author",
    "previous",
    "",
    "signature",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "hlc: counter 2, then 6 bytes of milliseconds",
    "sequence 1000",
    "total bytes 3,456,789",
    "total entries 1,234,567",
    "parent",
    "",
    "hash: of the one chunk",
    "",
    "",
    "",
    "mtime in ns, 7 ms before the hlc",
    "size 12,345 (mode 0644, kind and form are the defaults: zero and cut)",
    "-> name, 10 bytes",
    "'report.t'",
    "'xt'",
};

std::string wrapped(ByteView bytes, std::size_t per_line) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += per_line) {
    out += "    " + to_hex(bytes.subspan(at, std::min(per_line, bytes.size() - at))) + "\n";
  }
  return out;
}

std::string line(const std::string& label, const std::string& value) {
  const std::size_t gap = label.size() < 14 ? 14 - label.size() : 1;
  return "    " + label + std::string(gap, ' ') + value + "\n";
}

std::string news_text(const Commit& commit) {
  const Bundle bundle{ItemForm::commit, encode_commit(commit)};
  const auto key = [](const Bundle& one) { return *NewsKey::from(identity_of(one).view().first(NewsKey::kSize)); };
  const std::uint32_t id = 0x04030201;
  News news{{{bundle}, {}}, {filled<NewsKey>(9)}, {}, false};
  const Bytes pushed = seal_news(filled<crypto::AeadKey>(3), {FrameKind::news, id, 7}, news);
  std::string out = "\nA news frame under its sender's broadcast key 03 04 .. 22, " + std::to_string(pushed.size()) +
                    " bytes: that commit for all in range, and word that the item 09 0a .. 10 is here, too:\n\n";
  out += line("6d 02 04 00", "magic, version, kind news, zero");
  out += line(to_hex(ByteView(pushed).subspan(4, 4)), "id of the key: sender 02 03 04, generation 1");
  out += line(to_hex(ByteView(pushed).subspan(8, 8)), "counter");
  out += line(to_hex(ByteView(pushed).subspan(16, 16)), "tag");
  out += line(to_hex(ByteView(pushed).subspan(32, 8)) + " ..", "what follows, encrypted");
  const Bytes plain = encode_news(news);
  const std::size_t bulk = plain.size() - bundle.bytes.size();
  out += "\nBefore:\n\n";
  out += line(to_hex(ByteView(plain).first(4)), "bytes of the head");
  out += wrapped(ByteView(plain).subspan(4, bulk - 4), 48);
  out += line(to_hex(ByteView(plain).subspan(bulk, 8)) + " ..", "the commit as above");
  news = {{}, {key(bundle)}, {}, true};
  out += "\nThe key of that commit is " + key(bundle).hex() +
         ": so begins the hash of its signature. An `ask` for it alone takes " +
         std::to_string(kFrameHeaderBytes + encode_news(news).size()) +
         " bytes. A message that tells of that\nbroadcast key takes " +
         std::to_string(encode_message(BroadcastKeys{{{id, filled<crypto::AeadKey>(3)}}}).size()) +
         " bytes, one that asks for it " + std::to_string(encode_message(WantBroadcastKeys{{id}}).size()) + ".\n";
  return out;
}

}  // namespace

std::string example_text() {
  const Commit commit = example_commit(example_file());
  const Bytes packed = encode_commit(commit);
  const Bytes words = copy_of(bytes_of(*unpack(packed, 1 << 16)));
  std::string out = "Packed, " + std::to_string(packed.size()) + " bytes:\n\n" + wrapped(packed, 48);
  out += "\nUnpacked, " + std::to_string(words.size() / 8) + " words:\n\n";
  for (std::size_t i = 0; i * 8 < words.size(); ++i) {
    const std::string number = (i < 10 ? " " : "") + std::to_string(i) + "  ";
    const std::string what = i < std::size(kCommitWords) ? kCommitWords[i] : "?";
    out += "    " + number + to_hex(ByteView(words).subspan(i * 8, 8)) + (what.empty() ? "" : "  " + what) + "\n";
  }
  const Bytes entry = canonical_bytes(kSharedVolume, commit.entries[0]);
  out += "\nCanonical bytes of the entry, " + std::to_string(entry.size()) +
         ": the words 18 to 28 behind a root pointer of their own:\n\n" + wrapped(entry, 48);
  const SignedHeader header = signed_header(commit);
  const Hash leaf = entry_hash(commit.header, 0, commit.entries[0]);
  out += "\nWhat comes of it:\n\n";
  out +=
      line("object id", std::get<ObjectEntry>(commit.entries[0]).object.hex() + "  (derived from parent, name, kind)");
  out += line("leaf", leaf.hex());
  out += line("root", header.root.hex());
  out += line("network", example_network().hex());
  out += line("device key", example_key().public_key().hex());
  out += line("signature", commit.signature.hex().substr(0, 64));
  out += line("", commit.signature.hex().substr(64));
  out += line("header hash", header_hash(example_network(), commit.header, header.root).hex());
  out += line("item hash", header_item_hash(example_network(), header).hex());
  const Packet packet{{{1, 4}}, {}};
  const Bytes frame = seal_packet(filled<crypto::AeadKey>(3), {FrameKind::packet, 5, 6}, packet);
  out +=
      "\nA frame: key of this direction 03 04 .. 22, session 5, counter 6, a packet that acknowledges frames 1 to "
      "4:\n\n";
  out += line("6d 02 03 00", "magic, version, kind packet, phase");
  out += line(to_hex(ByteView(frame).subspan(4, 4)), "session");
  out += line(to_hex(ByteView(frame).subspan(8, 8)), "counter");
  out += line(to_hex(ByteView(frame).subspan(16, 16)), "tag");
  out += line(to_hex(ByteView(frame).subspan(32)), "packed Packet, encrypted");
  out += line(to_hex(encode_packet(packet)), "before");
  return out + news_text(commit);
}

std::string size_table() {
  std::string out = "| one entry | commit, packed | proven, packed | canonical |\n|---|---|---|---|\n";
  const auto row = [&](const char* what, const Entry& entry) {
    const Commit commit = example_commit(entry);
    out += std::string("| ") + what + " | " + std::to_string(encode_commit(commit).size()) + " | " +
           std::to_string(encode_proven(prove(commit, 0)).size()) + " | " +
           std::to_string(canonical_bytes(kSharedVolume, entry).size()) + " |\n";
  };
  row("new file by root hash", example_file());
  row("new file, 0 bytes inline", example_inline(0));
  row("new file, 200 bytes inline", example_inline(200));
  row("mkdir", example_directory());
  row("rename (both places, content and attributes restated)", example_rename());
  row("edit of another author's file (origin named)", example_edit());
  row("1 tombstone", example_tombstones(1));
  row("100 tombstones", example_tombstones(100));
  row("4,096 tombstones", example_tombstones(4096));
  return out;
}

}  // namespace meshfs::testing
