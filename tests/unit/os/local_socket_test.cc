// schema/os: frames over streams, and the local socket's life.
#include "schema/os/local_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "schema/vocab/rng.h"
#include "tests/unit/os/temporary_folder.h"

namespace meshfs::os {
namespace {

Bytes some_bytes(std::size_t size, std::uint64_t seed) {
  Rng rng(seed);
  Bytes out(size);
  for (auto& b : out) b = static_cast<std::uint8_t>(rng.next());
  return out;
}

struct Ends {
  Loop loop;
  std::vector<Bytes> got;
  std::optional<Error> closed;
  int rooms = 0;
  std::unique_ptr<FrameStream> stream;  // the end under test
  Fd peer;                              // the raw other end

  explicit Ends(FrameStream::Limits limits = kLocalLimits) {
    int pair[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    peer = Fd(pair[1]);
    stream = std::make_unique<FrameStream>(
        loop, Fd(pair[0]), limits,
        FrameStream::Events{[this](ByteView frame) { got.push_back(copy_of(frame)); },
                            [this](const Error& why) { closed = why; }, [this] { ++rooms; }});
  }
  void write_raw(ByteView bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::write(peer.get(), bytes.data(), bytes.size());
      if (n > 0) bytes = bytes.subspan(static_cast<std::size_t>(n));
      loop.run_once(milliseconds(1));
      if (closed) return;
    }
  }
  Bytes read_raw(std::size_t size) {
    Bytes out;
    for (int i = 0; i < 2000 && out.size() < size; ++i) {
      loop.run_once(milliseconds(1));
      std::uint8_t buffer[65536];
      const ssize_t n = ::read(peer.get(), buffer, sizeof buffer);
      if (n > 0) out.insert(out.end(), buffer, buffer + n);
    }
    return out;
  }
};

Bytes framed(const std::vector<Bytes>& frames) {
  Bytes out;
  for (const auto& frame : frames) {
    for (unsigned shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::uint8_t>(frame.size() >> shift));
    out.insert(out.end(), frame.begin(), frame.end());
  }
  return out;
}

TEST(FrameStream, AnyCutOfTheBytesGivesTheSameFrames) {
  const std::vector<Bytes> frames{some_bytes(0, 1),     some_bytes(1, 2),       some_bytes(5, 3),
                                  some_bytes(70000, 4), some_bytes(900'000, 5), some_bytes(3, 6)};
  const Bytes raw = framed(frames);
  Rng rng(7);
  for (int round = 0; round < 20; ++round) {
    Ends ends;
    for (std::size_t at = 0; at < raw.size();) {
      const std::size_t piece = std::min<std::size_t>(1 + rng.below(round < 10 ? 9 : 300'000), raw.size() - at);
      // Tiny pieces only around the lengths: a million one-byte turns would prove nothing more.
      const std::size_t size =
          round < 10 && at > 100 && at + 100 < raw.size() ? std::min<std::size_t>(40'009, raw.size() - at) : piece;
      ends.write_raw(ByteView(raw).subspan(at, size));
      at += size;
    }
    for (int i = 0; i < 50 && ends.got.size() < frames.size(); ++i) ends.loop.run_once(milliseconds(1));
    ASSERT_EQ(ends.got, frames);
  }
}

TEST(FrameStream, SendsWhatItWasGivenAndNothingElse) {
  Ends ends;
  std::vector<Bytes> frames;
  for (std::size_t i = 0; i < 300; ++i) frames.push_back(some_bytes((i * i * 37) % 9000, i));
  frames.push_back(some_bytes(1024 * 1024, 99));
  for (const auto& frame : frames) ASSERT_TRUE(ends.stream->send(frame).ok());
  const Bytes expected = framed(frames);
  EXPECT_EQ(ends.read_raw(expected.size()), expected);
}

TEST(FrameStream, LargeFramesGivenWholeAreTakenAndStayInOrder) {
  Ends ends;
  const std::vector<Bytes> frames{some_bytes(10, 1),     some_bytes(300'000, 2), some_bytes(20, 3),
                                  some_bytes(16'384, 4), some_bytes(0, 5),       some_bytes(16'383, 6)};
  for (const Bytes& frame : frames) {
    Bytes given = frame;
    ASSERT_TRUE(ends.stream->send_whole(given));
    EXPECT_EQ(given.empty(), frame.size() >= 16'384 || frame.empty()) << frame.size();
  }
  const Bytes expected = framed(frames);
  EXPECT_EQ(ends.read_raw(expected.size()), expected);
}

TEST(FrameStream, ARefusedWholeFrameStaysWithItsOwner) {
  Ends ends({100'000, 100'000, 150'000});
  Bytes frame = some_bytes(100'000, 1);
  while (ends.stream->send(frame)) {
  }
  ASSERT_EQ(ends.stream->send_whole(frame).code(), Errc::no_space);
  EXPECT_EQ(frame, some_bytes(100'000, 1));
  Bytes too_large(100'001);
  EXPECT_EQ(ends.stream->send_whole(too_large).code(), Errc::too_large);
  EXPECT_EQ(too_large.size(), 100'001u);
}

TEST(FrameStream, AFullQueueSaysNoSpaceAndThenRoom) {
  Ends ends({1000, 100'000, 400'000});
  EXPECT_EQ(ends.stream->send(Bytes(100'001)).code(), Errc::too_large);
  std::size_t taken = 0;
  Status last;
  while ((last = ends.stream->send(Bytes(50'000))).ok()) ++taken;
  EXPECT_EQ(last.code(), Errc::no_space);
  EXPECT_EQ(ends.rooms, 0);
  const Bytes all = ends.read_raw(taken * 50'004);
  EXPECT_EQ(all.size(), taken * 50'004);
  EXPECT_EQ(ends.rooms, 1);
  EXPECT_TRUE(ends.stream->send(Bytes(50'000)).ok());
}

TEST(FrameStream, AStrangersLargeFirstFrameIsRefused) {
  Ends ends({1280, 100'000, 400'000});
  ends.write_raw(framed({Bytes(1281)}));
  ends.loop.run_once(milliseconds(10));
  ASSERT_TRUE(ends.closed.has_value());
  EXPECT_EQ(ends.closed->code, Errc::too_large);
  EXPECT_TRUE(ends.got.empty());
}

TEST(FrameStream, LaterFramesMayBeLarger) {
  Ends ends({1280, 100'000, 400'000});
  ends.write_raw(framed({Bytes(1280), Bytes(100'000), Bytes(100'001)}));
  for (int i = 0; i < 10; ++i) ends.loop.run_once(milliseconds(1));
  EXPECT_EQ(ends.got.size(), 2U);
  ASSERT_TRUE(ends.closed.has_value());
  EXPECT_EQ(ends.closed->code, Errc::too_large);
}

TEST(FrameStream, ThePeersEndIsReportedOnce) {
  Ends ends;
  ends.peer.reset();
  ASSERT_TRUE(ends.stream->send(Bytes(10)).ok());
  for (int i = 0; i < 5; ++i) ends.loop.run_once(milliseconds(1));
  ASSERT_TRUE(ends.closed.has_value());
  EXPECT_EQ(ends.closed->code, Errc::closed);
  EXPECT_EQ(ends.stream->send(Bytes(10)).code(), Errc::closed);
}

TEST(FrameStream, MayBeDestroyedByItsOwnFrame) {
  Ends ends;
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
  int frames = 0;
  std::unique_ptr<FrameStream> doomed;
  doomed = std::make_unique<FrameStream>(ends.loop, Fd(pair[0]), kLocalLimits,
                                         FrameStream::Events{[&](ByteView) {
                                                               ++frames;
                                                               doomed.reset();
                                                             },
                                                             [](const Error&) { FAIL(); },
                                                             {}});
  const Bytes raw = framed({Bytes(3), Bytes(4)});
  Fd other(pair[1]);
  ASSERT_EQ(::write(other.get(), raw.data(), raw.size()), static_cast<ssize_t>(raw.size()));
  ends.loop.run_once(milliseconds(10));
  EXPECT_EQ(frames, 1);
}

TEST(LocalSocket, ConnectsAndCarriesFramesWithModeOwnerOnly) {
  TemporaryFolder folder;
  Loop loop;
  std::unique_ptr<FrameStream> served;
  std::vector<Bytes> got;
  auto listener = LocalListener::open(loop, folder.file("s"), [&](Fd connection) {
    served = std::make_unique<FrameStream>(
        loop, std::move(connection), kLocalLimits,
        FrameStream::Events{[&](ByteView frame) { got.push_back(copy_of(frame)); }, {}, {}});
  });
  ASSERT_TRUE(listener.ok());
  struct stat info {};
  ASSERT_EQ(::stat(folder.file("s").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  auto connection = connect_local(folder.file("s"));
  ASSERT_TRUE(connection.ok());
  FrameStream client(loop, std::move(*connection), kLocalLimits, {[](ByteView) {}, {}, {}});
  ASSERT_TRUE(client.send(some_bytes(1000, 1)).ok());
  for (int i = 0; i < 10 && got.empty(); ++i) loop.run_once(milliseconds(5));
  EXPECT_EQ(got, std::vector<Bytes>{some_bytes(1000, 1)});
}

TEST(LocalSocket, ALiveDaemonIsBusyAndADeadOnesFileIsReplaced) {
  TemporaryFolder folder;
  Loop loop;
  const std::string path = folder.file("s");
  {
    auto first = LocalListener::open(loop, path, [](Fd) {});
    ASSERT_TRUE(first.ok());
    auto second = LocalListener::open(loop, path, [](Fd) {});
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.code(), Errc::busy);
    EXPECT_NE(second.failure().message.find("already listens"), std::string::npos);
    ASSERT_TRUE(connect_local(path).ok()) << "the refused daemon must not remove the live one's file";
    ASSERT_EQ(::link(path.c_str(), folder.file("dead").c_str()), 0);
  }
  EXPECT_EQ(connect_local(path).code(), Errc::not_found);
  EXPECT_EQ(connect_local(folder.file("dead")).code(), Errc::closed);
  EXPECT_TRUE(LocalListener::open(loop, folder.file("dead"), [](Fd) {}).ok());
}

TEST(LocalSocket, WrongPathsGetOneClearSentence) {
  TemporaryFolder folder;
  Loop loop;
  const auto too_long = LocalListener::open(loop, folder.file(std::string(120, 'x')), [](Fd) {});
  EXPECT_EQ(too_long.code(), Errc::name_too_long);
  EXPECT_NE(too_long.failure().message.find("107"), std::string::npos);
  EXPECT_EQ(LocalListener::open(loop, folder.file("no/such"), [](Fd) {}).code(), Errc::internal);
  Fd file(::open(folder.file("file").c_str(), O_CREAT | O_WRONLY, 0600));
  EXPECT_EQ(LocalListener::open(loop, folder.file("file"), [](Fd) {}).code(), Errc::exists);
  EXPECT_EQ(::unlink(folder.file("file").c_str()), 0);
}

}  // namespace
}  // namespace meshfs::os
