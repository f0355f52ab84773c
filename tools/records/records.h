// The records of commands (schema/records/*.capnp, whose comments are the manual) as plain values. Pure functions; any thread.
// Text is JSON as people write it. Never trusts what it reads: sizes, types and the schema's checks are looked at here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema/vocab/result.h"

namespace meshfs::records {

inline constexpr std::size_t kMaxCommandText = 16'384;  // as the schema's quotas
inline constexpr std::size_t kMaxCardText = 65'536;
inline constexpr std::size_t kMaxResultText = 262'144;
inline constexpr std::size_t kMaxOutputPart = 65'536;  // bytes of the first and of the last part of an output
inline constexpr std::size_t kMaxItems = 256;          // of one list

enum class Order : std::uint8_t { any, farthest_first };

struct Command {
  std::string verb;
  std::vector<std::string> arguments;
  std::vector<std::string> targets;
  std::string not_before;            // "": at once
  std::string expires_after = "1d";  // spans.h reads both
  bool dry_run = false;
  Order order = Order::any;
  std::string confirm_within;  // "": the catalogue's
  std::string cancels;
  std::string confirms;
  std::string reason;
  bool operator==(const Command&) const = default;
};

enum class State : std::uint8_t {
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
  unknown,  // only read: a later version's
};
inline constexpr std::size_t kStates = 10;  // that this version writes
// As records say it, "accepted".
std::string_view state_name(State state);
// Nothing follows it.
bool is_final(State state);

// `Result` of the schema; that word is taken here.
struct CommandResult {
  std::string command;  // 64 hex digits
  std::string node;
  std::string issuer;
  std::string issuer_key;
  std::string verb;
  std::vector<std::string> arguments;
  State state = State::accepted;
  std::string reason;
  std::int32_t exit_code = -1;
  std::string output;      // any bytes
  std::string output_end;  // any bytes
  std::uint64_t output_bytes = 0;
  std::uint64_t accepted_ms = 0;
  std::uint64_t began_ms = 0;
  std::uint64_t ended_ms = 0;
  std::uint64_t took_ms = 0;
  bool operator==(const CommandResult&) const = default;
};

// What is asked of a card; `mesh card` shows the rest.
struct Card {
  std::string name;
  std::string key;
  std::vector<std::string> labels;
  std::vector<std::string> neighbours;
  bool operator==(const Card&) const = default;
};

// bad_bytes or too_large, with one sentence.
Result<Command> read_command(std::string_view text);
Result<CommandResult> read_result(std::string_view text);
Result<Card> read_card(std::string_view text);

// JSON in several lines, with a newline at its end, whatever programs put out: bytes that are no UTF-8 become U+FFFD, and both outputs
// and the arguments are cut where the record would become larger than its quota.
std::string write_result(const CommandResult& result);

}  // namespace meshfs::records
