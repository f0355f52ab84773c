// syncd's parts at work under its own list of calls: what it does all day must not end it.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <unistd.h>

#include "schema/os/file_fence.h"
#include "schema/os/idle_memory.h"
#include "schema/os/local_socket.h"
#include "schema/os/privileges.h"
#include "schema/os/sanitized.h"
#include "syncd/os/confinement.h"
#include "syncd/os/link_table.h"
#include "tests/unit/confined/child.h"
#include "transport/tcp/tcp_link.h"
#include "transport/udp/udp_link.h"

namespace meshfs {
namespace {

using transport::TcpLink;
using transport::UdpLink;

constexpr int kFailed = 99;

bool confined() {
  return os::keep_capabilities(0) && os::fence_files({}) >= 0 && syncd::allow_only_what_syncd_needs() == nullptr;
}

// Runs `loop` until `done`, at most for three seconds.
template <class Done>
bool wait(os::Loop& loop, const Done& done) {
  for (const Instant end = os::Loop::now() + seconds(3); os::Loop::now() < end && !done();)
    loop.run_once(milliseconds(5));
  return done();
}

// Streams by name: the process that looks names up was forked before and reads files; here none could be read.
int stream_by_name(const std::string& host, bool forked) {
  os::Log log("test");
  transport::HostLookup lookup;
  if (forked) lookup = transport::HostLookup::fork(syncd::confine_lookups, "12345");
  os::Loop loop;
  auto near = TcpLink::open(loop, log, {.port = 0, .listen = false, .lookup = &lookup});
  auto far = TcpLink::open(loop, log, {.port = 0});
  if (!near || !far) return kFailed;
  int up = 0, gone = 0, frames = 0;
  (*near)->set_events(
      {{}, [&](const transport::LinkAddress&) { ++up; }, [&](const transport::LinkAddress&) { ++gone; }, {}});
  (*far)->set_events({[&](const transport::LinkAddress&, ByteView) { ++frames; }, {}, {}, {}});
  if (!confined()) return kFailed;
  const auto peer = *TcpLink::parse_peer(host + ":" + std::to_string((*far)->port()));
  (*near)->connect(peer);
  if (!wait(loop, [&] { return up + gone == 1; }) || gone == 1) return 1;
  const std::uint8_t word[] = {1, 2, 3};
  if (!(*near)->send(peer, word)) return 2;
  return wait(loop, [&] { return frames == 1; }) ? 0 : 3;
}

TEST(ConfinedSyncd, StreamsToPeersByNameAndByAddress) {
  if (os::kSanitized) GTEST_SKIP() << "built with a sanitizer";
  EXPECT_EQ(in_child([] { return stream_by_name("localhost", true); }).code, 0);
  EXPECT_EQ(in_child([] { return stream_by_name("127.0.0.1", true); }).code, 0);
  EXPECT_EQ(in_child([] { return stream_by_name("no-such-host.invalid", true); }).code, 1);
  // Without that process the list ends it: the test above shows something.
  EXPECT_EQ(in_child([] { return stream_by_name("localhost", false); }).code, syncd::kEndedBySandbox);
}

TEST(ConfinedSyncd, DatagramsOnInterfacesThatComeLater) {
  if (os::kSanitized) GTEST_SKIP() << "built with a sanitizer";
  const Outcome outcome = in_child([] {
    os::Log log("test");
    os::Loop loop;
    if (!confined()) return kFailed;
    // Opened inside: as for an interface that came just now.
    auto a = UdpLink::open(loop, log, {.interface = "lo", .port = 38'611});
    auto b = UdpLink::open(loop, log, {.interface = "lo", .port = 38'611});
    if (!a || !b) return 1;
    int frames = 0;
    (*b)->set_events({[&](const transport::LinkAddress&, ByteView) { ++frames; }, {}, {}, {}});
    const std::uint8_t word[] = {1, 2, 3};
    if (!(*a)->send_all(word)) return 2;
    if (!wait(loop, [&] { return frames == 1; })) return 3;
    syncd::multicast_interfaces();
    char name[IF_NAMESIZE];
    return ::if_indextoname(1, name) != nullptr ? 0 : 4;
  });
  EXPECT_EQ(outcome.code, 0) << outcome.said;
}

TEST(ConfinedSyncd, MemoryTimersWorkOfOtherTurnsAndLogLines) {
  if (os::kSanitized) GTEST_SKIP() << "built with a sanitizer";
  const Outcome outcome = in_child([] {
    os::keep_working_memory();
    const os::Log log("test");
    os::Loop loop;
    if (!confined()) return kFailed;
    int turns = 0;
    std::vector<Bytes> blocks;
    loop.after(milliseconds(1), [&] {
      for (std::size_t size = 1'000; size < 64'000'000; size *= 3) blocks.emplace_back(size, std::uint8_t{1});
      for (Bytes& block : blocks) block.resize(block.size() * 2);
      blocks.clear();
      os::return_free_memory();
      log.info("a line");
      loop.post([&] { loop.at_turn_end([&] { ++turns; }); });
    });
    wait(loop, [&] { return turns == 1; });
    return turns == 1 ? 0 : 1;
  });
  EXPECT_EQ(outcome.code, 0) << outcome.said;
  EXPECT_EQ(outcome.said, "test: a line\n");
}

TEST(ConfinedSyncd, ABrokenInvariantStillSaysSo) {
  if (os::kSanitized) GTEST_SKIP() << "built with a sanitizer";
  const Outcome outcome = in_child([] {
    if (!confined()) return kFailed;
    CHECK(::getpid() < 0);
    return 0;
  });
  EXPECT_EQ(outcome.code, 128 + SIGABRT);
  EXPECT_NE(outcome.said.find("broken invariant"), std::string::npos) << outcome.said;
}

}  // namespace
}  // namespace meshfs
