// Writes a first corpus from real encodings: one folder per target, a few small files each. The fuzzers take it from there.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "fsd/delta/patch_format.h"
#include "fsd/delta/run_delta.h"
#include "schema/codec/squeezed.h"
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
    messages.add("frame-" + name, seal_frame({}, {FrameKind::packet, 1, 2}, packet));
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
    corpus.add("invite-" + name, as_bytes(encode_invite({identity.genesis, identity.network_secret})));
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
  write_deltas(root);
}
