// JSON-RPC 2.0 (jsonrpc.org/specification) as lines of text: requests taken apart, answers put together. Pure; what a method does is
// handed in. Any bytes may come: each line gets the answer that the specification wants, or none if it asks for none. A method may
// answer later; others are answered meanwhile, which the specification allows in any order.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/mesh/json.h"

namespace meshfs::tools {

inline constexpr std::size_t kMaxRpcLine = 1024 * 1024;
inline constexpr std::size_t kMaxRpcBatch = 64;

enum RpcCode : int {
  kRpcParse = -32700,
  kRpcInvalidRequest = -32600,
  kRpcNoMethod = -32601,
  kRpcBadParams = -32602,
  kRpcOurs = -32000,  // less the exit code that the command line would have ended with: not_found is -32004
};

struct RpcOutcome {
  std::string result;  // JSON, of a success
  int code = 0;        // of a failure
  std::string message;

  static RpcOutcome failed(int code, std::string message) { return {{}, code, std::move(message)}; }
};
using RpcTicket = std::uint64_t;  // of one request in a session, never used twice
// `params` is an object; an empty one if none were given. Nothing: its outcome comes later, by settle() with that ticket.
using RpcMethod =
    std::function<std::optional<RpcOutcome>(RpcTicket ticket, const std::string& method, const Json& params)>;

// One caller's requests. Bounded by whoever answers later: see RpcMethod.
class RpcSession {
 public:
  explicit RpcSession(RpcMethod call) : call_(std::move(call)) {}

  // What is written now for a line, without its newline; "" for nothing: notifications, empty lines, what is answered later.
  std::string take(std::string_view line);
  // The same for an outcome that came later; of a batch only the last one brings text.
  std::string settle(RpcTicket ticket, const RpcOutcome& outcome);

 private:
  struct Waiting {
    std::uint64_t group = 0;
    std::size_t at = 0;
    std::string id;  // JSON; "": it asks for no answer
  };
  struct Group {
    std::vector<std::string> answers;  // in the order of the requests; "" for none
    std::size_t open = 0;
    bool is_batch = false;
  };
  std::string answer_one(const Json& request, std::uint64_t group, std::size_t at);
  std::string finished(std::uint64_t group);

  RpcMethod call_;
  std::map<RpcTicket, Waiting> waiting_;
  std::map<std::uint64_t, Group> groups_;
  std::uint64_t next_group_ = 0;
  RpcTicket next_ticket_ = 0;
};
std::string rpc_too_long();

// Bytes as they come, cut into lines. A line over kMaxRpcLine is skipped to its end and told once.
class RpcLines {
 public:
  struct Line {
    std::string text;
    bool too_long = false;
  };
  void take(std::string_view bytes) { pending_ += bytes; }
  std::optional<Line> next();
  std::optional<Line> rest();  // what came without a newline before the end

 private:
  std::string pending_;
  std::size_t searched_ = 0;
  bool skipping_ = false;
};

// On one line, bytes that are no UTF-8 as json_quoted has them. What another wrote is never handed on as it is.
std::string json_text(const Json& json);

}  // namespace meshfs::tools
