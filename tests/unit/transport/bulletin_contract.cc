#include "tests/unit/transport/bulletin_contract.h"

#include <algorithm>
#include <memory>
#include <set>

#include "schema/vocab/rng.h"

namespace meshfs::transport::contract {
namespace {

class Session {
 public:
  explicit Session(BulletinWorld& world) : world_(world) {
    for (std::size_t i = 0; i < BulletinWorld::kNodes; ++i)
      ears_.push_back(std::make_unique<BulletinEar>(world.bulletin(i)));
  }
  BulletinEar& ear(std::size_t i) { return *ears_[i]; }

  template <class Done>
  bool wait(Done done) {
    for (Duration spent{}; spent < world_.patience(); spent = spent + milliseconds(10)) {
      if (done()) return true;
      world_.run_for(milliseconds(10));
    }
    return done();
  }
  bool others_have(std::size_t author, std::size_t number, const Bytes& bytes) {
    return wait([&] {
      for (std::size_t i = 0; i < BulletinWorld::kNodes; ++i) {
        if (i != author && !ear(i).has(number, bytes)) return false;
      }
      return true;
    });
  }
  Status publish(std::size_t i, std::vector<Page> changed) {
    published_.insert(i);
    return ear(i).publish(std::move(changed));
  }
  std::string manners() {
    for (std::size_t i = 0; i < BulletinWorld::kNodes; ++i) {
      if (ear(i).called_back) return "it called back inside publish()";
      if (ear(i).pages.size() + published_.count(i) > published_.size()) return "a node's own pages were told to it";
    }
    return {};
  }

 private:
  BulletinWorld& world_;
  std::set<std::size_t> published_;
  std::vector<std::unique_ptr<BulletinEar>> ears_;
};

std::string as_sentence(const Status& status) {
  return status.ok() ? std::string() : "publish() refused: " + status.failure().message;
}

}  // namespace

Bytes page_bytes(std::size_t size, std::uint64_t seed) {
  Rng rng(seed);
  Bytes out(size);
  for (auto& b : out) b = static_cast<std::uint8_t>(rng.next());
  return out;
}

BulletinEar::BulletinEar(Bulletin& bulletin) : bulletin_(bulletin) {
  Bulletin::Events events;
  events.on_page = [this](const BulletinAuthor& author, std::size_t number, ByteView bytes) {
    called_back |= inside_;
    ++told;
    pages[author.key][number] = copy_of(bytes);
  };
  events.on_gone = [this](const BulletinAuthor& author) {
    called_back |= inside_;
    pages.erase(author.key);
    gone.push_back(author.key);
  };
  events.on_health = [this](const BulletinHealth& now) {
    called_back |= inside_;
    health = now;
  };
  bulletin.set_events(std::move(events));
}

Status BulletinEar::publish(std::vector<Page> changed) {
  inside_ = true;
  Status out = bulletin_.publish(std::move(changed));
  inside_ = false;
  return out;
}

bool BulletinEar::has(std::size_t number, const Bytes& bytes) const {
  return std::any_of(pages.begin(), pages.end(), [&](const auto& author) {
    const auto found = author.second.find(number);
    return found != author.second.end() && found->second == bytes;
  });
}

std::string health_says_up(BulletinWorld& world) {
  Session session(world);
  if (!session.wait([&] { return session.ear(0).health.up; })) return "never up: " + session.ear(0).health.trouble;
  if (!session.ear(0).health.trouble.empty()) return "trouble without a reason: " + session.ear(0).health.trouble;
  if (session.ear(0).health.engine.empty()) return "the engine has no name";
  if (const auto said = as_sentence(session.publish(0, {{0, page_bytes(100, 1)}})); !said.empty()) return said;
  const auto counted = [&] { return session.ear(0).health.used_pages == 1 && session.ear(0).health.used_bytes == 100; };
  if (!session.wait(counted)) return "one page of 100 bytes was counted otherwise";
  return session.manners();
}

std::string last_value_wins(BulletinWorld& world) {
  Session session(world);
  const std::size_t last = world.bulletin(0).traits().pages - 1;
  for (std::uint64_t round = 1; round <= 4; ++round) {
    if (const auto said = as_sentence(session.publish(0, {{last, page_bytes(200, round)}})); !said.empty()) return said;
    if (round < 3) world.run_for(milliseconds(20));
  }
  if (!session.others_have(0, last, page_bytes(200, 4))) return "the last value did not come everywhere";
  world.run_for(milliseconds(500));
  for (std::size_t i = 1; i < BulletinWorld::kNodes; ++i) {
    if (!session.ear(i).has(last, page_bytes(200, 4))) return "an older value came after the last";
  }
  return session.manners();
}

std::string all_pages_arrive(BulletinWorld& world) {
  Session session(world);
  const BulletinTraits& traits = world.bulletin(0).traits();
  std::vector<Page> pages;
  std::size_t left = traits.total_bytes;
  for (std::size_t number = 0; number < traits.pages && left > 0; ++number) {
    pages.push_back({number, page_bytes(std::min(left, traits.page_bytes), number + 50)});
    left -= pages.back().bytes.size();
  }
  if (const auto said = as_sentence(session.publish(1, pages)); !said.empty()) return said;
  for (const Page& page : pages) {
    if (!session.others_have(1, page.number, page.bytes))
      return "page " + std::to_string(page.number) + " did not arrive";
  }
  return session.manners();
}

std::string pages_not_named_stay(BulletinWorld& world) {
  Session session(world);
  const std::size_t last = world.bulletin(0).traits().pages - 1;
  if (last == 0) return {};
  (void)session.publish(0, {{0, page_bytes(50, 1)}});
  (void)session.publish(2, {{0, page_bytes(50, 2)}});
  (void)session.publish(0, {{last, page_bytes(60, 3)}});
  if (!session.others_have(0, 0, page_bytes(50, 1))) return "the page that was not named again is lost";
  if (!session.others_have(0, last, page_bytes(60, 3))) return "the second page is lost";
  if (!session.others_have(2, 0, page_bytes(50, 2))) return "the other author's page is lost";
  return session.manners();
}

std::string unchanged_is_not_told(BulletinWorld& world) {
  Session session(world);
  const std::size_t last = world.bulletin(0).traits().pages - 1;
  (void)session.publish(0, {{0, page_bytes(50, 1)}});
  if (!session.others_have(0, 0, page_bytes(50, 1))) return "the page is lost";
  const std::size_t told = session.ear(2).told;
  (void)session.publish(0, {{0, page_bytes(50, 1)}});
  // Another page makes engines deliver all of them again.
  if (last > 0) (void)session.publish(0, {{last, page_bytes(50, 2)}});
  if (last > 0 && !session.others_have(0, last, page_bytes(50, 2))) return "the second page is lost";
  world.run_for(milliseconds(500));
  if (session.ear(2).told != told + (last > 0 ? 1 : 0)) return "bytes that did not change were told again";
  return session.manners();
}

std::string limits_refuse_and_change_nothing(BulletinWorld& world) {
  Session session(world);
  const BulletinTraits& traits = world.bulletin(0).traits();
  (void)session.publish(0, {{0, page_bytes(50, 1)}});
  const auto refused = [&](std::vector<Page> pages) {
    const Status status = session.publish(0, std::move(pages));
    return !status.ok() && status.code() == Errc::too_large;
  };
  if (!refused({{0, page_bytes(60, 2)}, {traits.pages, page_bytes(1, 3)}}))
    return "a page over the last was not too_large";
  if (!refused({{0, page_bytes(traits.page_bytes + 1, 4)}})) return "a page over page_bytes was not too_large";
  std::vector<Page> all;
  for (std::size_t number = 0; number < traits.pages; ++number)
    all.push_back({number, page_bytes(traits.page_bytes, number)});
  if (traits.pages * traits.page_bytes > traits.total_bytes && !refused(all))
    return "more than total_bytes was not too_large";
  if (!session.others_have(0, 0, page_bytes(50, 1))) return "the page of before is lost";
  world.run_for(milliseconds(300));
  if (session.ear(0).health.used_bytes != 50) return "what was refused counts as used";
  return session.manners();
}

std::string withdrawal_is_told(BulletinWorld& world) {
  Session session(world);
  (void)session.publish(0, {{0, page_bytes(50, 1)}});
  if (!session.others_have(0, 0, page_bytes(50, 1))) return "the page is lost";
  (void)session.publish(0, {{0, {}}});
  if (!session.wait([&] { return session.ear(1).gone.size() == 1 && session.ear(2).gone.size() == 1; }))
    return "who withdrew all of its pages is not told as gone";
  (void)session.publish(0, {{0, page_bytes(50, 1)}});
  if (!session.others_have(0, 0, page_bytes(50, 1))) return "who came back with the same page is not told";
  return session.manners();
}

const std::vector<BulletinCheck>& all_bulletin_checks() {
  static const std::vector<BulletinCheck> checks = {
      {"health_says_up", health_says_up},
      {"last_value_wins", last_value_wins},
      {"all_pages_arrive", all_pages_arrive},
      {"pages_not_named_stay", pages_not_named_stay},
      {"unchanged_is_not_told", unchanged_is_not_told},
      {"limits_refuse_and_change_nothing", limits_refuse_and_change_nothing},
      {"withdrawal_is_told", withdrawal_is_told}};
  return checks;
}

}  // namespace meshfs::transport::contract
