// Users and capabilities, and who may be what on fsd's socket.
#include "schema/os/privileges.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fsd/os/local_server.h"
#include "schema/os/local_socket.h"
#include "tests/unit/confined/child.h"
#include "tests/unit/os/temporary_folder.h"

namespace meshfs {
namespace {

namespace local = codec::local;

constexpr int kFailed = 99;

// The lower 32 capabilities in force, and the rest in one bit more.
std::uint64_t in_force() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (::syscall(SYS_capget, &header, sets) != 0) return ~std::uint64_t{0};
  return (sets[0].effective | sets[0].permitted) | std::uint64_t{sets[1].effective | sets[1].permitted} << 32;
}

TEST(Accounts, ByNameByNumberAndByDefault) {
  EXPECT_EQ(os::syncd_account("root")->user, 0U);
  EXPECT_EQ(os::syncd_account("12345")->user, 12345U);
  EXPECT_EQ(os::syncd_account("12345")->group, 12345U);
  for (const char* wrong : {"no-such-user-here", "123x", "-1", "99999999999"}) {
    EXPECT_FALSE(os::syncd_account(wrong)) << wrong;
  }
  const auto usual = os::syncd_account("");
  ASSERT_TRUE(usual);
  EXPECT_NE(usual->user, 0U);
}

TEST(Privileges, AnotherUserWithoutGroupsAndPowers) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  EXPECT_NE(in_child([] { return in_force() == 0 ? 0 : 1; }).code, 0) << "root has none: this shows nothing";
  const Outcome became = in_child([] {
    if (!os::become({12345, 23456})) return kFailed;
    uid_t real = 0, effective = 0, saved = 0;
    if (::getresuid(&real, &effective, &saved) != 0 || real != 12345 || effective != 12345 || saved != 12345) return 1;
    gid_t groups[3];
    if (::getgroups(3, groups) != 0 || ::getegid() != 23456) return 2;
    if (in_force() != 0) return 3;
    return ::setuid(0) == 0 ? 4 : 0;
  });
  EXPECT_EQ(became.code, 0);
}

TEST(Privileges, FewCapabilitiesStay) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const Outcome kept = in_child([] {
    if (!os::keep_capabilities(os::capabilities({CAP_DAC_OVERRIDE, CAP_SYS_ADMIN}))) return kFailed;
    const std::uint64_t wanted = 1U << CAP_DAC_OVERRIDE | 1U << CAP_SYS_ADMIN;
    if (in_force() != wanted) return 1;
    if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 2;
    if (!os::keep_capabilities(os::capabilities({CAP_NET_RAW, CAP_SYS_ADMIN}))) return 3;
    return in_force() == 1U << CAP_SYS_ADMIN ? 0 : 4;  // nothing comes back
  });
  EXPECT_EQ(kept.code, 0);
}

// --- fsd's socket ---

constexpr os::Account kSyncd{12345, 23456};

class SocketOfFsd : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be others";
    ASSERT_EQ(::chmod(folder_.file("").c_str(), 0711), 0);
    auto opened = fsd::LocalServer::open(loop_, log_, folder_.file("s"),
                                         {[this] { server_->to_syncd(local::Welcome{}); },
                                          {},
                                          {},
                                          [this](fsd::LocalServer::ConnectionId tool, const local::Ask& ask) {
                                            server_->answer(tool, {ask.request, Errc::invalid, true, "answered"});
                                          }},
                                         kSyncd);
    ASSERT_TRUE(opened.ok());
    server_ = std::move(*opened);
  }

  // What `account` hears first when it says hello in `role` and, as a tool, asks: "connects", "answered" or a refusal.
  std::string hears(os::Account account, local::Role role) {
    Outcome outcome;
    const std::string path = folder_.file("s");
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) ::_exit(speak(account, role, path, ends[1]));
    ::close(ends[1]);
    std::string heard;
    loop_.watch(ends[0], os::Loop::kReadable, [&](unsigned) {
      char buffer[512];
      const ssize_t n = ::read(ends[0], buffer, sizeof buffer);
      if (n > 0) return static_cast<void>(heard.append(buffer, static_cast<std::size_t>(n)));
      loop_.unwatch(ends[0]);
      loop_.stop();
    });
    loop_.run();
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    return heard;
  }

  static int speak(os::Account account, local::Role role, const std::string& path, int out) {
    const auto say = [&](const std::string& text) { return ::write(out, text.data(), text.size()) < 0 ? 1 : 0; };
    if (account.user != 0 && !os::become(account)) return say("can't become that user");
    const auto socket = os::connect_local(path);
    if (!socket) return say("no way in");
    os::Loop loop;
    std::string heard = "turned away";
    os::FrameStream stream(loop, os::Fd(::dup(socket->get())), os::kLocalLimits,
                           {[&](ByteView frame) {
                              const auto message = local::decode_to_syncd(frame);
                              const auto* answer = message ? std::get_if<local::Answer>(&*message) : nullptr;
                              heard = answer != nullptr ? answer->text : "welcome";
                              loop.stop();
                            },
                            [&](const Error&) { loop.stop(); },
                            {}});
    const Status greeted = stream.send(local::encode_to_fsd(local::Hello{local::kLocalVersion, role}));
    if (role != local::Role::syncd && greeted) {
      static_cast<void>(stream.send(local::encode_to_fsd(local::Ask{1, "status", ""})).ok());
    }
    loop.run();
    return say(heard);
  }

  TemporaryFolder folder_;
  os::Loop loop_;
  os::Log log_{"fsd"};
  std::unique_ptr<fsd::LocalServer> server_;
};

TEST_F(SocketOfFsd, RootMayBeWhatItLikes) {
  EXPECT_EQ(hears({0, 0}, local::Role::tool), "answered");
  EXPECT_EQ(hears({0, 0}, local::Role::syncd), "welcome");
}

TEST_F(SocketOfFsd, SyncdMayBeSyncdAndNoTool) {
  EXPECT_EQ(hears(kSyncd, local::Role::syncd), "welcome");
  EXPECT_EQ(hears(kSyncd, local::Role::tool), "the user of syncd may not be a tool");
}

TEST_F(SocketOfFsd, StrangersHaveNoWayIn) {
  EXPECT_EQ(hears({12346, 12346}, local::Role::syncd), "no way in");
  EXPECT_EQ(hears({12346, 12346}, local::Role::tool), "no way in");
  // One of syncd's group: the file lets it connect, its user does not.
  EXPECT_EQ(hears({12346, kSyncd.group}, local::Role::syncd), "turned away");
  struct stat info {};
  ASSERT_EQ(::stat(folder_.file("s").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0660U);
  EXPECT_EQ(info.st_gid, kSyncd.group);
}

}  // namespace
}  // namespace meshfs
