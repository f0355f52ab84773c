#include "tools/mesh/tar.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "tests/unit/tools/fake_fsd.h"

namespace meshfs::tools {
namespace {

struct Packed {
  TarEntry entry;
  std::string bytes;
};

std::string pack(const std::vector<Packed>& all) {
  std::string out;
  TarWriter tar([&](std::string_view bytes) {
    out += bytes;
    return Status();
  });
  for (const auto& [entry, bytes] : all) {
    EXPECT_TRUE(tar.begin(entry).ok());
    EXPECT_TRUE(tar.write(bytes).ok());
  }
  EXPECT_TRUE(tar.end().ok());
  return out;
}

Result<std::vector<Packed>> unpack(std::string_view archive) {
  TarReader tar([&](std::size_t most) -> Result<std::string> {
    const std::string piece(archive.substr(0, most));
    archive.remove_prefix(piece.size());
    return piece;
  });
  std::vector<Packed> out;
  TarEntry entry;
  while (true) {
    const auto more = tar.next(entry);
    if (!more) return more.failure();
    if (!*more) return out;
    out.push_back({entry, ""});
    while (true) {
      const auto piece = tar.read();
      if (!piece) return piece.failure();
      if (piece->empty()) break;
      out.back().bytes += *piece;
    }
  }
}

Packed file(const std::string& path, const std::string& bytes) {
  Packed out{{}, bytes};
  out.entry.path = path;
  out.entry.size = static_cast<std::int64_t>(bytes.size());
  out.entry.mtime_s = 1'700'000'000;
  return out;
}

std::vector<Packed> samples() {
  auto folder = file("docs", "");
  folder.entry.kind = TarEntry::Kind::directory;
  folder.entry.mode = 0755;
  auto link = file("docs/link", "");
  link.entry.kind = TarEntry::Kind::symlink;
  link.entry.target = std::string(150, 't');
  auto again = file("docs/again", "");
  again.entry.kind = TarEntry::Kind::hard_link;
  again.entry.target = "docs/small";
  auto owned = file("docs/small", "hello\n");
  owned.entry.uid = 4'000'000'000u;  // over seven octal digits
  owned.entry.owner = "anna";
  return {folder,
          owned,
          again,
          link,
          file("docs/" + std::string(240, 'n') + "/deep", "deep"),
          file("docs/odd \xff\n name", "odd"),
          file("docs/block", std::string(512, 'b')),
          file("docs/empty", ""),
          file("docs/big", std::string(700'001, 'x'))};
}

TEST(Tar, GivesBackWhatWasPacked) {
  const auto read = unpack(pack(samples()));
  ASSERT_TRUE(read.ok()) << read.failure().message;
  const auto wanted = samples();
  ASSERT_EQ(read->size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ((*read)[i].entry.path, wanted[i].entry.path);
    EXPECT_EQ((*read)[i].entry.kind, wanted[i].entry.kind);
    EXPECT_EQ((*read)[i].entry.target, wanted[i].entry.target);
    EXPECT_EQ((*read)[i].entry.mode, wanted[i].entry.mode);
    EXPECT_EQ((*read)[i].entry.uid, wanted[i].entry.uid);
    EXPECT_EQ((*read)[i].entry.owner, wanted[i].entry.owner);
    EXPECT_EQ((*read)[i].entry.mtime_s, wanted[i].entry.mtime_s);
    EXPECT_EQ((*read)[i].bytes, wanted[i].bytes);
  }
}

TEST(Tar, OrdinaryTarUnpacksItAndWeUnpackItsTars) {
  TestFolder folder;
  folder.write("a.tar", pack(samples()));
  const std::string in = "cd " + folder.path() + " && ";
  ASSERT_EQ(std::system((in + "tar xf a.tar --no-same-owner && ln -s ../x docs/other").c_str()), 0);
  EXPECT_EQ(folder.read("docs/small"), "hello\n");
  EXPECT_EQ(folder.read("docs/again"), "hello\n");
  EXPECT_EQ(folder.read("docs/odd \xff\n name"), "odd");
  EXPECT_EQ(folder.read("docs/" + std::string(240, 'n') + "/deep"), "deep");
  EXPECT_EQ(folder.read("docs/big"), std::string(700'001, 'x'));
  for (const char* format : {"gnu", "ustar"}) {
    ASSERT_EQ(std::system((in + "mkdir -p short/b; echo s >short/b/c; tar cf b.tar --format=" + format + " " +
                           (std::string(format) == "gnu" ? "docs" : "short"))
                              .c_str()),
              0);
    const auto read = unpack(folder.read("b.tar"));
    ASSERT_TRUE(read.ok()) << read.failure().message;
    EXPECT_GE(read->size(), 3u);
  }
}

Packed precise() {
  auto out = file("docs/" + std::string(120, 'p'), "bytes");
  out.entry.mtime_nanos = 120'000'034;
  out.entry.xattrs = {{"user.note", std::string("any\0bytes=\n", 11)}, {"user.empty", ""}};
  return out;
}

TEST(Tar, KeepsNanosecondsAndExtendedAttributes) {
  const auto read = unpack(pack({precise(), file("plain", "after it")}));
  ASSERT_TRUE(read.ok()) << read.failure().message;
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].entry.path, precise().entry.path);
  EXPECT_EQ((*read)[0].entry.xattrs, precise().entry.xattrs);
  EXPECT_EQ((*read)[0].entry.mtime_s, 1'700'000'000);
  EXPECT_EQ((*read)[0].entry.mtime_nanos, 120'000'034u);
  EXPECT_EQ((*read)[0].bytes, "bytes");
  EXPECT_EQ((*read)[1].entry.path, "plain");
  EXPECT_TRUE((*read)[1].entry.xattrs.empty());
  EXPECT_EQ((*read)[1].bytes, "after it");
}

TEST(Tar, OrdinaryTarSpeaksTheSameExtendedHeaders) {
  TestFolder folder;
  folder.write("a.tar", pack({precise()}));
  const std::string in = "cd " + folder.path() + " && ";
  const std::string name = precise().entry.path;
  ASSERT_EQ(std::system((in + "tar xf a.tar --no-same-owner --xattrs && tar cf b.tar --format=pax --xattrs " + name +
                         " && touch -d @-1.25 " + name + " && tar cf c.tar --format=pax " + name)
                            .c_str()),
            0);
  const auto read = unpack(folder.read("b.tar"));
  ASSERT_TRUE(read.ok()) << read.failure().message;
  ASSERT_EQ(read->size(), 1u);
  EXPECT_EQ((*read)[0].entry.path, name);
  EXPECT_EQ((*read)[0].entry.mtime_nanos, 120'000'034u);
  auto attributes = (*read)[0].entry.xattrs;
  std::sort(attributes.begin(), attributes.end(), [](const auto& a, const auto& b) { return a.key > b.key; });
  EXPECT_EQ(attributes, precise().entry.xattrs);
  const auto old = unpack(folder.read("c.tar"));
  ASSERT_TRUE(old.ok()) << old.failure().message;
  EXPECT_EQ((*old)[0].entry.mtime_s, -2);
  EXPECT_EQ((*old)[0].entry.mtime_nanos, 750'000'000u);
}

TEST(Tar, RefusesExtendedHeadersThatLie) {
  EXPECT_EQ(pax_text({{"a", "b"}}), "6 a=b\n");
  EXPECT_EQ(pax_text({{"abcde", "e"}, {"f", ""}}), "11 abcde=e\n5 f=\n");  // the length grows with itself
  for (const char* text : {"5 a=b\n", "7 a=b\n", "6 a-b\n", "x a=b\n", "6 a=b ", "-6 a=b\n", "6", "0 ", "5 =b\n",
                           "99999999999999999999 a=b\n"}) {
    EXPECT_EQ(parse_pax(text).code(), Errc::bad_bytes) << text;
  }
  ASSERT_TRUE(parse_pax("").ok());
}

TEST(Tar, RefusesWhatIsNoneOrCut) {
  EXPECT_EQ(unpack(std::string(1024, 'x')).code(), Errc::bad_bytes);
  const std::string whole = pack(samples());
  for (const std::size_t size : {std::size_t{100}, std::size_t{700}, whole.size() - 100'000}) {
    EXPECT_EQ(unpack(whole.substr(0, size)).code(), Errc::bad_bytes) << size;
  }
  std::string damaged = whole;
  damaged[20] ^= 1;
  EXPECT_EQ(unpack(damaged).code(), Errc::bad_bytes);
  ASSERT_TRUE(unpack("").ok());
}

TEST(Tar, WritesWhatItAnnounced) {
  std::string out;
  TarWriter tar([&](std::string_view bytes) {
    out += bytes;
    return Status();
  });
  ASSERT_TRUE(tar.begin(file("shrank", "12345").entry).ok());
  ASSERT_TRUE(tar.write("123").ok());
  EXPECT_FALSE(tar.write("456").ok());
  ASSERT_TRUE(tar.fill().ok());
  ASSERT_TRUE(tar.end().ok());
  const auto read = unpack(out);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ((*read)[0].bytes, std::string("123\0\0", 5));
}

}  // namespace
}  // namespace meshfs::tools
