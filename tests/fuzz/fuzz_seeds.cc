// Writes a first corpus from real encodings: one folder per target, a few small files each. The fuzzers take it from there.
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "fsd/delta/patch_format.h"
#include "fsd/delta/run_delta.h"
#include "schema/codec/squeezed.h"
#include "schema/crypto/seal.h"
#include "tests/fuzz/delta_base.h"
#include "tests/unit/schema/example.h"
#include "tests/unit/schema/random_records.h"

namespace {

using namespace meshfs;
using namespace meshfs::codec;
using namespace meshfs::testing;

class Corpus {
 public:
  explicit Corpus(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
  }
  // Large records only slow a fuzzer down.
  void add(const std::string& name, ByteView bytes) {
    if (bytes.size() > 1500) return;
    std::ofstream file(folder_ / ("seed-" + name), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }

 private:
  std::filesystem::path folder_;
};

// With both parts as they are, so that the fuzzer gets to put them together.
void add_squeezed(Corpus& corpus, const std::string& name, const RecordParts& parts) {
  const auto size = static_cast<std::uint32_t>(parts.skeleton.size());
  corpus.add(name, encode_squeezed({parts.form, {}, parts.signature, size, parts.skeleton, parts.contents}));
}

void write_pages(const std::filesystem::path& root, Rng& rng) {
  Corpus corpus(root / "page");
  for (std::size_t i = 0; i < 6; ++i) {
    corpus.add("page-" + std::to_string(i), encode_page(random_page(rng)));
    corpus.add("letter-" + std::to_string(i), encode_letter(random_message(rng, i % 2 == 0 ? 0 : 5)));
  }
}

void write_commits(const std::filesystem::path& root, Rng& rng) {
  Corpus corpus(root / "commit"), squeezed(root / "squeezed");
  const crypto::SigningKey key = random_key(rng);
  const Entry examples[] = {example_file(),   example_inline(5), example_directory(),
                            example_rename(), example_edit(),    example_tombstones(3)};
  for (std::size_t i = 0; i < std::size(examples); ++i) {
    corpus.add("entry-" + std::to_string(i), encode_entry(kSharedVolume, examples[i]));
    corpus.add("commit-" + std::to_string(i), encode_commit(example_commit(examples[i])));
    add_squeezed(squeezed, std::to_string(i), take_apart(example_commit(examples[i])));
  }
  for (int i = 0; i < 6; ++i) {
    const Commit commit = random_commit(rng, example_network(), key);
    const std::string name = "random-" + std::to_string(i);
    corpus.add("commit-" + name, encode_commit(commit));
    corpus.add("proven-" + name, encode_proven(prove(commit, 0)));
    add_squeezed(squeezed, name, take_apart(prove(commit, 0)));
    corpus.add("header-" + name, encode_signed_header(signed_header(commit)));
  }
}

void write_wire(const std::filesystem::path& root, Rng& rng) {
  Corpus beacons(root / "beacon");
  Corpus messages(root / "message");
  for (int i = 0; i < 4; ++i) {
    const std::string name = std::to_string(i);
    beacons.add("beacon-" + name, encode_beacon(random_beacon(rng)));
    beacons.add("hello-" + name, encode_hello(random_hello(rng)));
    beacons.add("news-" + name, encode_news(random_news(rng)));
    const Bytes packet = encode_packet(random_packet(rng));
    messages.add("packet-" + name, packet);
    messages.add("frame-" + name, seal_packet({}, {FrameKind::packet, 1, 2}, *decode_packet(packet)));
    messages.add("shared-" + name,
                 seal_shared(crypto::SivKey({}), {FrameKind::beacon, 0, 2}, encode_beacon(random_beacon(rng))));
    messages.add("news-" + name, seal_news({}, {FrameKind::news, 1, 2}, random_news(rng)));
  }
  for (std::size_t which = 0; which < 2 * std::variant_size_v<Message>; ++which) {
    const Message message = random_message(rng, which % std::variant_size_v<Message>);
    messages.add("message-" + std::to_string(which), encode_message(message));
  }
}

void write_network(const std::filesystem::path& root, Rng& rng) {
  Corpus corpus(root / "network");
  for (int i = 0; i < 3; ++i) {
    const std::string name = std::to_string(i);
    const Identity identity = random_identity(rng);
    corpus.add("genesis-" + name, encode_genesis(identity.genesis));
    corpus.add("member-" + name, encode_member(identity.member));
    corpus.add("identity-" + name, encode_identity(identity));
    corpus.add("token-" + name, as_bytes(encode_token(random_token(rng))));
    corpus.add("invitation-" + name, encode_invitation(random_invitation(rng)));
    corpus.add("admission-" + name, encode_admission(random_admission(rng)));
    corpus.add("credential-" + name, link_identity_of(identity).credential);
  }
}

void write_lists_and_local(const std::filesystem::path& root, Rng& rng) {
  Corpus lists(root / "hash_list");
  for (int i = 0; i < 5; ++i) lists.add(std::to_string(i), encode_list(random_hash_list(rng)));
  Corpus local(root / "local");
  for (std::size_t which = 0; which < std::variant_size_v<local::ToSyncd>; ++which) {
    local.add("to-syncd-" + std::to_string(which), local::encode_to_syncd(random_to_syncd(rng, which)));
  }
  for (std::size_t which = 0; which < std::variant_size_v<local::ToFsd>; ++which) {
    local.add("to-fsd-" + std::to_string(which), local::encode_to_fsd(random_to_fsd(rng, which)));
  }
}

// The keys are those of fuzz_seal.
void write_seals(const std::filesystem::path& root) {
  Corpus corpus(root / "seal");
  const crypto::SigningKey device = crypto::SigningKey::from_seed(filled<crypto::Seed>(0x10));
  const crypto::SealReader own{filled<AuthorTag>(1), device.public_key()};
  const crypto::SealReader other{filled<AuthorTag>(9), device.public_key()};
  crypto::SealSecrets secrets;
  secrets.once = crypto::Secret(filled<crypto::DhSecret>(0x40));
  secrets.file = crypto::Secret(filled<crypto::AeadKey>(0x60));
  corpus.add("one", crypto::sealed_whole(*crypto::Seal::make({own}, secrets, 7), as_bytes("secret\n")));
  corpus.add("empty", crypto::sealed_whole(*crypto::Seal::make({other, own}, secrets, 0), {}));
  corpus.add("others", crypto::sealed_whole(*crypto::Seal::make({other}, secrets, 3), as_bytes("abc")));
}

// What people's tools write: published signatures of `test` (tests/unit/schema/detached_signature_test.cc has their source).
void write_detached(const std::filesystem::path& root) {
  Corpus corpus(root / "detached");
  const std::string comment = "untrusted comment: any\n";
  const std::string key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n";
  const std::string hashed =
      "RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n"
      "trusted comment: timestamp:1556193335\tfile:test\n"
      "y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==\n";
  const std::string legacy =
      "RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=\n";
  corpus.add("key", as_bytes(comment + key));
  corpus.add("key-line", as_bytes(key));
  corpus.add("hashed", as_bytes(comment + hashed));
  corpus.add("legacy", as_bytes(comment + legacy));
  corpus.add("windows", as_bytes("untrusted comment: any\r\n" + legacy));
}

// Each input of these targets begins with what to do and a size of three bytes.
Bytes with_size(std::uint8_t what, std::size_t size, ByteView rest) {
  Bytes out{what};
  for (int shift = 0; shift < 24; shift += 8) out.push_back(static_cast<std::uint8_t>(size >> shift));
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

void write_deltas(const std::filesystem::path& root) {
  using fsd::PatchOp;
  const auto& window = fuzz::delta_window();
  Corpus frames(root / "delta_frame"), patches(root / "patch"), runs(root / "run_delta");
  Bytes edited = fuzz::delta_base_bytes(window[1].offset, 20'000);
  edited.insert(edited.begin() + 7000, {'n', 'e', 'w'});
  fsd::DeltaCodec codec;
  const Bytes frame = *codec.make_frame(edited, fuzz::delta_base()), alone = *codec.make_frame(Bytes(300, 'a'), {});
  const Bytes narrow = *codec.make_frame(edited, fuzz::delta_base_bytes(window[1].offset, 20'000));
  frames.add("edit", with_size(0, edited.size(), frame));
  frames.add("alone", with_size(0, 300, alone));
  frames.add("dictionary", with_size(1, 300, alone));

  const PatchOp keep{PatchOp::Kind::keep, {{0, 1}}, {}, {}, {}}, last{PatchOp::Kind::keep, {{2, 1}}, {}, {}, {}};
  const PatchOp delta{PatchOp::Kind::delta, {{1, 1}}, {9003, 11'000}, {}, narrow};
  const PatchOp ranges{PatchOp::Kind::delta, {{0, 1}, {2, 1}}, {300}, {}, alone};
  const PatchOp raw{PatchOp::Kind::raw, {}, {3, 2}, {}, as_bytes("abcde")};
  const PatchOp named{PatchOp::Kind::named, {}, {9000}, {Hash{{1, 2, 3}}}, {}};
  const std::vector<const PatchOp*> recipes[] = {
      {&keep, &delta, &last}, {&raw}, {&named, &keep, &raw}, {&ranges, &last}};
  for (std::size_t i = 0; i < std::size(recipes); ++i) {
    fsd::PatchWriter writer(window);
    for (const PatchOp* op : recipes[i]) writer.add(*op);
    patches.add(std::to_string(i), writer.take());
  }

  const auto& base = fuzz::delta_base();
  const Bytes signature = *fsd::sign_run(ByteView(base).first(20'000));
  runs.add("signature", with_size(0, 0, signature));
  runs.add("commands", with_size(1, 9, Bytes{0x72, 0x73, 2, 0x36, 2, 'a', 'b', 0x45, 0, 7, 0}));
  const auto made = fsd::delta_run(ByteView(base).first(18'000), signature);
  runs.add("delta", with_size(2, 18'000, **made));
  runs.add("round", with_size(3, 600, ByteView(base).first(1200)));
}

// Rows of steps, as tongue.h reads them: what, then how.
using Steps = std::vector<std::array<std::uint8_t, 8>>;
void add_steps(Corpus& corpus, const std::string& name, const Steps& steps) {
  Bytes bytes;
  for (const auto& step : steps) bytes.insert(bytes.end(), step.begin(), step.end());
  corpus.add(name, bytes);
}

// What write_gossip() calls beacon, answers, say and rest.
void write_gossip_of_keys(Corpus& corpus) {
  constexpr std::uint8_t kBeacon = 8, kAnswers = 6, kSay = 2, kRest = 1;
  // Beacons of somebody whose key the victim then asks for; wrong answers, unasked ones; wants without end.
  add_steps(corpus, "keys",
            {{kBeacon, 0, 1, 0, 0, 0, 0, 254},
             {kAnswers, 0, 1},
             {kRest, 40},
             {kSay, 15, 0, 3, 1, 1, 0, 1},
             {kSay, 15, 1, 60, 2, 0, 0, 1},
             {kSay, 15, 0, 63, 0, 0, 0, 0},
             {kSay, 15, 0, 63, 2, 0, 0, 0},
             {9, 0, 1, 50, 3, 3, 1},
             {kSay, 15, 0, 0, 0, 2, 0, 1},
             {9, 0, 1, 60, 3, 3, 1},
             {kRest, 99}});
}

void write_gossip(const std::filesystem::path& root) {
  Corpus corpus(root / "gossip");
  write_gossip_of_keys(corpus);
  const auto add = [&](const std::string& name, const Steps& steps) { add_steps(corpus, name, steps); };
  constexpr std::uint8_t kHold = 7, kBeacon = 8, kAnswers = 6, kSay = 2, kSpoil = 4, kAnswer = 5, kWait = 0, kRest = 1;
  // Its beacon tells of 30 records more and the cells give them; it brings what it is asked for.
  add("cells", {{kHold, 0, 50, 30}, {kAnswers, 0}, {kBeacon, 0, 0, 1, 40}, {kRest, 40}});
  // So many ids more that only slices find them; it answers truly, then wrongly.
  add("slices", {{kHold, 2, 1, 255}, {kAnswers, 0, 5}, {kBeacon, 0, 5, 1, 20}, {kRest, 90}, {kRest, 90}});
  add("slices-lies", {{kHold, 2, 1, 255},
                      {kAnswers, 0, 5},
                      {kBeacon, 0, 5, 1, 20},
                      {kRest, 5},
                      {kAnswers, 1},
                      {kRest, 2},
                      {kAnswer, 0, 2},
                      {kAnswer, 0, 3},
                      {kAnswer, 0, 0},
                      {kRest, 20},
                      {kAnswers, 0, 2},
                      {kRest, 90}});
  add("many-more",
      {{kBeacon, 0, 3, 1, 20}, {kRest, 20}, {kAnswer, 0, 3}, {kAnswer, 0, 0}, {kAnswers, 0, 3}, {kRest, 90}});
  // Its own questions: of the whole, of slices, of nonsense slices, from the middle of a row.
  add("asks-cells",
      {{kHold, 0, 50, 9}, {kSay, 0, 0, 0, 0x02}, {kSay, 0, 0, 0, 0x15}, {kSay, 1, 2, 0, 0x07}, {kRest, 9}});
  add("asks-slices", {{kHold, 2, 2, 90},
                      {kSay, 0, 0, 0, 5, 16, 64},
                      {kSay, 0, 2, 0, 0x45, 64, 0},
                      {kSay, 0, 4, 0, 3, 64, 16},
                      {kRest, 9}});
  add("cells-unasked", {{kSay, 2, 2, 0, 5, 16, 64}, {kSay, 3, 3, 0, 5, 0, 0}, {kSay, 2, 0, 0, 0x27}, {kRest, 9}});
  add("ranges",
      {{kHold, 0, 60, 40}, {kSay, 4, 0, 0, 1}, {kSay, 132, 2, 0, 1, 0, 0, 200}, {kSay, 4, 0, 0, 0}, {kRest, 9}});
  add("items",
      {{kSay, 5, 0, 200, 0}, {kSay, 5, 1, 250, 9}, {kSay, 5, 2, 30}, {kSay, 6, 0, 7, 45}, {kSay, 7, 2, 3}, {kRest, 9}});
  add("contents", {{15, 1, 1},
                   {15, 3, 1},
                   {kWait, 90},
                   {kAnswer, 0, 0},
                   {kSay, 8, 0, 31, 0},
                   {kSay, 9, 2, 1, 3},
                   {kSay, 10, 0, 1, 2}});
  add("news", {{9, 0, 1, 50, 3, 3, 1}, {14, 0}, {9, 0, 0, 0, 130, 4, 1}, {14, 1}, {9, 2, 2, 9}, {kRest, 9}});
  add("frames", {{12, 3, 15, 1, 0, 0, 3},
                 {12, 1, 4, 2, 1, 9, 7, 1},
                 {10, 2, 2},
                 {10, 1, 1},
                 {11, 1, 0, 0, 99},
                 {10, 0},
                 {kRest, 9}});
  add("cut", {{13, 0},
              {14, 0},
              {kRest, 99},
              {13, 1, 1},
              {kSay, 0},
              {kRest, 99},
              {13, 0, 0, 1},
              {kSay, 6, 0, 1, 60},
              {kRest, 99}});
  add("cut-off", {{13, 1}, {13, 2}, {14, 0}, {kRest, 255}, {14, 1}, {kSay, 6, 0, 1, 60}, {kRest, 200}});
  for (std::uint8_t i = 0; i < 4; ++i) {
    Steps steps;
    for (std::uint8_t kind = 0; kind < 15; ++kind) steps.push_back({i % 2 == 0 ? kSay : kSpoil, 12, i, kind, i});
    add("any-" + std::to_string(i), steps);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: fuzz_seeds <folder>: writes a corpus for every target of this folder into it\n");
    return 2;
  }
  crypto::start();
  Rng rng(1);
  const std::filesystem::path root = argv[1];
  write_commits(root, rng);
  write_wire(root, rng);
  write_network(root, rng);
  write_lists_and_local(root, rng);
  write_detached(root);
  write_seals(root);
  write_deltas(root);
  write_gossip(root);
  Rng later(2);
  write_pages(root, later);
}
