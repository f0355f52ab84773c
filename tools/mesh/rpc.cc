// mesh rpc: the commands of the command line for programs, as JSON-RPC 2.0 on standard input and output, one object per line. Who
// waits for results holds up nobody: others are answered meanwhile.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "tools/mesh/commands.h"
#include "tools/mesh/rpc_methods.h"

namespace meshfs::tools {
namespace {

constexpr std::size_t kMaxWaiting = 64;  // runs that wait for results; one more is refused

class RpcServer {
 public:
  explicit RpcServer(const Arguments& arguments)
      : arguments_(arguments), session_([this](RpcTicket ticket, const std::string& name, const Json& params) {
          return call(ticket, name, params);
        }) {}

  Exit serve() {
    while (is_open_ || !waits_.empty()) {
      std::array<pollfd, 2> watched{pollfd{is_open_ ? STDIN_FILENO : -1, POLLIN, 0}, pollfd{STDOUT_FILENO, 0, 0}};
      wait(watched);
      if ((watched[1].revents & (POLLERR | POLLHUP)) != 0) return Exit::failed;  // who asked has gone
      if (watched[0].revents != 0 && !read_some())
        return complain(Exit::failed, "Can't read what is asked on standard input.");
      look_at_waits();
      if (!writes_) return Exit::failed;
    }
    return Exit::ok;
  }

 private:
  void wait(std::span<pollfd> watched) {
    if (waits_.empty() || !feed_) return void(::poll(watched.data(), watched.size(), -1));
    Duration most = seconds(1);
    for (const auto& [ticket, one] : waits_) most = std::min(most, one.until_next());
    feed_->wait(most, nullptr, watched);
  }

  std::optional<RpcOutcome> call(RpcTicket ticket, const std::string& name, const Json& params) {
    const bool would_wait = params.at("wait").truth;
    if (would_wait && waits_.size() >= kMaxWaiting)
      return RpcOutcome::failed(kRpcOurs - static_cast<int>(Exit::failed),
                                "64 requests wait for results already: ask for `results` later instead.");
    if (would_wait && !feed_) feed_.emplace(arguments_.mount);  // before anything is issued
    RpcReply reply = call_rpc_method(arguments_, name, params);
    if (RpcOutcome* const outcome = reply.outcome()) return std::move(*outcome);
    waits_.emplace(ticket, std::move(*reply.wait()));
    return std::nullopt;
  }

  void look_at_waits() {
    for (auto next = waits_.begin(); next != waits_.end();) {
      const auto one = next++;
      one->second.step(0);
      if (!one->second.end()) continue;
      const CommandRun& run = one->second.run();
      const RpcOutcome outcome{result_json(run.command.id, run.results), 0, {}};  // the verdict tells how it ended
      write_line(session_.settle(one->first, outcome));
      waits_.erase(one);
    }
  }

  // False: it can't be read.
  bool read_some() {
    std::array<char, 64 * 1024> piece;
    const ssize_t got = read(STDIN_FILENO, piece.data(), piece.size());
    if (got < 0) return errno == EINTR || errno == EAGAIN;
    lines_.take({piece.data(), static_cast<std::size_t>(got)});
    while (auto line = lines_.next()) {
      write_line(line->too_long ? rpc_too_long() : session_.take(line->text));
      if (!writes_) return true;
    }
    if (got > 0) return true;
    is_open_ = false;
    if (const auto line = lines_.rest()) write_line(session_.take(line->text));
    return true;
  }

  void write_line(const std::string& text) {
    if (text.empty() || !writes_) return;
    writes_ = std::printf("%s\n", text.c_str()) >= 0 && std::fflush(stdout) == 0;
  }

  const Arguments& arguments_;
  RpcSession session_;
  RpcLines lines_;
  std::map<RpcTicket, ResultWait> waits_;
  std::optional<NewsFeed> feed_;
  bool is_open_ = true, writes_ = true;
};

}  // namespace

Exit serve_rpc(const Arguments& arguments) { return RpcServer(arguments).serve(); }

}  // namespace meshfs::tools
