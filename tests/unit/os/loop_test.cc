// schema/os: the event loop.
#include "schema/os/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <csignal>
#include <thread>

namespace meshfs::os {
namespace {

struct Pair {
  Fd a, b;
  Pair() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    a = Fd(ends[0]);
    b = Fd(ends[1]);
  }
};

TEST(Loop, TimersRunInOrderOfTimeAndCancelledOnesDoNot) {
  Loop loop;
  std::string order;
  const Instant start = Loop::now();
  loop.at(start + milliseconds(20), [&] {
    order += 'b';
    loop.stop();
  });
  loop.at(start + milliseconds(10), [&] { order += 'a'; });
  const auto never = loop.at(start + milliseconds(15), [&] { order += 'x'; });
  loop.cancel(never);
  loop.cancel(never);
  loop.run();
  EXPECT_EQ(order, "ab");
  EXPECT_GE(Loop::now() - start, milliseconds(20));
}

TEST(Loop, PostWakesItFromAnotherThread) {
  Loop loop;
  std::thread::id ran_on;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) loop.post([] {});
    loop.post([&] {
      ran_on = std::this_thread::get_id();
      loop.stop();
    });
  });
  loop.run();
  other.join();
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(Loop, TurnEndWorkRunsOnceAfterTheEventsOfATurn) {
  Loop loop;
  std::string order;
  loop.post([&] {
    loop.at_turn_end([&] {
      order += "end1 ";
      loop.at_turn_end([&] { order += "end2 "; });
    });
    order += "first ";
  });
  loop.post([&] { order += "second "; });
  loop.run_once(milliseconds(100));
  EXPECT_EQ(order, "first second end1 end2 ");
  loop.run_once(milliseconds(1));
  EXPECT_EQ(order, "first second end1 end2 ");
}

TEST(Loop, AWatchRemovedInTheSameTurnIsNotCalled) {
  Loop loop;
  Pair one, two;
  int calls = 0;
  const auto stop_both = [&](unsigned) {
    ++calls;
    loop.unwatch(one.a.get());
    loop.unwatch(two.a.get());
  };
  loop.watch(one.a.get(), Loop::kReadable, stop_both);
  loop.watch(two.a.get(), Loop::kReadable, stop_both);
  ASSERT_EQ(::write(one.b.get(), "x", 1), 1);
  ASSERT_EQ(::write(two.b.get(), "x", 1), 1);
  loop.run_once(milliseconds(100));
  loop.run_once(milliseconds(1));
  EXPECT_EQ(calls, 1);
}

TEST(Loop, HangUpIsReported) {
  Loop loop;
  Pair pair;
  unsigned seen = 0;
  loop.watch(pair.a.get(), Loop::kReadable, [&](unsigned events) {
    seen = events;
    loop.unwatch(pair.a.get());
  });
  pair.b.reset();
  loop.run_once(milliseconds(100));
  EXPECT_NE(seen & Loop::kReadable, 0U);
}

TEST(Loop, TerminationSignalsAreCallbacks) {
  Loop loop;
  bool asked = false;
  loop.on_terminate([&] { asked = true; });
  ASSERT_EQ(::raise(SIGTERM), 0);
  loop.run_once(milliseconds(100));
  EXPECT_TRUE(asked);
}

}  // namespace
}  // namespace meshfs::os
