// Every bulletin keeps the contract, and the contract notices ways of breaking it.
#include <gtest/gtest.h>

#include "tests/unit/transport/sms_world.h"
#include "transport/sim/sim_engine.h"

namespace meshfs::transport::contract {
namespace {

// The simulator's model: the same line in virtual time.
class SimEngineWorld final : public BulletinWorld {
 public:
  explicit SimEngineWorld(SimEngine::Kind kind) : kind_(kind), time_(1), engine_(time_, kind, 1) {
    for (SimEngine::Node node = 0; node < kNodes; ++node) engine_.add_node(node);
    for (SimEngine::Node node = 0; node + 1 < kNodes; ++node) engine_.connect(node, node + 1);
    // ALFRED brings it no further than two hops, which this is.
  }
  Bulletin& bulletin(std::size_t i) override { return engine_.bulletin(static_cast<SimEngine::Node>(i)); }
  void run_for(Duration time) override { time_.run_until(time_.now() + time); }
  [[nodiscard]] Duration patience() const override {
    return kind_ == SimEngine::Kind::alfred ? seconds(1000) : seconds(15);
  }

 private:
  SimEngine::Kind kind_;
  SimNetwork time_;
  SimEngine engine_;
};

struct Engine {
  const char* name;
  std::unique_ptr<BulletinWorld> (*make)();
};
const Engine kEngines[] = {
    {"bmx7", [] { return std::unique_ptr<BulletinWorld>(std::make_unique<SmsWorld>("bmx7")); }},
    {"bmx7_torn", [] { return std::unique_ptr<BulletinWorld>(std::make_unique<SmsWorld>("bmx7", true, 0.005)); }},
    {"simulated_bmx7",
     [] { return std::unique_ptr<BulletinWorld>(std::make_unique<SimEngineWorld>(SimEngine::Kind::bmx7)); }},
    {"simulated_bmx6",
     [] { return std::unique_ptr<BulletinWorld>(std::make_unique<SimEngineWorld>(SimEngine::Kind::bmx6)); }},
    {"simulated_alfred",
     [] { return std::unique_ptr<BulletinWorld>(std::make_unique<SimEngineWorld>(SimEngine::Kind::alfred)); }},
    {"bmx6", [] { return std::unique_ptr<BulletinWorld>(std::make_unique<SmsWorld>("bmx6")); }},
};

class BulletinContract : public testing::TestWithParam<std::tuple<Engine, BulletinCheck>> {};

TEST_P(BulletinContract, IsKept) {
  const auto& [engine, check] = GetParam();
  const auto world = engine.make();
  EXPECT_EQ(check.run(*world), "") << engine.name;
}

INSTANTIATE_TEST_SUITE_P(Bulletins, BulletinContract,
                         testing::Combine(testing::ValuesIn(kEngines), testing::ValuesIn(all_bulletin_checks())),
                         [](const auto& parameter) {
                           return std::string(std::get<0>(parameter.param).name) + "_" +
                                  std::get<1>(parameter.param).name;
                         });

// --- negative controls: three bulletins on one table, with one seeded bug

enum class Bug { none, own_pages, told_again, keeps_first, takes_too_large, silent_gone, calls_back };

class Table;
class TableBulletin final : public Bulletin {
 public:
  TableBulletin(Table& table, std::size_t number) : table_(table), number_(number) {
    traits_.name = "table";
    traits_.pages = 3;
    traits_.page_bytes = 300;
    traits_.total_bytes = 700;
  }
  const BulletinTraits& traits() const override { return traits_; }
  Status publish(std::vector<Page> changed) override;
  void set_events(Events events) override;

  Table& table_;
  std::size_t number_;
  BulletinTraits traits_;
  Events events_;
  std::vector<Bytes> pages_ = std::vector<Bytes>(3);
  std::vector<Page> waiting_;
};

class Table final : public BulletinWorld {
 public:
  explicit Table(Bug bug) : bug_(bug) {
    for (std::size_t i = 0; i < kNodes; ++i) nodes_.push_back(std::make_unique<TableBulletin>(*this, i));
  }
  Bulletin& bulletin(std::size_t i) override { return *nodes_[i]; }
  [[nodiscard]] Duration patience() const override { return milliseconds(100); }
  void run_for(Duration) override {
    for (auto& from : nodes_) {
      for (Page& page : std::exchange(from->waiting_, {})) deliver(*from, page);
    }
  }
  void deliver(TableBulletin& from, const Page& page) {
    Bytes& there = from.pages_[page.number];
    if (there == page.bytes && bug_ != Bug::told_again) return;
    if (bug_ == Bug::keeps_first && !there.empty()) return;
    there = page.bytes;
    const BulletinAuthor author{std::to_string(from.number_), {}};
    for (auto& to : nodes_) {
      if (to == nodes_[from.number_] && bug_ != Bug::own_pages) continue;
      if (!page.bytes.empty()) to->events_.on_page(author, page.number, page.bytes);
      if (page.bytes.empty() && bug_ != Bug::silent_gone) to->events_.on_gone(author);
    }
    tell_health(from);
  }
  void tell_health(TableBulletin& of) const {
    BulletinHealth health;
    health.up = true;
    health.engine = "table";
    for (const Bytes& page : of.pages_) {
      health.used_bytes += page.size();
      health.used_pages += page.empty() ? 0 : 1;
    }
    if (of.events_.on_health) of.events_.on_health(health);
  }
  Bug bug_;
  std::vector<std::unique_ptr<TableBulletin>> nodes_;
};

Status TableBulletin::publish(std::vector<Page> changed) {
  if (table_.bug_ == Bug::calls_back) table_.tell_health(*this);
  std::size_t total = 0;
  for (const Page& page : changed) {
    const bool large = page.number >= 3 || page.bytes.size() > 300 || (total += page.bytes.size()) > 700;
    if (large && (page.number >= 3 || table_.bug_ != Bug::takes_too_large)) return Errc::too_large;
  }
  std::move(changed.begin(), changed.end(), std::back_inserter(waiting_));
  return {};
}

void TableBulletin::set_events(Events events) {
  events_ = std::move(events);
  table_.tell_health(*this);
}

struct Control {
  const char* name;
  Bug bug;
  std::string (*check)(BulletinWorld&);
  const char* noticed_as;
};
const Control kControls[] = {
    {"own_pages", Bug::own_pages, pages_not_named_stay, "own pages"},
    {"told_again", Bug::told_again, unchanged_is_not_told, "told again"},
    {"keeps_first", Bug::keeps_first, last_value_wins, "last value"},
    {"takes_too_large", Bug::takes_too_large, limits_refuse_and_change_nothing, "too_large"},
    {"unrelated_bug", Bug::told_again, health_says_up, ""},
    {"silent_gone", Bug::silent_gone, withdrawal_is_told, "gone"},
    {"calls_back", Bug::calls_back, last_value_wins, "called back"},
};

class BulletinControl : public testing::TestWithParam<Control> {};

TEST_P(BulletinControl, ABrokenBulletinIsNoticed) {
  Table table(GetParam().bug);
  const std::string noticed = GetParam().check(table);
  if (*GetParam().noticed_as == '\0') {
    EXPECT_EQ(noticed, "");
  } else {
    EXPECT_NE(noticed.find(GetParam().noticed_as), std::string::npos) << "said: '" << noticed << "'";
  }
}

INSTANTIATE_TEST_SUITE_P(Bulletins, BulletinControl, testing::ValuesIn(kControls),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

TEST(BulletinControl, TheTableKeepsTheContract) {
  for (const BulletinCheck& check : all_bulletin_checks()) {
    Table table(Bug::none);
    EXPECT_EQ(check.run(table), "") << check.name;
  }
}

}  // namespace
}  // namespace meshfs::transport::contract
