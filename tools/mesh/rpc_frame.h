// JSON-RPC 2.0 (jsonrpc.org/specification) as lines of text: requests taken apart, answers put together. Pure; what a method does is
// handed in. Any bytes may come: each line gets the answer that the specification wants, or none if it asks for none.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

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
// `params` is an object; an empty one if none were given.
using RpcMethod = std::function<RpcOutcome(const std::string& method, const Json& params)>;

// What is written for a line, without its newline; "" for nothing (notifications, empty lines).
std::string rpc_answer(std::string_view line, const RpcMethod& call);
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
