#include "fsd/core/visible_changes.h"

#include <gtest/gtest.h>

namespace meshfs::fsd {
namespace {

using What = Visible::What;
using codec::Kind;

ObjectId object(std::uint8_t n) {
  LocalId local;
  local.data[0] = n;
  return {kSharedVolume, local};
}
NodeKey node(std::uint8_t n) { return {object(n), std::nullopt}; }

constexpr std::uint8_t kRoot = 0;

Namespace::NameChange came(std::uint8_t directory, const std::string& name, std::uint8_t n, Kind kind = Kind::file) {
  return {true, object(directory), name, node(n), kind};
}
Namespace::NameChange went(std::uint8_t directory, const std::string& name, std::uint8_t n, Kind kind = Kind::file) {
  return {false, object(directory), name, node(n), kind};
}

std::string told(std::vector<Namespace::NameChange> names, std::vector<Visible> changed = {}) {
  std::string out;
  for (const Visible& one : visible_changes(std::move(names), std::move(changed))) {
    const char* const what[] = {"+", "-", "~", "c", "a"};
    if (!out.empty()) out += ' ';
    out += what[static_cast<int>(one.what)] + one.from_name + (one.from_name.empty() ? "" : ">") + one.name;
  }
  return out;
}

TEST(VisibleChanges, TellsTheNetOfEachName) {
  EXPECT_EQ(told({}), "");
  EXPECT_EQ(told({came(kRoot, "a", 1), went(kRoot, "a", 1)}), "");
  EXPECT_EQ(told({went(kRoot, "a", 1), came(kRoot, "a", 1)}), "");
  EXPECT_EQ(told({went(kRoot, "a", 1), came(kRoot, "a", 2)}), "-a +a");
  EXPECT_EQ(told({came(kRoot, "b", 2), came(kRoot, "a", 1)}), "+b +a");
}

TEST(VisibleChanges, KnowsAMove) {
  EXPECT_EQ(told({went(kRoot, "a", 1), came(kRoot, "b", 1)}), "~a>b");
  EXPECT_EQ(told({went(kRoot, "a", 1, Kind::directory), came(5, "b", 1, Kind::directory)}), "~a>b");
  EXPECT_EQ(told({went(kRoot, "b", 2), went(kRoot, "a", 1), came(kRoot, "b", 1)}), "-b ~a>b");
}

TEST(VisibleChanges, WhatCannotBeMovedOneByOneGoesAndComes) {
  EXPECT_EQ(told({went(kRoot, "a", 1), went(kRoot, "b", 2), came(kRoot, "a", 2), came(kRoot, "b", 1)}), "-a -b +a +b");
  EXPECT_EQ(told({went(kRoot, "a", 1), went(kRoot, "b", 2), came(kRoot, "b", 1), came(kRoot, "c", 2)}), "-b -a +b +c");
}

TEST(VisibleChanges, DirectoriesComeFirstAndGoLast) {
  EXPECT_EQ(told({came(2, "f", 3), came(1, "e", 2, Kind::directory), came(kRoot, "d", 1, Kind::directory)}),
            "+d +e +f");
  EXPECT_EQ(told({went(kRoot, "d", 1, Kind::directory), went(1, "e", 2, Kind::directory), went(2, "f", 3)}),
            "-f -e -d");
}

TEST(VisibleChanges, MovesOutOfADirectoryThatGoesComeBeforeItsEnd) {
  EXPECT_EQ(told({went(kRoot, "d", 1, Kind::directory), went(1, "f", 2), came(kRoot, "f", 2)}), "~f>f -d");
  EXPECT_EQ(told({went(kRoot, "f", 2), came(1, "f", 2), came(kRoot, "d", 1, Kind::directory)}), "+d ~f>f");
}

TEST(VisibleChanges, OneChangeOfContentsPerName) {
  const auto content = [](std::uint8_t n, What what) { return Visible{what, node(kRoot), "a", node(n)}; };
  EXPECT_EQ(told({}, {content(1, What::content), content(1, What::content), content(1, What::attributes)}), "ca");
  EXPECT_EQ(told({}, {content(1, What::attributes), content(1, What::content)}), "ca");
  EXPECT_EQ(told({came(kRoot, "a", 1)}, {content(1, What::content)}), "+a") << "a new name shows it anyway";
  EXPECT_EQ(told({went(kRoot, "b", 1), came(kRoot, "a", 1)}, {content(1, What::content)}), "~b>a ca");
}

TEST(VisibleChanges, ContentsComeBeforeNamesThatGo) {
  const Visible settled{What::content, node(kRoot), "a", node(1)};
  EXPECT_EQ(told({went(kRoot, "a~conflict", 9)}, {settled}), "ca -a~conflict");
  EXPECT_EQ(told({went(kRoot, "b", 2), came(kRoot, "b", 3), came(kRoot, "c", 4)}, {settled}), "-b ca +b +c");
  EXPECT_EQ(told({went(1, "f", 2), went(kRoot, "d", 1, Kind::directory), came(kRoot, "d", 3)}, {settled}),
            "-f -d ca +d")
      << "a directory is empty before another takes its name";
}

}  // namespace
}  // namespace meshfs::fsd
