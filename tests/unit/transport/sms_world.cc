#include "tests/unit/transport/sms_world.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace meshfs::transport::contract {
namespace {

std::string program(const std::string& name) { return MESHFS_SOURCE "/tests/netns/" + name; }

// Starts it and waits for its first line.
pid_t start(std::vector<std::string> words) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  char line[8] = {};
  EXPECT_GT(::read(ends[0], line, sizeof line), 0) << "sms-engine did not start; it needs python3";
  ::close(ends[0]);
  return child;
}

}  // namespace

SmsWorld::SmsWorld(std::string engine, bool open_all, double torn) : engine_(std::move(engine)) {
  char folder[] = "/tmp/meshfs-sms-XXXXXX";
  EXPECT_NE(::mkdtemp(folder), nullptr);
  folder_ = folder;
  std::vector<std::string> words{program("sms-engine"),
                                 "--child",
                                 "--engine",
                                 engine_,
                                 "--delay",
                                 "0.05",
                                 "--rate",
                                 "200000",
                                 "--forget",
                                 "1",
                                 "--link",
                                 "0-1",
                                 "--link",
                                 "1-2",
                                 "--log",
                                 folder_ + "/log",
                                 "--torn",
                                 std::to_string(torn)};
  for (std::size_t i = 0; i < kNodes; ++i) words.insert(words.end(), {"--dir", dir(i)});
  daemon_ = start(words);
  for (std::size_t i = 0; i < kNodes && open_all; ++i) open(i);
}

SmsWorld::~SmsWorld() {
  for (auto& bulletin : bulletins_) bulletin.reset();
  if (daemon_ > 0) {
    ::kill(daemon_, SIGKILL);
    ::waitpid(daemon_, nullptr, 0);
  }
  std::filesystem::remove_all(folder_);
}

void SmsWorld::open(std::size_t i) {
  auto opened = SmsFolder::open(loop_, log_, config(i));
  ASSERT_TRUE(opened.ok());
  bulletins_.at(i) = std::move(*opened);
}

SmsFolder::Config SmsWorld::config(std::size_t i) const {
  SmsFolder::Config out;
  out.engine = engine_;
  out.runtime_dir = dir(i);
  out.client = program(engine_);
  out.times = {milliseconds(100), milliseconds(500), seconds(1), seconds(1), milliseconds(200), seconds(1)};
  return out;
}

void SmsWorld::run_for(Duration time) {
  const Instant end = os::Loop::now() + time;
  for (Instant now = os::Loop::now(); now < end; now = os::Loop::now()) loop_.run_once(end - now);
}

void SmsWorld::tell(std::size_t i, const std::string& word) {
  const std::string command = program(engine_) + " runtimeDir=" + dir(i) + " -c " + word;
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
}

void write_file(const std::string& path, ByteView bytes) { std::ofstream(path, std::ios::binary) << as_text(bytes); }

Bytes file_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

}  // namespace meshfs::transport::contract
