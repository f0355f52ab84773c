// What a node tells to have seen of another's pages, where they come one by one: never one that its head names and that did not come.
#include <gtest/gtest.h>

#include "schema/codec/page.h"
#include "tests/unit/syncd/engine_mesh.h"
#include "tests/unit/syncd/fake_members.h"

namespace meshfs::sim {
namespace {

using transport::Bulletin;
using transport::SimEngine;

// Between a node and its bulletin: keeps one page of the other node back for as long as the test wants, and looks at every state
// that is published.
class HoldsBack final : public Bulletin {
 public:
  explicit HoldsBack(Bulletin& below, std::size_t place)
      : below_(below), place_(place), key_(codec::page_key(fake_network_key())) {}

  [[nodiscard]] const transport::BulletinTraits& traits() const override { return below_.traits(); }
  void pull() override { below_.pull(); }
  Status publish(std::vector<transport::Page> changed) override {
    for (const transport::Page& page : changed) {
      const auto open = codec::open_page(key_, page.bytes);
      if (open && open->head) look_at(*open->head);
    }
    return below_.publish(std::move(changed));
  }
  void set_events(Events events) override {
    to_node_ = events.on_page;
    if (to_node_) {
      events.on_page = [this](const transport::BulletinAuthor& author, std::size_t number, ByteView bytes) {
        came(author, number, bytes);
      };
    }
    below_.set_events(std::move(events));
  }

  void hold() { holding_ = true; }
  void release() {
    holding_ = false;
    if (kept_) to_node_(author_, place_, *kept_);
    kept_.reset();
  }
  std::uint32_t kept_version = 0;         // of the page kept back; 0: none yet
  std::size_t heads_that_name_it = 0;     // which came while it was kept back
  std::size_t states = 0;                 // published while it was lacking
  std::vector<std::uint32_t> told_wrong;  // versions told as seen then, although that page belongs to them

 private:
  void came(const transport::BulletinAuthor& author, std::size_t number, ByteView bytes) {
    const auto open = codec::open_page(key_, bytes);
    ASSERT_TRUE(open.ok());
    if (holding_ && number == place_) {
      kept_ = Bytes(bytes.begin(), bytes.end());
      author_ = author;
      other_ = codec::tag_of(open->node);
      if (kept_version == 0) kept_version = open->version;
      return;
    }
    if (open->head) named_ = place_ < open->head->pages.size() ? open->head->pages[place_] : 0;
    if (lacks_it()) ++heads_that_name_it;
    to_node_(author, number, bytes);
  }
  [[nodiscard]] bool lacks_it() const { return holding_ && kept_version > 0 && named_ >= kept_version; }
  void look_at(const codec::PageHead& head) {
    if (!lacks_it()) return;
    ++states;
    for (const codec::Seen& one : head.seen) {
      if (one.node == other_ && one.version >= named_) told_wrong.push_back(one.version);
    }
  }

  Bulletin& below_;
  std::size_t place_;
  crypto::SivKey key_;
  std::function<void(const transport::BulletinAuthor&, std::size_t, ByteView)> to_node_;
  bool holding_ = false;
  std::uint32_t named_ = 0;  // by the newest head that came
  std::optional<Bytes> kept_;
  transport::BulletinAuthor author_;
  codec::NodeTag other_ = 0;
};

TEST(BoardSeen, APageThatTheHeadNamesAndThatDidNotComeWasNotSeen) {
  for (std::size_t place = 0; place < 5; ++place) {
    Mesh mesh(place + 1);
    SimEngine engine(mesh.network, SimEngine::Kind::alfred, place + 1);
    std::vector<std::unique_ptr<HoldsBack>> between;
    for (SimNetwork::Node i = 0; i < 2; ++i) {
      mesh.add(false);
      engine.add_node(i);
      between.push_back(std::make_unique<HoldsBack>(engine.bulletin(i), place));
      mesh.hosts[i]->use(*between[i]);
      mesh.hosts[i]->start();
      mesh.fsds[i]->greet();
    }
    engine.connect(0, 1);
    mesh.run(seconds(120));
    HoldsBack& receiver = *between[1];
    receiver.hold();
    mesh.fsds[0]->publish(1, {mesh.random_bytes(20'000)}, false);
    mesh.run(seconds(90));
    EXPECT_GT(receiver.heads_that_name_it, 0U)
        << "the page that is lost must be one of those that a head names: " << place;
    EXPECT_GT(receiver.states, 0U) << place;
    EXPECT_EQ(receiver.told_wrong, std::vector<std::uint32_t>{}) << "kept back: " << receiver.kept_version;
    receiver.release();
    EXPECT_TRUE(mesh.run_until([&] { return mesh.all_blobs() && mesh.same_items(); }, seconds(600))) << place;
    for (const auto& host : mesh.hosts) host->stop();  // before what they use
  }
}

}  // namespace
}  // namespace meshfs::sim
