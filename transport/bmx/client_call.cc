#include "transport/bmx/client_call.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace meshfs::transport {
namespace {

constexpr Duration kLookEvery = milliseconds(20);  // between the end of the output and that of the program

// Starts it with nothing to read and `output` for all that it says. errno, 0 if it runs.
int spawn(std::vector<std::string>& command, int output, pid_t& child) {
  std::vector<char*> argv;
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  if (::posix_spawn_file_actions_init(&files) != 0) return ENOMEM;
  if (::posix_spawnattr_init(&attributes) != 0) {
    ::posix_spawn_file_actions_destroy(&files);
    return ENOMEM;
  }
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);  // the loop blocks SIGTERM, which would be inherited
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  const int failure = ::posix_spawnp(&child, argv[0], &files, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&files);
  return failure;
}

}  // namespace

void ClientCall::start(std::vector<std::string> command, OnDone on_done) {
  drop();
  on_done_ = std::move(on_done);
  outcome_ = {};
  int ends[2] = {-1, -1};
  outcome_.not_started = ::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0 ? errno : 0;
  output_ = os::Fd(ends[0]);
  const os::Fd writer(ends[1]);
  if (outcome_.not_started == 0) {
    // Its end is no different from that of a terminal: programs expect that they may wait there.
    (void)::fcntl(writer.get(), F_SETFL, 0);
    outcome_.not_started = spawn(command, writer.get(), child_);
  }
  if (outcome_.not_started != 0) {
    child_ = -1;
    look_ = loop_.after({}, [this] { finish(); });
    return;
  }
  loop_.watch(output_.get(), os::Loop::kReadable, [this](unsigned) { read_output(); });
  limit_ = loop_.after(kPatience, [this] {
    outcome_.timed_out = true;
    ::kill(child_, SIGKILL);
    look_for_end();
  });
}

void ClientCall::read_output() {
  char bytes[1024];
  const ssize_t got = ::read(output_.get(), bytes, sizeof bytes);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return look_for_end();
  const std::size_t room = kMostOutput - outcome_.output.size();
  outcome_.output.append(bytes, std::min(room, static_cast<std::size_t>(got)));
}

void ClientCall::look_for_end() {
  if (output_) loop_.unwatch(output_.get());
  output_.reset();
  loop_.cancel(look_);
  int status = 0;
  const pid_t ended = ::waitpid(child_, &status, WNOHANG);
  if (ended == 0) {
    look_ = loop_.after(kLookEvery, [this] { look_for_end(); });
    return;
  }
  // Where the process ignores SIGCHLD nobody knows the code; what the program said is there all the same.
  if (ended == child_) outcome_.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  child_ = -1;
  finish();
}

void ClientCall::finish() {
  loop_.cancel(limit_);
  const OnDone done = std::exchange(on_done_, nullptr);
  const Outcome outcome = std::move(outcome_);
  done(outcome);  // may start the next one
}

void ClientCall::drop() {
  loop_.cancel(limit_);
  loop_.cancel(look_);
  if (output_) loop_.unwatch(output_.get());
  output_.reset();
  if (child_ > 0) {
    ::kill(child_, SIGKILL);
    (void)::waitpid(child_, nullptr, 0);  // killed: at once
  }
  child_ = -1;
  on_done_ = nullptr;
}

}  // namespace meshfs::transport
