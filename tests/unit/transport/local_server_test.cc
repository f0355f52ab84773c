// fsd's server and syncd's connection, against each other and against what breaks the rules.
#include "fsd/os/local_server.h"

#include <gtest/gtest.h>

#include "syncd/os/fsd_connection.h"
#include "tests/unit/os/temporary_folder.h"

namespace meshfs {
namespace {

namespace local = codec::local;

class Server {
 public:
  explicit Server(os::Loop& loop, const std::string& path) {
    auto opened = fsd::LocalServer::open(
        loop, log_, path,
        {[this] {
           ++connected;
           local::Welcome welcome;
           welcome.node_name = "n1";
           welcome.network_name = "net";
           server->to_syncd(welcome);
         },
         [this] { ++gone; }, [this](const local::ToFsd& message) { from_syncd.push_back(message); },
         [this](fsd::LocalServer::ConnectionId tool, const local::Ask& ask) {
           asked.push_back(ask);
           server->answer(tool, {ask.request, Errc::invalid, true, "fine"});
         }});
    EXPECT_TRUE(opened.ok());
    server = std::move(*opened);
  }
  int connected = 0, gone = 0;
  std::vector<local::ToFsd> from_syncd;
  std::vector<local::Ask> asked;
  std::unique_ptr<fsd::LocalServer> server;

 private:
  os::Log log_{"server"};
};

// Speaks frames without any manners.
class RawClient {
 public:
  RawClient(os::Loop& loop, const std::string& path)
      : stream_(loop, std::move(*os::connect_local(path)), os::kLocalLimits,
                {[this](ByteView frame) { got.push_back(*local::decode_to_syncd(frame)); },
                 [this](const Error&) { closed = true; },
                 {}}) {}
  void send(const local::ToFsd& message) { EXPECT_TRUE(stream_.send(local::encode_to_fsd(message)).ok()); }
  void send_bytes(ByteView bytes) { EXPECT_TRUE(stream_.send(bytes).ok()); }
  [[nodiscard]] std::string refusal() const {
    const auto* answer = got.empty() ? nullptr : std::get_if<local::Answer>(&got.back());
    return answer != nullptr && !answer->ok ? answer->text : "";
  }
  std::vector<local::ToSyncd> got;
  bool closed = false;

 private:
  os::FrameStream stream_;
};

class LocalServerTest : public testing::Test {
 protected:
  template <class Done>
  bool wait(Done done, Duration limit = seconds(3)) {
    for (const Instant end = os::Loop::now() + limit; os::Loop::now() < end && !done();) loop.run_once(milliseconds(5));
    return done();
  }
  std::string path() { return folder.file("s"); }

  TemporaryFolder folder;
  os::Loop loop;
};

TEST_F(LocalServerTest, SyncdConnectsAndConnectsAgainAfterFsdCameBack) {
  os::Log log("syncd");
  std::vector<local::ToSyncd> got;
  int gone = 0;
  syncd::FsdConnection syncd(loop, log, path(),
                             {[&](local::ToSyncd message) { got.push_back(std::move(message)); }, [&] { ++gone; }});
  syncd.start(path());  // before there is an fsd
  auto fsd = std::make_unique<Server>(loop, path());
  ASSERT_TRUE(wait([&] { return got.size() == 1; }));
  EXPECT_EQ(std::get<local::Welcome>(got[0]).node_name, "n1");
  syncd.send(local::PeersReport{"{}"});
  ASSERT_TRUE(wait([&] { return fsd->from_syncd.size() == 1; }));
  EXPECT_EQ(std::get<local::PeersReport>(fsd->from_syncd[0]).json, "{}");

  fsd.reset();
  ASSERT_TRUE(wait([&] { return gone == 1; }));
  syncd.send(local::PeersReport{"dropped"});
  fsd = std::make_unique<Server>(loop, path());
  ASSERT_TRUE(wait([&] { return got.size() == 2; }));
  EXPECT_EQ(fsd->connected, 1);
  EXPECT_TRUE(fsd->from_syncd.empty());
}

TEST_F(LocalServerTest, ASecondSyncdIsRefusedWhileTheFirstLives) {
  Server fsd(loop, path());
  auto first = std::make_unique<RawClient>(loop, path());
  first->send(local::Hello{local::kLocalVersion, local::Role::syncd});
  ASSERT_TRUE(wait([&] { return first->got.size() == 1; }));
  RawClient second(loop, path());
  second.send(local::Hello{local::kLocalVersion, local::Role::syncd});
  ASSERT_TRUE(wait([&] { return second.closed; }));
  EXPECT_NE(second.refusal().find("another syncd"), std::string::npos);
  EXPECT_TRUE(fsd.server->has_syncd());
  first.reset();
  ASSERT_TRUE(wait([&] { return fsd.gone == 1; }));
  EXPECT_FALSE(fsd.server->has_syncd());
}

TEST_F(LocalServerTest, ToolsAskAndAreAnswered) {
  Server fsd(loop, path());
  RawClient tool(loop, path());
  tool.send(local::Hello{});
  tool.send(local::Ask{7, "status", ""});
  ASSERT_TRUE(wait([&] { return tool.got.size() == 1; }));
  const auto& answer = std::get<local::Answer>(tool.got[0]);
  EXPECT_EQ(answer.request, 7U);
  EXPECT_TRUE(answer.ok);
  EXPECT_EQ(answer.text, "fine");
  EXPECT_EQ(fsd.connected, 0);
}

TEST_F(LocalServerTest, BrokenRulesAreToldAndClosed) {
  Server fsd(loop, path());
  const local::Hello syncd{local::kLocalVersion, local::Role::syncd}, tool{};
  const struct {
    std::vector<local::ToFsd> messages;
    const char* told;
  } cases[] = {
      {{local::Hello{local::kLocalVersion + 1, local::Role::syncd}}, "version"},
      {{local::Ask{1, "status", ""}}, "hello first"},
      {{tool, tool}, "hello twice"},
      {{tool, local::PeersReport{"{}"}}, "only syncd"},
      {{syncd, local::Ask{1, "status", ""}}, "only tools"},
  };
  for (const auto& c : cases) {
    RawClient client(loop, path());
    for (const auto& message : c.messages) client.send(message);
    ASSERT_TRUE(wait([&] { return client.closed; })) << c.told;
    EXPECT_NE(client.refusal().find(c.told), std::string::npos) << client.refusal();
  }
  RawClient garbage(loop, path());
  const Bytes noise(1000, 0xa5);
  garbage.send_bytes(noise);
  ASSERT_TRUE(wait([&] { return garbage.closed; }));
  EXPECT_NE(garbage.refusal().find("no message"), std::string::npos);
  EXPECT_TRUE(fsd.from_syncd.empty());
  EXPECT_TRUE(fsd.asked.empty());
}

TEST_F(LocalServerTest, ASyncdThatDoesNotReadIsClosedAndFsdLivesOn) {
  Server fsd(loop, path());
  auto socket = os::connect_local(path());
  ASSERT_TRUE(socket.ok());
  {
    os::FrameStream hello(loop, os::Fd(::dup(socket->get())), os::kLocalLimits, {[](ByteView) {}, {}, {}});
    ASSERT_TRUE(hello.send(local::encode_to_fsd(local::Hello{local::kLocalVersion, local::Role::syncd})).ok());
  }
  ASSERT_TRUE(wait([&] { return fsd.connected == 1; }));
  codec::Blob blob;
  blob.data = Bytes(codec::kMaxChunkBytes, 0x5a);  // zeros would pack to nothing
  blob.plain_size = codec::kMaxChunkBytes;
  const local::BlobsFound found{1, std::vector<codec::Blob>(8, blob), {}};
  for (int i = 0; i < 200 && fsd.gone == 0; ++i) {
    fsd.server->to_syncd(found);
    loop.run_once(milliseconds(0));
  }
  EXPECT_EQ(fsd.gone, 1);
  EXPECT_FALSE(fsd.server->has_syncd());
}

}  // namespace
}  // namespace meshfs
