#include "tools/service/hook_run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "schema/os/fd.h"
#include "schema/os/loop.h"

namespace meshfs::service {
namespace {

constexpr std::size_t kMostSaid = 200;
constexpr Duration kLookForEnd =
    milliseconds(20);  // it may close its output long before it ends, or leave it to a child

[[noreturn]] void become_hook(const std::vector<std::string>& argv, int output) {
  (void)::setsid();
  sigset_t none;
  sigemptyset(&none);
  (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int input = ::open("/dev/null", O_RDONLY);
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  if (::chdir("/") != 0) ::_exit(127);
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execv(words[0], words.data());
  ::_exit(127);
}

// Reads what is there; keeps the first line. False: nothing more comes.
bool take_output(int pipe, std::string& said) {
  char buffer[4096];
  const ssize_t size = ::read(pipe, buffer, sizeof buffer);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (said.size() < kMostSaid && said.find('\n') == std::string::npos)
    said.append(buffer, static_cast<std::size_t>(size));
  return size > 0;
}

}  // namespace

HookAnswer run_hook(const std::vector<std::string>& argv, Duration timeout, int stop) {
  HookAnswer out;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return out;
  const os::Fd reading(ends[0]);
  os::Fd writing(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return out;
  if (child == 0) {
    (void)::fcntl(writing.get(), F_SETFL, 0);  // programs expect output that waits
    become_hook(argv, writing.get());
  }
  writing.reset();
  const Instant deadline = os::Loop::now() + timeout;
  std::string said;
  bool open = true;
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    pollfd waits[2] = {{stop, POLLIN, 0}, {open ? reading.get() : -1, POLLIN, 0}};
    (void)::poll(waits, 2, static_cast<int>(to_ms(kLookForEnd)));
    if (waits[1].revents != 0) open = take_output(reading.get(), said);
    const bool stopped = waits[0].revents != 0;
    if (!stopped && os::Loop::now() < deadline) continue;
    (void)::kill(-child, SIGKILL);
    (void)::kill(child, SIGKILL);  // it may not have come to setsid() yet
    (void)::waitpid(child, &status, 0);
    out.exit_code = stopped ? HookAnswer::kStopped : HookAnswer::kTimedOut;
    return out;
  }
  while (open && said.size() < kMostSaid && said.find('\n') == std::string::npos) {
    const std::size_t before = said.size();
    open = take_output(reading.get(), said);
    if (said.size() == before) break;
  }
  out.first_line = said.substr(0, std::min(said.find('\n'), kMostSaid));
  out.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return out;
}

std::string why_hook_failed(const HookAnswer& answer) {
  if (answer.exit_code == HookAnswer::kTimedOut)
    return "did not end within " + std::to_string(to_ms(kHookTimeout) / 1000) + " s";
  if (answer.exit_code == HookAnswer::kNotStarted) return "could not be started";
  if (answer.exit_code == HookAnswer::kStopped) return "was stopped with the service";
  if (answer.first_line.empty()) return "ended with code " + std::to_string(answer.exit_code);
  return "said: " + answer.first_line;
}

}  // namespace meshfs::service
