// The table of pairs: each operation against each, done by two people at the same time. The first column's was stamped
// earlier. Every row is run in both orders of arrival and at a third replica; all must show the last column.
//
// Before: a directory d, a file f that says "old", a file g that says "gee". Writers write their letter: a (earlier)
// or b (later). f!600 is f with that mode. n~conflict and n~loser stand for the virtual names, whose digits vary.
// In the second table f has a second name k from the start: what each does to a file with several names.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <span>

#include "tests/unit/merge/user.h"

namespace meshfs::test {
namespace {

struct Pair {
  const char* earlier;
  const char* later;
  const char* expected;
};

constexpr const char* kOperations[] = {"create n",    "write f",    "chmod f",  "rename f", "mv f d/f",
                                       "mv g over f", "link f",     "unlink f", "rmdir d",  "mkdir n",
                                       "symlink n",   "create d/i", "rename d"};

constexpr const char* kLinkOperations[] = {"write f",     "rename f",    "rename k",    "link f",     "unlink f",
                                           "unlink k",    "rm f k",      "swap f k",    "link f n",   "create n",
                                           "mv g over f", "mv g over k", "mv f over g", "mv k over g"};

constexpr Pair kPairs[] = {
#include "tests/unit/merge/pairs.inc"
};
constexpr Pair kLinkPairs[] = {
#include "tests/unit/merge/link_pairs.inc"
};

class Mesh {
 public:
  explicit Mesh(bool linked)
      : rng_(1), a_(world_, {}, 1, kStart), b_(world_, {}, 2, kStart), c_(world_, {}, 3, kStart) {
    User first(c_, rng_);
    first.make_directory({}, "d");
    first.create({}, "f", text("old"));
    first.create({}, "g", text("gee"));
    if (linked) first.link(model_object_id({}, "f", codec::Kind::file, {}), {}, "k");
    EXPECT_EQ(reconcile_all({&a_, &b_, &c_}, rng_), "");
  }

  std::vector<const Sent*> operate(bool later, const std::string& what) {
    User user(later ? b_ : a_, rng_);
    world_.advance(milliseconds(10));
    const LocalId root;
    const LocalId d = model_object_id(root, "d", codec::Kind::directory, {});
    const LocalId f = model_object_id(root, "f", codec::Kind::file, {});
    const std::string who = later ? "b" : "a";
    if (what == "create n") return user.create(root, "n", text(who));
    if (what == "write f") return user.write({{kSharedVolume, f}, std::nullopt}, text(who));
    if (what == "chmod f") return user.chmod(f, later ? 0640 : 0600);
    if (what == "rename f") return user.rename(root, "f", root, later ? "s" : "r");
    if (what == "mv f d/f") return user.rename(root, "f", d, "f");
    if (what == "mv g over f") return user.rename(root, "g", root, "f");
    if (what == "link f") return user.link(f, root, later ? "m" : "l");
    if (what == "unlink f") return user.unlink(root, "f");
    if (what == "rmdir d") return user.remove_directory(root, "d");
    if (what == "mkdir n") return user.make_directory(root, "n");
    if (what == "symlink n") return user.create(root, "n", text(who), codec::Kind::symlink);
    if (what == "create d/i") return user.create(d, "i", text(who));
    if (what == "rename d") return user.rename(root, "d", root, later ? "q" : "p");
    if (what == "rename k") return user.rename(root, "k", root, later ? "s" : "r");
    if (what == "unlink k") return user.unlink(root, "k");
    if (what == "link f n") return user.link(f, root, "n");
    if (what == "mv g over k") return user.rename(root, "g", root, "k");
    if (what == "mv f over g") return user.rename(root, "f", root, "g");
    if (what == "mv k over g") return user.rename(root, "k", root, "g");
    if (what == "rm f k") {
      auto sent = user.unlink(root, "f");
      return append(std::move(sent), user.unlink(root, "k"));
    }
    if (what == "swap f k") {  // through a third name, as mv would
      auto sent = user.rename(root, "f", root, "t");
      sent = append(std::move(sent), user.rename(root, "k", root, "f"));
      return append(std::move(sent), user.rename(root, "t", root, "k"));
    }
    ADD_FAILURE() << "no such operation: " << what;
    return {};
  }

  // Everything exchanged in the given order; what all then show.
  std::string exchange(const std::vector<const Sent*>& first, const std::vector<const Sent*>& second) {
    for (Replica* replica : {&a_, &b_, &c_}) {
      for (const Sent* sent : first) replica->receive(*sent);
      for (const Sent* sent : second) replica->receive(*sent);
    }
    EXPECT_EQ(reconcile_all({&a_, &b_, &c_}, rng_), "");
    for (const Replica* replica : {&a_, &b_, &c_}) {
      EXPECT_EQ(replica->judge_all(), "");
      EXPECT_EQ(replica->trouble(), "");
      EXPECT_EQ(render(*replica), render(c_));
    }
    return render(c_);
  }

 private:
  static std::vector<const Sent*> append(std::vector<const Sent*> first, const std::vector<const Sent*>& then) {
    first.insert(first.end(), then.begin(), then.end());
    return first;
  }

  static std::string render(const Replica& replica) {
    const Tree tree = replica.tree();
    std::vector<std::string> out;
    list(replica, tree, {}, "", out);
    std::sort(out.begin(), out.end());
    std::string line;
    for (const auto& item : out) line += (line.empty() ? "" : " ") + item;
    return line;
  }

  static void list(const Replica& replica, const Tree& tree, const LocalId& directory, const std::string& path,
                   std::vector<std::string>& out) {
    for (const auto& [name, key] : tree.directories.at(directory)) {
      const std::size_t tilde = name.find('~');
      std::string shown_name = path + name.substr(0, tilde);
      if (tilde != std::string::npos) shown_name += key.sibling ? "~conflict" : "~loser";
      const auto shown = replica.shown(key.object.local);
      if (shown->attributes.value.mode != 0644 && shown->kind == codec::Kind::file) {
        char octal[8];
        std::snprintf(octal, sizeof octal, "!%o", shown->attributes.value.mode);
        shown_name += octal;
      }
      if (shown->kind == codec::Kind::directory) {
        out.push_back(shown_name + "/");
        list(replica, tree, key.object.local, shown_name + "/", out);
        continue;
      }
      for (const auto& content : shown->contents) {
        if (key.sibling ? content.stamp != *key.sibling : content != shown->contents.front()) continue;
        const auto bytes = std::get<Bytes>(content.value);
        out.push_back(shown_name + (shown->kind == codec::Kind::symlink ? "->" : "=") + std::string(as_text(bytes)));
      }
    }
  }

  Rng rng_;
  World world_;
  Replica a_, b_, c_;
};

std::string outcome(const std::string& earlier, const std::string& later, bool swapped, bool linked) {
  Mesh mesh(linked);
  const auto first = mesh.operate(false, earlier);
  const auto second = mesh.operate(true, later);
  EXPECT_FALSE(first.empty()) << earlier;
  EXPECT_FALSE(second.empty()) << later;
  return swapped ? mesh.exchange(second, first) : mesh.exchange(first, second);
}

void expect_outcomes(std::span<const Pair> pairs, bool linked) {
  for (const Pair& pair : pairs) {
    SCOPED_TRACE(std::string(pair.earlier) + " | " + pair.later);
    EXPECT_EQ(outcome(pair.earlier, pair.later, false, linked), pair.expected);
    EXPECT_EQ(outcome(pair.earlier, pair.later, true, linked), pair.expected);
  }
}

void expect_complete(std::span<const Pair> pairs, std::span<const char* const> operations, bool linked) {
  std::set<std::pair<std::string, std::string>> listed;
  for (const Pair& pair : pairs) listed.insert({pair.earlier, pair.later});
  for (const char* earlier : operations) {
    for (const char* later : operations) {
      EXPECT_TRUE(listed.contains({earlier, later}))
          << "{\"" << earlier << "\", \"" << later << "\", \"" << outcome(earlier, later, false, linked) << "\"},";
    }
  }
}

TEST(Pairs, EachAgainstEachInBothOrders) { expect_outcomes(kPairs, false); }
TEST(Pairs, TheTableIsComplete) { expect_complete(kPairs, kOperations, false); }
TEST(Pairs, EachAgainstEachOnAFileWithTwoNames) { expect_outcomes(kLinkPairs, true); }
TEST(Pairs, TheTableOfTwoNamesIsComplete) { expect_complete(kLinkPairs, kLinkOperations, true); }

}  // namespace
}  // namespace meshfs::test
