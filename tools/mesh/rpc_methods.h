// What programs can ask by `mesh rpc`: the same functions as the commands of the command line, with the same permissions. Each call
// ends at once; who waits for results gets the waiting itself.
#pragma once

#include <variant>

#include "tools/mesh/command_run.h"
#include "tools/mesh/rpc_frame.h"

namespace meshfs::tools {

class RpcReply {
 public:
  RpcReply(std::string result) : what_(RpcOutcome{std::move(result), 0, {}}) {}  // JSON
  RpcReply(RpcOutcome outcome) : what_(std::move(outcome)) {}
  RpcReply(ResultWait wait) : what_(std::move(wait)) {}  // its results are the answer, when it ends

  [[nodiscard]] RpcOutcome* outcome() { return std::get_if<RpcOutcome>(&what_); }
  [[nodiscard]] ResultWait* wait() { return std::get_if<ResultWait>(&what_); }

 private:
  std::variant<RpcOutcome, ResultWait> what_;
};

// JSON of the type of that name, of all if it is empty. not_found; unsupported: the small program for routers knows none.
Result<std::string> types_for_programs(const std::string& mount, const std::string& name);

RpcReply call_rpc_method(const Arguments& arguments, const std::string& name, const Json& params);

}  // namespace meshfs::tools
