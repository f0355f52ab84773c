#include "tests/fuzz/gossip_trial.h"

#include <malloc.h>

#include "tests/fuzz/tongue.h"
#include "tests/sim/liar.h"
#include "tests/sim/light_mesh.h"
#include "tests/unit/schema/random_records.h"
#include "tests/unit/syncd/fake_members.h"

#if defined(__SANITIZE_ADDRESS__)
#define MESHFS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MESHFS_ASAN 1
#endif
#endif
#ifdef MESHFS_ASAN
#include <sanitizer/allocator_interface.h>
#endif

namespace meshfs::fuzz {
namespace {

namespace local = codec::local;
using sim::Liar;
using transport::SimNetwork;

constexpr std::size_t kHonest = 3;
constexpr Duration kStep = milliseconds(5);  // of a step that is no wait: everything said has arrived
constexpr transport::EdgeQuality kAir{.delay = milliseconds(2)};

std::size_t live_bytes() {
#ifdef MESHFS_ASAN
  return __sanitizer_get_current_allocated_bytes();
#else
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

class Stage {
 public:
  explicit Stage(Bug bug);
  Trial run(ByteView input);

 private:
  void act(const Step& step);
  void tell(codec::Message message, bool spoilt, const Step& step);
  void cut_or_mend(const Step& step);
  void greet(const Step& step);
  void speak_as_stranger(const Step& step);
  void lack_content(const Step& step);
  void answer_fsd(std::size_t node, const local::ToFsd& message);
  void publish(std::size_t node);
  void put_in(Bug bug);
  void check_work();
  void check_agreement();
  void fail(const std::string& what) {
    if (trial_.failure.empty()) trial_.failure = what;
  }
  [[nodiscard]] std::uint64_t bytes_to_liars();

  Bug bug_;
  sim::LightMesh mesh_;
  Tongue tongue_;
  std::vector<std::unique_ptr<Liar>> liars_;
  SimNetwork::Node stranger_;
  std::vector<Bytes> hoard_;
  bool answers_ = false, muted_ = false, cut_ = false;
  Step answering_;  // how
  std::uint64_t published_ = 0, frames_ = 0;
  Instant begun_{};
  std::uint64_t messages_before_ = 0, bytes_before_ = 0;
  std::size_t memory_before_ = 0;
  Trial trial_;
};

sim::Topology all_hear_all() {
  Rng rng(1);
  return sim::Topology::make("domain", kHonest, rng);
}

Stage::Stage(Bug bug) : bug_(bug), mesh_(all_hear_all(), kAir, 1, false), stranger_(mesh_.network().add_node()) {
  for (std::size_t node = 0; node < kHonest; ++node) {
    for (std::size_t i = 0; i < Tongue::kCommon; ++i) mesh_.fsd(node).give(all_records()[i]);
    mesh_.fsd(node).on_other = [this, node](const local::ToFsd& message) { answer_fsd(node, message); };
  }
  mesh_.network().connect(0, stranger_, kAir);
  const std::size_t liars = bug == Bug::crowd ? 8 : 1;
  for (std::size_t i = 0; i < liars; ++i) {
    const SimNetwork::Node number = mesh_.network().add_node();
    mesh_.network().connect(0, number, kAir);
    liars_.push_back(std::make_unique<Liar>(mesh_.network(), number, sim::fake_welcome("liar" + std::to_string(i)),
                                            Liar::Kind::told, i + 1));
    liars_.back()->heard = [this](const codec::Message& message) {
      tongue_.asked(message);
      if (!answers_) return;
      if (const auto answer = tongue_.answer(message, answering_)) tell(*answer, false, answering_);
    };
  }
  mesh_.start({});
  for (const auto& liar : liars_) liar->start();
  tongue_.look_at(mesh_.host(0).core().summaries());
  tongue_.speaks_as(liars_.front()->speaker());
  // In sync, as far as it says: so they hear of each other and make a session.
  for (const auto& liar : liars_) {
    liar->tell_frame(codec::FrameKind::beacon, codec::encode_beacon(tongue_.beacon({}, liar->speaker())));
  }
  mesh_.run(milliseconds(100));
}

// Contents: the victim holds those of even numbers, and all take in what is asked for and right.
void Stage::answer_fsd(std::size_t node, const local::ToFsd& message) {
  sim::SimHost& host = mesh_.host(node);
  if (const auto* get = std::get_if<local::GetBlobs>(&message)) {
    local::BlobsFound found{get->request, {}, {}};
    for (const Hash& hash : get->hashes) {
      const auto& all = all_blobs();
      const auto at = std::find_if(all.begin(), all.end(), [&](const SomeBlob& one) { return one.hash == hash; });
      if (at == all.end() || (at - all.begin()) % 2 == 1) {
        found.missing.push_back(hash);
        continue;
      }
      found.blobs.push_back({hash, codec::BlobKind::chunk, codec::BlobEncoding::plain,
                             static_cast<std::uint32_t>(at->bytes.size()), at->bytes});
    }
    host.to_syncd(std::move(found));
  } else if (const auto* put = std::get_if<local::PutBlobs>(&message)) {
    local::BlobsStored stored;
    for (const codec::Blob& blob : put->blobs) {
      const bool right = blob.encoding == codec::BlobEncoding::plain &&
                         crypto::hash_of({blob.data.data(), blob.data.size()}) == blob.hash;
      (right ? stored.stored : stored.refused).push_back(blob.hash);
    }
    host.to_syncd(std::move(stored));
  } else if (const auto* came = std::get_if<local::QuestionCame>(&message)) {
    host.to_syncd(local::QuestionJudged{came->request, true, std::nullopt});
  }
}

// --- the steps

void Stage::tell(codec::Message message, bool spoilt, const Step& step) {
  Bytes bytes = codec::encode_message(message);
  if (spoilt) {
    Rng rng = step.rng();
    for (std::uint64_t i = 1 + rng.below(3); i > 0; --i) {
      bytes[rng.below(bytes.size())] ^= static_cast<std::uint8_t>(1 + rng.below(255));
    }
    if (rng.percent(20)) bytes.resize(1 + rng.below(bytes.size() + 8));
  }
  for (const auto& liar : liars_) liar->tell_message(bytes);
}

void Stage::cut_or_mend(const Step& step) {
  // Victim to liar, honest to honest; both ways, or one.
  const std::size_t link = step.how[0] % kHonest;
  const SimNetwork::Node a = link == 0 ? liars_.front()->number() : static_cast<SimNetwork::Node>(link);
  const bool one_way = step.how[1] % 2 == 1, mend = step.how[2] % 2 == 1;
  SimNetwork& network = mesh_.network();
  cut_ |= link != 0 && !mend;
  mend ? network.mend(a, 0) : network.cut(a, 0);
  if (!one_way) mend ? network.mend(0, a) : network.cut(0, a);
}

void Stage::publish(std::size_t node) {
  mesh_.fsd(node).publish(sim::light_record(Tongue::kRecords + published_++, 20));
}

// Handshakes, comings and goings, replays.
void Stage::greet(const Step& step) {
  Liar& liar = *liars_.front();
  Rng rng = step.rng();
  if (step.how[0] % 4 == 0) return liar.leave();
  if (step.how[0] % 4 == 1) return liar.tell_again(step.how[1]);
  liar.tell_handshake(1 + step.how[2] % 6, testing::random_bytes(rng, 32 + step.how[3]));
}

void Stage::speak_as_stranger(const Step& step) {
  Rng rng = step.rng();
  const codec::FrameHeader header{static_cast<codec::FrameKind>(1 + step.how[0] % 5), step.how[1], step.how[2]};
  Bytes frame = codec::seal_shared(crypto::SivKey({}), header, testing::random_bytes(rng, step.how[3] * 4u));
  if (step.how[4] % 4 == 0) frame.resize(step.how[5]);
  (void)mesh_.network().link(stranger_, SimNetwork::Mode::datagram).send_all(frame);
}

// The victim does, from now on or no longer.
void Stage::lack_content(const Step& step) {
  const SomeBlob& blob = all_blobs()[step.how[0] % Tongue::kBlobs];
  local::NeedBlobs need;
  if (step.how[1] % 4 == 0) {
    need.no_longer.push_back(blob.hash);
  } else {
    need.needs.push_back({blob.hash, codec::BlobKind::chunk, blob.bytes.size()});
  }
  mesh_.host(0).to_syncd(std::move(need));
}

void Stage::act(const Step& step) {
  Duration wait = kStep;
  Liar& liar = *liars_.front();
  switch (step.what % 16) {
    case 0:
      wait = milliseconds(step.how[0]);
      break;
    case 1:
      wait = milliseconds(64 * step.how[0]);
      break;
    case 2:
    case 3:
      tell(tongue_.message(step), false, step);
      break;
    case 4:
      tell(tongue_.message(step), true, step);
      break;
    case 5:
      if (auto answer = tongue_.answer(step)) tell(std::move(*answer), step.how[6] == 1, step);
      break;
    case 6:
      answers_ = step.how[0] % 2 == 0;
      answering_ = step;
      break;
    case 7:
      tongue_.hold(step);
      break;
    case 8:
      liar.tell_frame(codec::FrameKind::beacon, codec::encode_beacon(tongue_.beacon(step, liar.speaker())));
      break;
    case 9:
      liar.tell_frame(codec::FrameKind::news, codec::encode_news(tongue_.news(step)));
      break;
    case 10:
      greet(step);
      break;
    case 11:
      speak_as_stranger(step);
      break;
    case 12:
      liar.tell_packet(codec::encode_packet(tongue_.packet(step)));
      break;
    case 13:
      cut_or_mend(step);
      break;
    case 14:
      publish(step.how[0] % kHonest);
      break;
    default:
      lack_content(step);
      break;
  }
  mesh_.run(wait);
}

// --- what must hold

std::uint64_t Stage::bytes_to_liars() {
  std::uint64_t sum = 0;
  for (const auto& liar : liars_) sum += mesh_.network().bytes_on(0, liar->number());
  return sum;
}

void Stage::check_work() {
  const double elapsed = static_cast<double>((mesh_.network().now() - begun_).ns) / 1e9;
  trial_.messages = mesh_.host(0).core().stats().messages_out - messages_before_;
  trial_.bytes = bytes_to_liars() - bytes_before_;
  trial_.said = liars_.front()->messages() + frames_;
  const auto allowed = [&](const Allowance& by) {
    return by.at_once + by.each * static_cast<double>(trial_.said) + by.per_second * elapsed;
  };
  if (static_cast<double>(trial_.messages) > allowed(kMessages)) fail("messages: too many for what was said");
  if (static_cast<double>(trial_.bytes) > allowed(kBytes)) fail("bytes: too many for what was said");
  const std::size_t now = live_bytes();
  if (now > memory_before_) trial_.memory = std::max(trial_.memory, now - memory_before_);
  if (trial_.memory > kMostMemory) fail("memory: grew beyond its limit");
}

void Stage::check_agreement() {
  for (std::size_t node = 0; node < kHonest; ++node) {
    for (std::size_t other = 0; other < kHonest; ++other) {
      if (node != other)
        mesh_.network().mend(static_cast<SimNetwork::Node>(node), static_cast<SimNetwork::Node>(other));
    }
  }
  answers_ = false;
  muted_ = bug_ == Bug::silence;
  const Duration limit = cut_ ? kAgreeAfterCuts : kAgreeAtOnce;
  const Instant from = mesh_.network().now();
  const std::uint64_t first = Tongue::kRecords + published_;
  for (std::size_t node = 0; node < kHonest; ++node) publish(node);
  const bool came = mesh_.run_until(
      [&] {
        for (std::size_t node = 0; node < kHonest; ++node) {
          for (std::uint64_t i = first; i < Tongue::kRecords + published_; ++i) {
            if (!mesh_.fsd(node).holds(crypto::hash_of(*sim::light_record(i, 20)))) return false;
          }
        }
        return true;
      },
      limit, milliseconds(5));
  trial_.agreed = mesh_.network().now() - from;
  if (!came) return fail("agree: news did not reach the honest in time");
  const bool equal = mesh_.run_until(
      [&] {
        const auto all = mesh_.host(0).core().summaries();
        for (std::size_t node = 1; node < kHonest; ++node) {
          if (mesh_.host(node).core().summaries() != all) return false;
        }
        return true;
      },
      kAgreeAfterCuts, milliseconds(100));
  if (!equal) fail("agree: the sets of the honest stay different");
}

void Stage::put_in(Bug bug) {
  if (bug == Bug::none || bug == Bug::crowd) return;
  mesh_.host(0).frame_filter = [this, bug](ByteView frame) {
    if (bug == Bug::hoards) hoard_.emplace_back(1 << 20);
    for (int i = 0; bug == Bug::echoes && i < 100; ++i) {
      (void)mesh_.network().link(0, SimNetwork::Mode::datagram).send_all(frame);
    }
    return !muted_;
  };
}

Trial Stage::run(ByteView input) {
  put_in(bug_);
  begun_ = mesh_.network().now();
  messages_before_ = mesh_.host(0).core().stats().messages_out;
  bytes_before_ = bytes_to_liars();
  memory_before_ = live_bytes();
  for (std::size_t i = 0; i < kMostSteps && input.size() >= Step::kBytes && trial_.failure.empty(); ++i) {
    Step step;
    step.what = input[0];
    std::copy_n(input.begin() + 1, step.how.size(), step.how.begin());
    input = input.subspan(Step::kBytes);
    ++frames_;
    tongue_.look_at(mesh_.host(0).core().summaries());
    act(step);
    check_work();
    if (mesh_.network().now() - begun_ > kMostTime) break;
  }
  if (trial_.failure.empty()) check_agreement();
  return trial_;
}

}  // namespace

Trial try_gossip(ByteView input, Bug bug) { return Stage(bug).run(input); }

}  // namespace meshfs::fuzz
