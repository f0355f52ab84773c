// The format byte by byte, and everything that a neighbour may send instead of a patch.
#include "tests/unit/delta/version_fixture.h"

namespace meshfs::fsd {

static BaseItem item(std::uint8_t mark, std::uint64_t offset, std::uint32_t size) {
  return {Hash{{mark}}, offset, size};
}
static const std::vector<BaseItem> kWindow{item(1, 1000, 10'000), item(2, 11'000, 9'000), item(3, 20'000, 20'000)};

static Bytes numbers(std::initializer_list<int> values) {
  Bytes out;
  for (const int value : values) out.push_back(static_cast<std::uint8_t>(value));
  return out;
}
static const Bytes kHead = numbers({0xe8, 0x07, 3});  // from byte 1000, 3 chunks

static Bytes with_head(std::initializer_list<int> ops) {
  Bytes out = kHead;
  const Bytes tail = numbers(ops);
  out.insert(out.end(), tail.begin(), tail.end());
  return out;
}

// The error of reading all of a patch, or nothing.
static std::optional<Errc> read_all(const Bytes& patch) {
  auto reader = PatchReader::open(patch, kWindow);
  if (!reader) return reader.code();
  for (;;) {
    const auto op = reader->next();
    if (!op) return op.code();
    if (!*op) return std::nullopt;
  }
}

TEST(PatchFormat, IsWhatItsPageSays) {
  const Bytes frame{7, 8, 9}, raw{'a', 'b'};
  PatchWriter writer(kWindow);
  PatchOp keep, delta, literal, named;
  keep.ranges = {{1, 2}};
  delta.kind = PatchOp::Kind::delta;
  delta.ranges = {{0, 1}, {2, 1}};
  delta.sizes = {10'001, 20'000, 300};
  delta.data = frame;
  literal.kind = PatchOp::Kind::raw;
  literal.sizes = {2};
  literal.data = raw;
  named.kind = PatchOp::Kind::named;
  named.sizes = {130};
  named.hashes = {Hash{{0xaa}}};
  for (const PatchOp* op : {&keep, &delta, &literal, &named}) writer.add(*op);
  const Bytes patch = writer.take();
  EXPECT_EQ(to_hex(patch),
            "e80703"  // window: from byte 1000, 3 chunks
            "0802"    // keep 2 from chunk 1, 1 past the expected 0
            "0d02"    // delta of 3 chunks, 2 ranges:
            "05"
            "01"  //   chunk 0, 3 before the expected 3; 1 of it
            "02"
            "01"        //   chunk 2, 1 past the expected 1; 1 of it
            "0200d804"  //   sizes: guess 10,000 and 1 more; as guessed; 300
            "03070809"  //   a frame of 3 bytes
            "06026162"  // raw, 1 chunk of 2 bytes
            "07aa000000000000000000000000000000000000000000000000000000000000008201");
  auto reader = PatchReader::open(patch, kWindow);
  ASSERT_TRUE(reader.ok());
  PatchWriter again(kWindow);
  for (int i = 0; i < 4; ++i) again.add(**reader->next());
  EXPECT_EQ(again.take(), patch);
  EXPECT_FALSE(reader->next()->has_value());
}

TEST(PatchFormat, MalformedOpsAreRefused) {
  EXPECT_EQ(read_all(with_head({0x0c, 0x00})), std::nullopt) << "keep all 3";
  const std::pair<const char*, Bytes> cases[] = {
      {"no chunks", with_head({0x00, 0x00})},
      {"more chunks than a list may have", with_head({0x84, 0x20, 0x00})},
      {"a number in more bytes than it needs", with_head({0x8c, 0x00, 0x00})},
      {"a number without an end", with_head({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})},
      {"keep past the window", with_head({0x0c, 0x02})},
      {"keep before the window", with_head({0x04, 0x01})},
      {"keep cut short", with_head({0x04})},
      {"too many ranges", with_head({0x05, 0x05})},
      {"an empty range", with_head({0x05, 0x01, 0x00, 0x00, 0x00, 0x00})},
      {"a range past the window", with_head({0x05, 0x01, 0x00, 0x04, 0x00, 0x00})},
      {"a chunk of no bytes", with_head({0x05, 0x00, 0x00, 0x00})},
      {"a chunk over 64 KiB", with_head({0x05, 0x00, 0x82, 0x80, 0x08, 0x00})},
      {"a frame that is not there", with_head({0x05, 0x00, 0x02, 0x03, 0x01})},
      {"raw bytes that are not there", with_head({0x06, 0x03, 0x61})},
      {"a raw chunk of no bytes", with_head({0x06, 0x00})},
      {"a cut hash", with_head({0x07, 0x01, 0x02})},
  };
  for (const auto& [what, patch] : cases) EXPECT_EQ(read_all(patch), Errc::bad_bytes) << what;
}

TEST(PatchFormat, WindowsAreBounded) {
  EXPECT_EQ(patch_window(Bytes{}).code(), Errc::bad_bytes);
  EXPECT_EQ(patch_window(numbers({0, 0x81, 0x80, 0x04})).code(), Errc::too_large) << "65,537 chunks";
  EXPECT_EQ(patch_window(Bytes(kMaxPatchBytes + 1)).code(), Errc::too_large);
  EXPECT_EQ(PatchReader::open(numbers({0xe8, 0x07, 2}), kWindow).code(), Errc::not_found);
  EXPECT_EQ(PatchReader::open(numbers({0xe7, 0x07, 3}), kWindow).code(), Errc::not_found);
}

class HostilePatch : public ::testing::Test {
 protected:
  HostilePatch() : before_(make(false)), next_(make(true)), patch_(*patch_for(next_, next_.lists[0], before_)) {}
  static Bytes make(bool edited) {
    Rng rng(31);
    Bytes bytes = random_bytes(rng, 150'000);
    if (edited) {
      bytes.insert(bytes.begin() + 70'000, {1, 2, 3, 4, 5});
      bytes.insert(bytes.begin() + 120'000, 40, 'z');
    }
    return bytes;
  }
  [[nodiscard]] std::optional<Errc> check_code(const Bytes& patch) const {
    const auto result = check(patch, before_, next_.lists[0]);
    return result.ok() ? std::nullopt : std::optional(result.code());
  }
  const Version before_, next_;
  const Bytes patch_;
};

// The negative control of every round trip here: the check must notice any false byte.
TEST_F(HostilePatch, EveryFlippedByteIsNoticed) {
  ASSERT_EQ(check_code(patch_), std::nullopt);
  for (std::size_t i = 0; i < patch_.size(); ++i) {
    for (const std::uint8_t flip : {std::uint8_t{0x01}, std::uint8_t{0x80}}) {
      Bytes false_patch = patch_;
      false_patch[i] ^= flip;
      const auto result = check(false_patch, before_, next_.lists[0]);
      // Some bits of a zstd frame mean nothing; but never another list.
      EXPECT_TRUE(!result.ok() || result->list == next_.lists[0].list) << i;
    }
  }
}

TEST_F(HostilePatch, CutAndLengthenedPatchesAreRefused) {
  for (std::size_t size = 0; size < patch_.size(); ++size)
    EXPECT_NE(check_code(Bytes(patch_.begin(), patch_.begin() + static_cast<std::ptrdiff_t>(size))), std::nullopt);
  Bytes longer = patch_;
  longer.push_back(4);
  longer.push_back(0);
  EXPECT_EQ(check_code(longer), Errc::bad_bytes);
}

TEST_F(HostilePatch, AnotherBaseIsNoticed) {
  Bytes bytes = before_.bytes;
  bytes[70'100] ^= 1;  // within a chunk that a delta needs; the index still says what it said
  const ReadBase damaged = [&](std::uint64_t at, std::size_t length) -> Result<Bytes> {
    return Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                 bytes.begin() + static_cast<std::ptrdiff_t>(at + length));
  };
  const auto& wanted = next_.lists[0];
  const auto window = window_of(patch_, before_);
  EXPECT_EQ(check_patch(patch_, window, damaged, wanted.hash, codec::size_of(wanted.list)).code(), Errc::bad_bytes);
  const auto unpacked =
      unpack_patch(patch_, window, damaged, wanted.list, [&](const auto& chunk, ByteView plain) -> Status {
        EXPECT_EQ(crypto::hash_of(plain), chunk.hash) << "never a false chunk";
        return {};
      });
  EXPECT_EQ(unpacked.code(), Errc::bad_bytes);
}

TEST_F(HostilePatch, AMissingBaseBlamesNobody) {
  const auto& wanted = next_.lists[0];
  auto window = window_of(patch_, before_);
  const std::uint64_t total = codec::size_of(wanted.list);
  const ReadBase gone = [](std::uint64_t, std::size_t) -> Result<Bytes> { return error(Errc::io, "gone"); };
  const ReadBase cut = [&](std::uint64_t at, std::size_t length) -> Result<Bytes> {
    return before_.read(at, length - 1);
  };
  EXPECT_EQ(check_patch(patch_, window, gone, wanted.hash, total).code(), Errc::not_found);
  EXPECT_EQ(check_patch(patch_, window, cut, wanted.hash, total).code(), Errc::not_found);
  window.pop_back();
  EXPECT_EQ(check_patch(patch_, window, reader_of(before_), wanted.hash, total).code(), Errc::not_found);
}

TEST_F(HostilePatch, AnotherSizeIsRefusedBeforeAnythingIsRebuilt) {
  const auto& wanted = next_.lists[0];
  const auto window = window_of(patch_, before_);
  const ReadBase never = [](std::uint64_t, std::size_t) -> Result<Bytes> {
    ADD_FAILURE() << "nothing needed to be read";
    return error(Errc::io);
  };
  for (const std::uint64_t total : {codec::size_of(wanted.list) - 1, codec::size_of(wanted.list) + 1, std::uint64_t{0}})
    EXPECT_EQ(check_patch(patch_, window, never, wanted.hash, total).code(), Errc::bad_bytes);
  EXPECT_EQ(check_patch(patch_, window, never, wanted.hash, std::uint64_t{1} << 40).code(), Errc::too_large);
}

// 200 KiB of ops that each make the receiver read half a MiB for one byte.
TEST_F(HostilePatch, ReadingIsBounded) {
  Rng rng(32);
  const Version base(random_bytes(rng, 600'000));
  std::size_t count = 0;
  while (base.items[count].end() < kMaxBaseBytes - 70'000) ++count;
  count = std::min(count, kMaxExtraItems);
  const Bytes frame = *DeltaCodec().make_frame(Bytes(100, 'x'), {});
  PatchWriter writer(base.items);
  for (int i = 0; i < 1000; ++i) {
    PatchOp op;
    op.kind = PatchOp::Kind::delta;
    op.ranges = {{0, count}};
    op.sizes = {100};
    op.data = frame;
    writer.add(op);
  }
  const Bytes patch = writer.take();
  std::size_t read = 0;
  const ReadBase counting = [&](std::uint64_t at, std::size_t length) -> Result<Bytes> {
    read += length;
    return base.read(at, length);
  };
  EXPECT_EQ(check_patch(patch, base.items, counting, Hash{}, 100'000).code(), Errc::too_large);
  EXPECT_LE(read, kBasePerPlain * 100'000 + kMaxBaseBytes);
}

}  // namespace meshfs::fsd
