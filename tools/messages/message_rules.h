// Which files go where between a node's sms/ in the mesh and the sendSms of its engines. Values in, values out; any thread.
//
//   in sendSms:  of meshfs   its name begins with "meshfs-"
//                exported    `.meshfs-exported` there names it with its mark, or nobody else put a file there
//                foreign     anything else: shown in sms/, never touched
//   in sms/:     imported    mode 0444, and `.meshfs-imported` there names it or it is foreign in a sendSms
//                own         anything else: published, never touched
//
// Names that begin with '.' are temporary on both sides. Both lists are written before what they tell of, so that a program that was ended at any
// point knows its own; marks tell a file that another program put in the place of an exported one: it is foreign from then on.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "schema/vocab/bytes.h"
#include "transport/bmx/sms_kind.h"

namespace meshfs::messages {

// Of a file as it is read; larger ones are cut there. No engine takes more from a node (100,548 bytes).
inline constexpr std::size_t kMostFile = 128 * 1024;

struct File {
  Bytes bytes;
  bool read_only = false;   // its mode is 0444
  bool unfinished = false;  // somebody writes it, says the mount (user.mesh.state)
};
using Files = std::map<std::string, File>;
using Contents = std::map<std::string, Bytes>;
using Names = std::set<std::string>;

// Marks of what was put there last and before; after a crash one of them is there.
using Exported = std::map<std::string, std::vector<std::uint64_t>>;

struct NodeSide {
  Files files;  // of sms/
  Names imported;
};
struct EngineSide {
  const transport::SmsKind* kind = nullptr;
  Files files;  // of sendSms, those of meshfs too
  Exported exported;
};

struct NodeSteps {
  Contents show;  // write these, mode 0444
  Names hide;     // remove these
  Names imported;
};
struct EngineSteps {
  Contents put;
  Names withdraw;  // remove and unregister
  Names published;
  Exported exported;
  std::map<std::string, std::string> refused;  // names in sms/ that are not published, with a sentence
};
struct Steps {
  NodeSteps node;
  std::vector<EngineSteps> engines;  // as they came
  bool unfinished = false;           // there is one of one's own that waits for its writer: ask again soon
};

// `all`: no engine is away; while one is, nothing is taken for gone.
Steps plan_messages(const NodeSide& node, const std::vector<EngineSide>& engines, bool all);

bool is_message_name(std::string_view name);  // the sms plugins take it
bool is_of_meshfs(std::string_view name);     // kept for pages

// How many bytes of a node's messages, each with its header, are left for those of people. Pages of meshfs may grow to all
// that they ever need: replication goes first. BMX6's would leave nothing; there they count as they are.
std::size_t room_for_messages(const EngineSide& engine, const Names& foreign);

}  // namespace meshfs::messages
