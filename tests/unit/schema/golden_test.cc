// The format, frozen: if one of these fails, stores and nodes of today can't read what this build writes. A deliberate
// change raises a version (schema/README.md "Versions") and then renews the bytes here.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "schema/crypto/hash.h"
#include "tests/unit/schema/example.h"
#include "tests/unit/schema/example_text.h"

namespace meshfs::codec {
namespace {

using namespace meshfs::testing;

TEST(Golden, Commit) {
  const Commit commit = example_commit(example_file());
  EXPECT_EQ(to_hex(encode_commit(commit)),
            "400211040f513c0801ef68065491e956f9ff368c900b9f1bdc600a5f9cc90970b6031f35417e982794b3c7b6766f0d392ef1"
            "907f541865a7da94f8b9e4cba41b3bf33b0008baf4db8cafbe1017871323b313501b9d7e34a2bf94962503c5129393530802"
            "00404e52c4a00103e8030715bf340787d612ffdb67ce3f576ed094064d6276bb034b535dee7815ce08b110cd63140f87d68c"
            "1054ba57847d6ea8261302b4e31f980c643b802217e2a05bd718033930110152ff7265706f72742e7400037874");
  EXPECT_EQ(entry_hash(commit.header, 0, commit.entries[0]).hex(),
            "bfc72e642a7eb8fd51a8073e1f6116baf56818103dc5f3b46c632bf29f6203c7");
  EXPECT_EQ(signed_header(commit).root.hex(), "391b9a5b7f5e66cf617bddd40a228c480d877f8b9d7993bb31a45346ac1da0fd");
  EXPECT_EQ(header_hash(example_network(), commit.header, signed_header(commit).root).hex(),
            "609771adf4cd6087add6b1fb89b0984d");
  EXPECT_EQ(header_item_hash(example_network(), signed_header(commit)).hex(),
            "91eb0831e91d0268b15a6e9d427a4315affc0dc3ede4754d62cd8c0c9cc03a05");
}

// Everything that can stand in an entry at once, by its hash: one changed byte anywhere shows.
TEST(Golden, RicherEntries) {
  std::vector<Entry> entries{example_rename(), example_edit(), example_inline(3), example_directory(),
                             example_tombstones(3)};
  ObjectEntry rich = example_edit();
  rich.attributes = {
      {7, std::nullopt},
      Attributes{04755, {0, "anna"}, {1000, ""}, -1, {{"user.a", {1, 2}}, {"user.b", {}}}, 86'400'000, "lease"}};
  rich.contents = {{{5, std::nullopt}, Bytes{1, 2, 3}},
                   {{9, ForeignStamp{filled<AuthorTag>(1), filled<Hash>(2)}}, std::nullopt}};
  rich.links = {{filled<LocalId>(3), {1, {}}, Place{filled<LocalId>(4), *FileName::from("b")}},
                {filled<LocalId>(5), {2, {}}, {}}};
  rich.latest_expiry_ms = 123'456;
  entries.push_back(rich);
  const Commit commit = sign_commit(example_network(), example_header(), entries, example_key());
  const Bytes bytes = encode_commit(commit);
  ASSERT_TRUE(decode_commit(bytes).ok());
  EXPECT_EQ(*decode_commit(bytes), commit);
  EXPECT_EQ(crypto::hash_of(bytes).hex(), "1a3f9c8774b83227e085620a777089a1385c5dd75c97e2a30bcde3184c7df491");
  EXPECT_EQ(crypto::hash_of(encode_proven(prove(commit, 2))).hex(),
            "00e801e845a8110c825dd21adb0e10382dc6f8f040a74bfeb0a378bbc3f7ec4f");
}

TEST(Golden, HashList) {
  EXPECT_EQ(to_hex(encode_list(example_list())),
            "000000000100020001000000000000000500000002030000310000001d000000d7c777a475c270ddbb4cc06a23449551845a"
            "f3c0c378b8f4c27d279259dc545e9d52ed37a7bf90896a468f0b835434de318995ce7ae98dcadd4d76cc9fc5ad04129ff134"
            "d01e3e3ad0435fb540af33c40810de7d11868c3ebb56544227e3c77c0000010000000000803e000000000000010000000000"
            "0000");
  EXPECT_EQ(list_hash(encode_list(example_list())).hex(),
            "fc0bce40b5d2d3862d9fb0d452cd246d1b42f31a71219999201f641fbc387dc2");
}

TEST(Golden, Beacon) {
  EXPECT_EQ(to_hex(encode_beacon(example_beacon())),
            "50020317671201073f404e52c4a00131090201111582111967ff1fab267abc6f02b105f021ae96d1bcc52adf2648c831825f"
            "a1e0b2a421f37ae9d50eb61c4fde3076ee0cd420e087afa2c251100201000003102711240201010310271120020102031027"
            "111c020103031027111802ffcac64a4174cccd690738dace6abf1bb443cac64a4174cccd6938dace6abf1bb443cac64a4174"
            "cccd6938dace6abf1bb443cac64a4174cccd6938dace6abf1bb443");
}

TEST(Golden, DerivedIds) {
  EXPECT_EQ(object_id(root_of(kSharedVolume), *FileName::from("a"), Kind::directory).hex(),
            "236d085439c9c21eb85ae5eb637ed19c");
  EXPECT_EQ(author_tag(filled<NodeId>(3), filled<DeviceKey>(1), filled<StoreId>(2)).hex(), "c2753b8643935b6b");
  EXPECT_EQ(node_volume(filled<NodeId>(1)).hex(), "73bd442d9f3b1cc9");
  EXPECT_EQ(invitation_id(filled<crypto::PublicKey>(1)).hex(), "2da0afcbef31e173");
  EXPECT_EQ(network_link_key(filled<crypto::Seed>(1), filled<NetworkId>(2)).hex(),
            "bf5eef4bae05f23c0d99ac73d18265ff7156bf4a5be7edbfc0101e8f609e24ce");
}

// The aim of the format: the usual commit travels in at most 200 bytes.
TEST(Sizes, ASingleEntryCommitTakesAtMost200Bytes) {
  std::printf("%s", size_table().c_str());
  EXPECT_LE(encode_commit(example_commit(example_file())).size(), 200u);
  EXPECT_LE(encode_commit(example_commit(example_inline(0))).size(), 200u);
  EXPECT_LE(encode_commit(example_commit(example_directory())).size(), 200u);
  EXPECT_LE(encode_commit(example_commit(example_tombstones(1))).size(), 200u);
}

TEST(Readme, HoldsTheExampleAsComputed) {
  std::ifstream file(MESHFS_SOURCE_DIR "/schema/README.md");
  std::stringstream page;
  page << file.rdbuf();
  EXPECT_NE(page.str().find(example_text()), std::string::npos) << "renew it with bin/schema_example:\n"
                                                                << example_text();
  EXPECT_NE(page.str().find(size_table()), std::string::npos) << "renew it with bin/schema_example:\n" << size_table();
}

}  // namespace
}  // namespace meshfs::codec
