#include "tools/mesh/rpc_methods.h"

#include <algorithm>
#include <array>

#include "tools/mesh/node_card.h"
#include "tools/mesh/text_file.h"
#include "tools/mesh/view.h"

namespace meshfs::tools {
namespace {

RpcReply failed(const Error& failure) {
  const Exit exit = exit_for(failure.code);
  return RpcOutcome::failed(exit == Exit::usage ? kRpcBadParams : kRpcOurs - static_cast<int>(exit), failure.message);
}

// The parameters of a request, each asked for by its name and kind; what nobody asked for is a fault too.
class Params {
 public:
  explicit Params(const Json& given) : given_(given) {}

  std::string text(const char* name) {
    const Json* found = look_up(name, Json::Kind::text, "a text");
    return found == nullptr ? std::string() : found->text;
  }
  bool truth(const char* name) {
    const Json* found = look_up(name, Json::Kind::truth, "true or false");
    return found != nullptr && found->truth;
  }
  std::optional<std::int64_t> number(const char* name) {
    const Json* found = look_up(name, Json::Kind::number, "a number");
    if (found == nullptr) return std::nullopt;
    if (found->number < 0) fault_ = std::string(name) + " can't be negative.";
    return found->count();
  }
  std::vector<std::string> texts(const char* name) {
    std::vector<std::string> out;
    const Json* found = look_up(name, Json::Kind::list, "a list of texts");
    if (found == nullptr) return out;
    for (const auto& one : found->list) {
      if (one.kind != Json::Kind::text) fault_ = std::string(name) + " is a list of texts.";
      out.push_back(one.text);
    }
    return out;
  }

  // After all were asked for.
  [[nodiscard]] Status fits() const {
    if (!fault_.empty()) return error(Errc::invalid, fault_);
    for (const auto& [name, value] : given_.members) {
      if (std::ranges::find(asked_, name) == asked_.end())
        return error(Errc::invalid, "There is no parameter " + printable(name) + " here.");
    }
    return {};
  }

 private:
  const Json* look_up(const char* name, Json::Kind kind, const char* words) {
    asked_.emplace_back(name);
    const Json& found = given_.at(name);
    if (found.kind == Json::Kind::null) return nullptr;
    if (found.kind == kind) return &found;
    fault_ = std::string(name) + " is " + words + ".";
    return nullptr;
  }

  const Json& given_;
  std::vector<std::string> asked_;
  std::string fault_;
};

struct Method {
  const char* name;
  const char* params;
  const char* what;
  RpcReply (*call)(const Arguments& arguments, Params params);
};

RpcReply view_as_result(const Arguments& arguments, const Params& params, const char* name) {
  if (const Status fits = params.fits(); !fits) return failed(fits.failure());
  const auto view = read_view(arguments.mount, name);
  return view ? RpcReply(json_text(view->json)) : failed(view.failure());
}

RpcReply rpc_status(const Arguments& arguments, Params params) { return view_as_result(arguments, params, "status"); }
RpcReply rpc_peers(const Arguments& arguments, Params params) { return view_as_result(arguments, params, "peers"); }

RpcReply rpc_nodes(const Arguments& arguments, Params params) {
  if (const Status fits = params.fits(); !fits) return failed(fits.failure());
  const auto network = known_network(arguments, {});
  if (!network) return failed(network.failure());
  std::string out;
  for (const auto& node : network->nodes) {
    const auto card = parse_json(read_bounded(arguments.mount + "/nodes/" + node.name + "/card.json", kMaxCardBytes));
    (out += out.empty() ? "" : ", ") +=
        JsonObject().text("name", node.name).raw("card", card ? json_text(*card) : "null").done();
  }
  return RpcReply("[" + out + "]");
}

Result<CommandFile> command_by_params(const Arguments& arguments, Params& params) {
  CommandFile out;
  out.verb = params.text("verb");
  out.arguments = params.texts("arguments");
  const std::string target = params.text("target"), order = params.text("order"), moment = params.text("notBefore");
  out.expires_after = params.text("expiresAfter");
  out.confirm_within = params.text("confirmWithin");
  out.reason = params.text("reason");
  out.dry_run = params.truth("dryRun");
  auto targets = split_targets(target);
  if (!targets) return targets.failure();
  out.targets = std::move(*targets);
  if (!order.empty() && order != "any" && order != "farthestFirst")
    return error(Errc::invalid, "order is any or farthestFirst.");
  out.farthest_first = order == "farthestFirst";
  if (moment.empty()) return out;
  auto not_before = command_moment(moment, network_now(arguments.mount));
  if (!not_before) return not_before.failure();
  out.not_before = std::move(*not_before);
  return out;
}

RpcReply rpc_types(const Arguments& arguments, Params params) {
  const std::string name = params.text("name");
  if (const Status fits = params.fits(); !fits) return failed(fits.failure());
  auto json = types_for_programs(arguments.mount, name);
  return json ? RpcReply(std::move(*json)) : failed(json.failure());
}

RpcReply rpc_run(const Arguments& arguments, Params params) {
  const bool waits = params.truth("wait");
  const auto timeout_s = params.number("timeout");
  auto command = command_by_params(arguments, params);
  if (const Status fits = params.fits(); !fits) return failed(fits.failure());
  if (!command) return failed(command.failure());
  const auto ready = prepare_command(arguments, std::move(*command));
  if (!ready) return failed(ready.failure());
  auto run = start_command(arguments, *ready);
  if (!run) return failed(run.failure());
  if (!waits) return {JsonObject().text("id", run->command.id).text("file", run->command.file).done()};
  std::optional<Duration> patience;
  if (timeout_s) patience = seconds(std::min<std::int64_t>(*timeout_s, 1'000'000'000));
  return {ResultWait(arguments.mount, std::move(*run), patience)};
}

RpcReply rpc_results(const Arguments& arguments, Params params) {
  constexpr std::int64_t kMostListed = 200;
  const std::string beginning = params.text("id");
  const auto limit = params.number("limit");
  if (const Status fits = params.fits(); !fits) return failed(fits.failure());
  if (const Status may = may_see_commands(arguments.mount); !may) return failed(may.failure());
  if (!beginning.empty()) {
    const auto id = full_id(arguments.mount, beginning);
    if (!id) return failed(id.failure());
    const auto run = look_at_run(arguments, *id);
    return run ? RpcReply(result_json(*id, run->results)) : failed(run.failure());
  }
  std::string out;
  for (const auto& one :
       commands_in(arguments.mount, static_cast<std::size_t>(std::min(limit.value_or(20), kMostListed))))
    (out += out.empty() ? "" : ", ") += command_json(arguments, one);
  return RpcReply("[" + out + "]");
}

RpcReply rpc_cancel(const Arguments& arguments, Params params) {
  const std::string beginning = params.text("id");
  if (const Status fits = params.fits(); !fits) return failed(fits.failure());
  const auto id = full_id(arguments.mount, beginning);
  if (!id) return failed(id.failure());
  const auto command = command_of(arguments.mount, *id);
  if (!command) return failed(command.failure());
  const auto run = look_at_run(arguments, *id);  // before its file, which says for whom it is, is gone
  if (!run) return failed(run.failure());
  if (const Status taken = take_back(*command); !taken) return failed(taken.failure());
  return {result_json(*id, run->results)};
}

constexpr const char* kRunParams =
    "target, verb; arguments [TEXT], dryRun, order, notBefore, expiresAfter, confirmWithin, reason, wait, timeout";

constexpr std::array kMethods{
    Method{"status", "", "what .mesh/status holds", rpc_status},
    Method{"peers", "", "what .mesh/peers holds", rpc_peers},
    Method{"nodes", "", "names of nodes and their cards", rpc_nodes},
    Method{"types", "name", "the record types, or one of them", rpc_types},
    Method{"run", kRunParams, "as `mesh run`: the id at once, or with wait true the results", rpc_run},
    Method{"results", "id or limit", "of one command, or the last commands", rpc_results},
    Method{"cancel", "id", "takes the command back; the results tell where it had begun", rpc_cancel}};

std::string list_of_methods() {
  std::string out;
  for (const auto& one : kMethods) {
    (out += out.empty() ? "" : ", ") +=
        JsonObject().text("name", one.name).text("params", one.params).text("what", one.what).done();
  }
  return "[" + out + "]";
}

}  // namespace

RpcReply call_rpc_method(const Arguments& arguments, const std::string& name, const Json& params) {
  if (name == "methods" || name == "rpc.discover") return {list_of_methods()};
  const auto found = std::ranges::find_if(kMethods, [&](const Method& one) { return one.name == name; });
  if (found == kMethods.end())
    return RpcOutcome::failed(kRpcNoMethod, "There is no method " + printable(name) + ": `methods` lists them.");
  return found->call(arguments, Params(params));
}

}  // namespace meshfs::tools
