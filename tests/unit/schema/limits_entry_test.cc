// Every limit and every shape rule of entries: a valid record is bent in one way, and check_entry must answer with the right code.
#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/schema/example.h"
#include "tests/unit/schema/random_records.h"

namespace meshfs::codec {
namespace {

using namespace meshfs::testing;

ForeignStamp foreign() { return {filled<AuthorTag>(7), filled<Hash>(8)}; }

struct BentObject {
  const char* what;
  Errc code;
  std::function<void(ObjectEntry&)> bend;
};

class Objects : public ::testing::TestWithParam<BentObject> {};

TEST_P(Objects, AreRefused) {
  ObjectEntry object = example_full();
  ASSERT_TRUE(decode_entry(kSharedVolume, encode_entry(kSharedVolume, object)).ok());  // the control
  GetParam().bend(object);
  const Status checked = check_entry(object);
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.code(), GetParam().code) << checked.failure().message;
}

const BentObject kBentObjects[] = {
    {"value and foreign place", Errc::bad_bytes, [](auto& o) { o.place.stamp.foreign = foreign(); }},
    {"neither value nor foreign place", Errc::bad_bytes, [](auto& o) { o.place.value.reset(); }},
    {"value and foreign attributes", Errc::bad_bytes, [](auto& o) { o.attributes.stamp.foreign = foreign(); }},
    {"neither value nor foreign attributes", Errc::bad_bytes, [](auto& o) { o.attributes.value.reset(); }},
    {"value and foreign content", Errc::bad_bytes, [](auto& o) { o.contents[0].stamp.foreign = foreign(); }},
    {"neither value nor foreign content", Errc::bad_bytes, [](auto& o) { o.contents[0].value.reset(); }},
    {"value and foreign link", Errc::bad_bytes, [](auto& o) { o.links[0].stamp.foreign = foreign(); }},
    {"file without content", Errc::bad_bytes, [](auto& o) { o.contents.clear(); }},
    {"directory with content", Errc::bad_bytes,
     [](auto& o) {
       o.kind = Kind::directory;
       o.links.clear();
     }},
    {"directory with links", Errc::bad_bytes,
     [](auto& o) {
       o.kind = Kind::directory;
       o.contents.clear();
     }},
    {"symlink with chunks", Errc::bad_bytes, [](auto& o) { o.kind = Kind::symlink; }},
    {"symlink to nowhere", Errc::bad_bytes,
     [](auto& o) {
       o.kind = Kind::symlink;
       o.contents[0].value = Bytes{};
     }},
    {"symlink too long", Errc::too_large,
     [](auto& o) {
       o.kind = Kind::symlink;
       o.contents[0].value = Bytes(4096, 'x');
     }},
    {"inline too long", Errc::too_large, [](auto& o) { o.contents[0].value = Bytes(301, 'x'); }},
    {"chunked and empty", Errc::bad_bytes,
     [](auto& o) {
       o.contents[0].value = ChunkedContent{0, filled<Hash>(1)};
     }},
    {"two contents of one stamp", Errc::bad_bytes, [](auto& o) { o.contents.push_back(o.contents[0]); }},
    {"65 contents", Errc::too_large,
     [](auto& o) {
       for (std::uint64_t i = 1; i < 65; ++i) o.contents.push_back({{i, {}}, Bytes{}});
     }},
    {"context unsorted", Errc::bad_bytes, [](auto& o) { std::swap(o.context[0], o.context[1]); }},
    {"context names one twice", Errc::bad_bytes, [](auto& o) { o.context[1].author = o.context[0].author; }},
    {"context of 1,025", Errc::too_large, [](auto& o) { o.context.resize(1025); }},
    {"xattrs unsorted", Errc::bad_bytes,
     [](auto& o) { std::swap(o.attributes.value->xattrs[0], o.attributes.value->xattrs[1]); }},
    {"xattr twice", Errc::bad_bytes, [](auto& o) { o.attributes.value->xattrs[1].name = "user.a"; }},
    {"xattr without a name", Errc::bad_bytes, [](auto& o) { o.attributes.value->xattrs[0].name.clear(); }},
    {"xattr name with NUL", Errc::bad_bytes,
     [](auto& o) { o.attributes.value->xattrs[0].name = std::string("a\0b", 3); }},
    {"xattr name of 256", Errc::too_large, [](auto& o) { o.attributes.value->xattrs[0].name = std::string(256, 'a'); }},
    {"xattrs over 16 KiB", Errc::too_large, [](auto& o) { o.attributes.value->xattrs[0].value = Bytes(16 * 1024); }},
    {"257 xattrs", Errc::too_large, [](auto& o) { o.attributes.value->xattrs.resize(257); }},
    {"mode of a file type", Errc::bad_bytes, [](auto& o) { o.attributes.value->mode = 0100644; }},
    {"owner with name and number", Errc::bad_bytes,
     [](auto& o) {
       o.attributes.value->user = {5, "anna"};
     }},
    {"group name of 256", Errc::too_large,
     [](auto& o) {
       o.attributes.value->group = {0, std::string(256, 'a')};
     }},
    {"user name with NUL", Errc::bad_bytes,
     [](auto& o) {
       o.attributes.value->user = {0, std::string(3, '\0')};
     }},
    {"type of 65", Errc::too_large, [](auto& o) { o.attributes.value->type = std::string(65, 'a'); }},
    {"links unsorted", Errc::bad_bytes, [](auto& o) { std::swap(o.links[0], o.links[1]); }},
    {"link twice", Errc::bad_bytes, [](auto& o) { o.links[1].link = o.links[0].link; }},
    {"link without a name", Errc::bad_bytes, [](auto& o) { o.links[0].value->name = {}; }},
    {"1,025 links", Errc::too_large, [](auto& o) { o.links.resize(1025); }},
    {"root that is a file", Errc::bad_bytes, [](auto& o) { o.object = {}; }},
    {"no name but no root", Errc::bad_bytes, [](auto& o) { o.place.value->now.name = {}; }},
    {"previous place without a name", Errc::bad_bytes, [](auto& o) { o.place.value->previous = Place{}; }},
};
INSTANTIATE_TEST_SUITE_P(Bent, Objects, ::testing::ValuesIn(kBentObjects),
                         [](const auto& bent) { return "case" + std::to_string(bent.index); });

struct BentBatch {
  const char* what;
  Errc code;
  std::function<void(BatchTombstone&)> bend;
};
class Batches : public ::testing::TestWithParam<BentBatch> {};

TEST_P(Batches, AreRefused) {
  BatchTombstone batch = example_tombstones(3);
  batch.items[1].kind = Kind::directory;
  batch.items[1].place = Place{filled<LocalId>(9), *FileName::from("x")};
  batch.items[1].attributes = Attributes{};
  ASSERT_TRUE(decode_entry(kSharedVolume, encode_entry(kSharedVolume, batch)).ok());
  GetParam().bend(batch);
  const Status checked = check_entry(batch);
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.code(), GetParam().code) << checked.failure().message;
}

const BentBatch kBentBatches[] = {
    {"empty", Errc::bad_bytes, [](auto& b) { b.items.clear(); }},
    {"unsorted", Errc::bad_bytes, [](auto& b) { std::swap(b.items[0], b.items[2]); }},
    {"one object twice", Errc::bad_bytes, [](auto& b) { b.items[2].object = b.items[1].object; }},
    {"saw nothing", Errc::bad_bytes, [](auto& b) { b.items[0].context.clear(); }},
    {"context of 1,025", Errc::too_large, [](auto& b) { b.items[0].context.resize(1025); }},
    {"the root", Errc::bad_bytes, [](auto& b) { b.items[0].object = {}; }},
    {"file with a place", Errc::bad_bytes, [](auto& b) { b.items[0].place = b.items[1].place; }},
    {"file with attributes", Errc::bad_bytes, [](auto& b) { b.items[0].attributes = b.items[1].attributes; }},
    {"directory without a name", Errc::bad_bytes, [](auto& b) { b.items[1].place->name = {}; }},
    {"directory of an odd mode", Errc::bad_bytes, [](auto& b) { b.items[1].attributes->mode = 010000; }},
    {"4,097", Errc::too_large, [](auto& b) { b = example_tombstones(4097); }},
};
INSTANTIATE_TEST_SUITE_P(Bent, Batches, ::testing::ValuesIn(kBentBatches),
                         [](const auto& bent) { return "case" + std::to_string(bent.index); });

}  // namespace
}  // namespace meshfs::codec
