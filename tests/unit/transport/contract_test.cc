// Every adapter keeps the contract, and the contract notices every way of breaking it.
#include <gtest/gtest.h>

#include "tests/unit/transport/worlds.h"

namespace meshfs::transport::contract {
namespace {

struct Adapter {
  const char* name;
  std::unique_ptr<World> (*make)();
};
const Adapter kAdapters[] = {
    {"sim_datagram", sim_datagram_world}, {"sim_stream", sim_stream_world}, {"udp", udp_world}, {"tcp", tcp_world}};

class Contract : public testing::TestWithParam<std::tuple<Adapter, Check>> {};

TEST_P(Contract, IsKept) {
  const auto& [adapter, check] = GetParam();
  const auto world = adapter.make();
  EXPECT_EQ(check.run(*world), "") << adapter.name;
}

INSTANTIATE_TEST_SUITE_P(Links, Contract,
                         testing::Combine(testing::ValuesIn(kAdapters), testing::ValuesIn(all_checks())),
                         [](const auto& parameter) {
                           return std::string(std::get<0>(parameter.param).name) + "_" +
                                  std::get<1>(parameter.param).name;
                         });

// --- negative controls: a link with one seeded bug, around a real one

enum class Bug {
  drops,
  corrupts,
  duplicates,
  swaps,
  echoes,
  misdelivers_room,
  takes_too_large,
  cuts_to_mtu,
  silent_end,
  calls_back,
  one_address,
  two_addresses,
  no_limit,
  forgets_room,
  misses_one
};

class BuggyLink final : public PacketLink {
 public:
  BuggyLink(PacketLink& real, Bug bug) : real_(real), bug_(bug) {}
  const LinkTraits& traits() const override { return real_.traits(); }
  void connect(const LinkAddress& to) override { real_.connect(to); }
  void close(const LinkAddress& to) override { real_.close(to); }

  Status send(const LinkAddress& to, ByteView frame) override {
    if (bug_ == Bug::calls_back) events_.on_room(to);
    if (bug_ == Bug::takes_too_large && frame.size() > traits().mtu) return {};
    if (bug_ == Bug::cuts_to_mtu && frame.size() > traits().mtu) return real_.send(to, frame.first(traits().mtu));
    Status sent = real_.send(to, frame);
    if (bug_ == Bug::no_limit && !sent.ok() && sent.code() == Errc::no_space) return {};
    return sent;
  }
  Status send_all(ByteView frame) override {
    if (bug_ == Bug::echoes) events_.on_frame({"me", "me"}, frame);
    return real_.send_all(frame);
  }
  void set_events(Events events) override {
    events_ = std::move(events);
    Events inner;
    if (!events_.on_frame) return real_.set_events(inner);
    inner.on_frame = [this](const LinkAddress& from, ByteView frame) { on_frame(from, frame); };
    inner.on_up = events_.on_up;
    inner.on_gone = [this](const LinkAddress& peer) {
      if (bug_ != Bug::silent_end) events_.on_gone(peer);
    };
    inner.on_room = [this](const LinkAddress& peer) {
      if (bug_ == Bug::misdelivers_room)
        events_.on_room({"other", "other"});
      else if (bug_ != Bug::forgets_room)
        events_.on_room(peer);
    };
    real_.set_events(inner);
  }

 private:
  void on_frame(const LinkAddress& from, ByteView frame) {
    ++count_;
    const bool now = count_ % 7 == 5;
    Bytes copy = copy_of(frame);
    LinkAddress address = from;
    if (bug_ == Bug::one_address) address.key = "same";
    if (bug_ == Bug::two_addresses && now) address.key += 'x';
    if (bug_ == Bug::corrupts && now) copy[copy.size() / 2] ^= 1;
    if (bug_ == Bug::drops && now) return;
    if (bug_ == Bug::misses_one) return;
    if (bug_ == Bug::swaps && now && kept_.empty()) {
      kept_ = copy;
      return;
    }
    events_.on_frame(address, copy);
    if (bug_ == Bug::duplicates && now) events_.on_frame(address, copy);
    if (!kept_.empty()) events_.on_frame(address, std::exchange(kept_, {}));
  }

  PacketLink& real_;
  Bug bug_;
  Events events_;
  int count_ = 0;
  Bytes kept_;
};

class BuggyWorld final : public World {
 public:
  BuggyWorld(std::unique_ptr<World> real, Bug bug) : real_(std::move(real)) {
    for (std::size_t i = 0; i < kLinks; ++i) {
      // One that misses broadcasts is one node's fault; the other bugs are everybody's.
      if (bug != Bug::misses_one || i == 1)
        links_.push_back(std::make_unique<BuggyLink>(real_->link(i), bug));
      else
        links_.push_back(nullptr);
    }
  }
  PacketLink& link(std::size_t i) override { return links_[i] ? *links_[i] : real_->link(i); }
  LinkAddress address(std::size_t from, std::size_t to) override { return real_->address(from, to); }
  void run_for(Duration time) override { real_->run_for(time); }
  void vanish(std::size_t i) override { real_->vanish(i); }
  LinkAddress nobody() override { return real_->nobody(); }
  void throw_garbage_at(std::size_t i) override { real_->throw_garbage_at(i); }
  [[nodiscard]] bool can_fill() const override { return real_->can_fill(); }

 private:
  std::unique_ptr<World> real_;
  std::vector<std::unique_ptr<BuggyLink>> links_;
};

struct Control {
  const char* name;
  std::unique_ptr<World> (*make)();
  Bug bug;
  std::string (*check)(World&);
  const char* noticed_as;
};
const Control kControls[] = {
    {"drops", sim_datagram_world, Bug::drops, delivers_unchanged, "lost"},
    {"corrupts", sim_datagram_world, Bug::corrupts, delivers_unchanged, "changed"},
    {"duplicates", sim_datagram_world, Bug::duplicates, delivers_unchanged, "twice"},
    {"calls_back", sim_datagram_world, Bug::calls_back, delivers_unchanged, "called back"},
    {"garbage_then_drops", sim_datagram_world, Bug::drops, survives_garbage, "lost"},
    {"one_address", sim_datagram_world, Bug::one_address, names_its_peers, "share"},
    {"two_addresses", sim_datagram_world, Bug::two_addresses, names_its_peers, "several"},
    {"takes_too_large", sim_datagram_world, Bug::takes_too_large, refuses_too_large, "too_large"},
    {"cuts_to_mtu", sim_stream_world, Bug::cuts_to_mtu, refuses_too_large, "too_large"},
    {"no_limit", sim_datagram_world, Bug::no_limit, says_no_space_then_room, "no limit"},
    {"forgets_room", sim_stream_world, Bug::forgets_room, says_no_space_then_room, "never came"},
    {"misdelivers_room", sim_stream_world, Bug::misdelivers_room, says_no_space_then_room, "another address"},
    {"swaps", sim_stream_world, Bug::swaps, keeps_order, "out of order"},
    {"stream_drops", sim_stream_world, Bug::drops, keeps_order, "lost"},
    {"stream_duplicates", sim_stream_world, Bug::duplicates, keeps_order, "twice"},
    {"silent_end", sim_stream_world, Bug::silent_end, tells_of_the_end, "not reported"},
    {"echoes", sim_datagram_world, Bug::echoes, broadcasts_without_echo, "own broadcast"},
    {"misses_one", sim_datagram_world, Bug::misses_one, broadcasts_without_echo, "missed"},
    {"unrelated_bug", sim_stream_world, Bug::echoes, delivers_unchanged, ""},
};

class ContractControl : public testing::TestWithParam<Control> {};

TEST_P(ContractControl, ABrokenLinkIsNoticed) {
  const Control& control = GetParam();
  BuggyWorld world(control.make(), control.bug);
  const std::string noticed = control.check(world);
  if (*control.noticed_as == '\0') {
    // The other way round: a bug that the check is not about does not make it fail.
    EXPECT_EQ(noticed, "");
  } else {
    EXPECT_NE(noticed.find(control.noticed_as), std::string::npos) << "said: '" << noticed << "'";
  }
}

INSTANTIATE_TEST_SUITE_P(Links, ContractControl, testing::ValuesIn(kControls),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

}  // namespace
}  // namespace meshfs::transport::contract
