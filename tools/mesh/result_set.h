// What became of a command on each node, by tools/records, and how people are shown it. Pure: texts of files in, text
// out. A result is its node's word: any bytes in it are harmless on a terminal, and one node speaks for itself only.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "schema/vocab/result.h"
#include "tools/mesh/mesh.h"
#include "tools/records/records.h"

namespace meshfs::tools {

enum class RunState : std::uint8_t {
  waiting,  // no result yet
  accepted,
  running,
  done,
  failed,
  refused,
  cancelled,
  expired,
  interrupted,
  unconfirmed,
  undone,
  unknown,  // a later version's
};
std::string_view state_name(RunState state);
bool is_final(RunState state);  // nothing more comes by itself
bool is_good(RunState state);   // done, or done and to be confirmed
bool has_begun(RunState state);

struct NodeResult {
  std::string node;
  RunState state = RunState::waiting;
  std::string verb, issuer, reason, output, output_end;
  std::int64_t exit_code = -1, output_bytes = 0, began_ms = 0, ended_ms = 0, took_ms = 0;
};

inline constexpr std::size_t kMaxResultBytes = records::kMaxResultText;

// `node` is the folder in which the file lies. bad_bytes: it is no result, or one of another command.
Result<NodeResult> read_result(std::string_view node, std::string_view id, std::string_view text);

class ResultSet {
 public:
  explicit ResultSet(const std::vector<std::string>& expected);
  // True if it says something new.
  bool take(NodeResult result);

  [[nodiscard]] const std::map<std::string, NodeResult>& all() const { return all_; }
  [[nodiscard]] std::size_t final_ones() const;  // of all()
  [[nodiscard]] bool complete() const { return !all_.empty() && final_ones() == all_.size(); }
  // ok, failed (one of them is not good), timed_out (one of them has not ended).
  [[nodiscard]] Exit verdict() const;

 private:
  std::map<std::string, NodeResult> all_;  // by node
};

struct Screen {
  std::size_t columns = 80, rows = 24;
};
// One row per node: state, exit code, time, last line of output or the reason. Not wider than `columns` (0: any width), not higher
// than `rows` (0: any): those that are not done first, and how many more.
std::string result_table(const ResultSet& results, bool colour, Screen screen);
// "roof: done, exit code 0, 0.3 s"
std::string result_line(const NodeResult& result);
// Each output under the name of its node; equal ones once.
std::string result_outputs(const ResultSet& results);
// {"id", "verdict", "results": [...]}, one line.
std::string result_json(std::string_view id, const ResultSet& results);

}  // namespace meshfs::tools
