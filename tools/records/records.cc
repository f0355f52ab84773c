#include "tools/records/records.h"

#include <capnp/compat/json.h>
#include <capnp/message.h>

#include <algorithm>
#include <array>

#include "schema/records/card.capnp.h"
#include "schema/records/command.capnp.h"
#include "schema/records/result.capnp.h"
#include "schema/vocab/quoting.h"
#include "tools/records/escapes.h"
#include "tools/records/field_checks.h"
#include "tools/records/utf8.h"

namespace meshfs::records {
namespace {

// What a JSON string may take, so that a result with everything at its limit stays below its quota.
constexpr std::size_t kMaxOutputJson = 106'000;
constexpr std::size_t kMaxTextJson = 2'048;
constexpr std::size_t kMaxListJson = 12'000;
constexpr std::size_t kMaxDepth = 16;

constexpr std::array<std::string_view, kStates> kStateNames = {
    "accepted", "running", "done", "failed", "refused", "cancelled", "expired", "interrupted", "unconfirmed", "undone"};

std::string string_of(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

std::vector<std::string> strings_of(capnp::List<capnp::Text>::Reader list) {
  std::vector<std::string> out;
  for (const auto text : list) out.push_back(string_of(text));
  return out;
}

kj::StringPtr kj_of(const std::string& text) { return {text.c_str(), text.size()}; }

capnp::Text::Reader short_text(const std::string& bytes, std::string& room) {
  room = text_of(bytes, kMaxTextJson).text;
  return kj_of(room);
}

template <class Builder>
void set_strings(Builder list, const std::vector<std::string>& from) {
  std::size_t left = kMaxListJson;
  for (unsigned i = 0; i < list.size(); ++i) {
    const Text text = text_of(from[i], left);
    left -= std::min(left, text.json_bytes);
    list.set(i, kj_of(text.text));
  }
}

unsigned items(const std::vector<std::string>& list) { return static_cast<unsigned>(std::min(list.size(), kMaxItems)); }

template <class Init>
void set_exactly(const std::vector<std::string>& from, const Init& init) {
  if (from.empty()) return;
  auto list = init(static_cast<unsigned>(from.size()));
  for (unsigned i = 0; i < list.size(); ++i) list.set(i, kj_of(from[i]));
}

// `text`, unless it would be read as something else than `meant`: what people wrote is never altered in silence.
template <class Record, class Read>
Result<std::string> unchanged(std::string text, const Record& meant, const Read& read_back) {
  if (text_of(text, text.size() * 2 + 2).text != text)
    return error(Errc::bad_bytes, "a text of the record is not UTF-8");
  const auto read = read_back(text);
  if (!read) return read.failure();
  if (*read != meant) return error(Errc::bad_bytes, "the record can't be written as JSON");
  return text;
}

// The record of type `Schema` that `text` is, handed to `take(reader)`, which gives the value.
template <class Schema, class Take>
auto read(std::string_view text, std::size_t most, const Take& take)
    -> Result<decltype(take(std::declval<typename Schema::Reader>()))> {
  if (text.size() > most) return error(Errc::too_large, "the record has more than " + std::to_string(most) + " bytes");
  try {
    capnp::JsonCodec codec;
    codec.setMaxNestingDepth(kMaxDepth);
    capnp::MallocMessageBuilder message;
    auto root = message.initRoot<Schema>();
    const std::string plain = without_escapes(text);
    codec.decode(kj::ArrayPtr<const char>(plain.data(), plain.size()), root);
    if (Status checked = check_fields(capnp::toDynamic(root.asReader())); !checked) return checked.failure();
    return take(root.asReader());
  } catch (const kj::Exception& e) {
    return error(Errc::bad_bytes, "this is no record of its type: " + printable(e.getDescription().cStr()));
  }
}

// What `fill(builder)` makes of a new record, as JSON.
template <class Schema, class Fill>
std::string write(capnp::HasMode shown, const Fill& fill) {
  try {
    capnp::JsonCodec codec;
    codec.setPrettyPrint(true);
    codec.setHasMode(shown);
    capnp::MallocMessageBuilder message;
    auto root = message.initRoot<Schema>();
    fill(root);
    const kj::String out = codec.encode(root.asReader());
    return std::string(out.begin(), out.size()) + "\n";
  } catch (const kj::Exception&) {
    CHECK(false);  // texts were made UTF-8, nothing else can fail
    return {};
  }
}

}  // namespace

std::string_view state_name(State state) { return kStateNames[static_cast<std::size_t>(state)]; }

bool is_final(State state) {
  return state != State::accepted && state != State::running && state != State::unconfirmed;
}

Result<Command> read_command(std::string_view text) {
  return read<::Command>(text, kMaxCommandText, [](::Command::Reader from) {
    Command out;
    out.verb = string_of(from.getVerb());
    out.arguments = strings_of(from.getArguments());
    out.targets = strings_of(from.getTargets());
    out.not_before = string_of(from.getNotBefore());
    out.expires_after = string_of(from.getExpiresAfter());
    out.dry_run = from.getDryRun();
    out.order = from.getOrder() == ::Order::FARTHEST_FIRST ? Order::farthest_first : Order::any;
    out.confirm_within = string_of(from.getConfirmWithin());
    out.cancels = string_of(from.getCancels());
    out.confirms = string_of(from.getConfirms());
    out.reason = string_of(from.getReason());
    return out;
  });
}

Result<CommandResult> read_result(std::string_view text) {
  return read<::Result>(text, kMaxResultText, [](::Result::Reader from) {
    CommandResult out;
    out.command = string_of(from.getCommand());
    out.node = string_of(from.getNode());
    out.issuer = string_of(from.getIssuer());
    out.issuer_key = string_of(from.getIssuerKey());
    out.verb = string_of(from.getVerb());
    out.arguments = strings_of(from.getArguments());
    const auto state = static_cast<std::size_t>(from.getState());
    out.state = state < kStates ? static_cast<State>(state) : State::interrupted;
    out.reason = string_of(from.getReason());
    out.exit_code = from.getExitCode();
    out.output = string_of(from.getOutput());
    out.output_end = string_of(from.getOutputEnd());
    out.output_bytes = from.getOutputBytes();
    out.accepted_ms = from.getAcceptedMs();
    out.began_ms = from.getBeganMs();
    out.ended_ms = from.getEndedMs();
    out.took_ms = from.getTookMs();
    return out;
  });
}

Result<Card> read_card(std::string_view text) {
  return read<::Card>(text, kMaxCardText, [](::Card::Reader from) {
    Card out;
    out.name = string_of(from.getName());
    out.key = string_of(from.getKey());
    out.addresses = strings_of(from.getAddresses());
    out.labels = strings_of(from.getLabels());
    out.groups = strings_of(from.getGroups());
    out.contact = string_of(from.getContact());
    out.place = string_of(from.getPlace());
    out.model = string_of(from.getModel());
    out.system = string_of(from.getSystem());
    out.version = string_of(from.getVersion());
    out.ssh_port = from.getSshPort();
    out.ssh_user = string_of(from.getSshUser());
    out.neighbours = strings_of(from.getNeighbours());
    return out;
  });
}

Result<std::string> write_command(const Command& command) {
  std::string out = write<::Command>(capnp::HasMode::NON_DEFAULT, [&](::Command::Builder to) {
    to.setVerb(kj_of(command.verb));
    set_exactly(command.arguments, [&](unsigned n) { return to.initArguments(n); });
    set_exactly(command.targets, [&](unsigned n) { return to.initTargets(n); });
    if (!command.not_before.empty()) to.setNotBefore(kj_of(command.not_before));
    to.setExpiresAfter(kj_of(command.expires_after));
    to.setDryRun(command.dry_run);
    to.setOrder(command.order == Order::farthest_first ? ::Order::FARTHEST_FIRST : ::Order::ANY);
    if (!command.confirm_within.empty()) to.setConfirmWithin(kj_of(command.confirm_within));
    if (!command.cancels.empty()) to.setCancels(kj_of(command.cancels));
    if (!command.confirms.empty()) to.setConfirms(kj_of(command.confirms));
    if (!command.reason.empty()) to.setReason(kj_of(command.reason));
  });
  return unchanged(std::move(out), command, read_command);
}

std::string write_result(const CommandResult& result) {
  return write<::Result>(capnp::HasMode::NON_NULL, [&](::Result::Builder to) {
    std::string room;
    const auto text = [&room](const std::string& bytes) { return short_text(bytes, room); };
    to.setCommand(text(result.command));
    to.setNode(text(result.node));
    to.setIssuer(text(result.issuer));
    to.setIssuerKey(text(result.issuer_key));
    to.setVerb(text(result.verb));
    set_strings(to.initArguments(items(result.arguments)), result.arguments);
    to.setState(static_cast<::State>(result.state));
    if (!result.reason.empty()) to.setReason(text(result.reason));
    to.setExitCode(result.exit_code);
    const std::string output = text_of(result.output, kMaxOutputJson).text;
    to.setOutput(kj_of(output));
    const std::string end = tail_text_of(result.output_end, kMaxOutputJson).text;
    if (!end.empty()) to.setOutputEnd(kj_of(end));
    to.setOutputBytes(result.output_bytes);
    to.setAcceptedMs(result.accepted_ms);
    to.setBeganMs(result.began_ms);
    to.setEndedMs(result.ended_ms);
    to.setTookMs(result.took_ms);
  });
}

Result<std::string> write_card(const Card& card) {
  std::string out = write<::Card>(capnp::HasMode::NON_DEFAULT, [&](::Card::Builder to) {
    to.setName(kj_of(card.name));
    if (!card.key.empty()) to.setKey(kj_of(card.key));
    set_exactly(card.addresses, [&](unsigned n) { return to.initAddresses(n); });
    set_exactly(card.labels, [&](unsigned n) { return to.initLabels(n); });
    set_exactly(card.groups, [&](unsigned n) { return to.initGroups(n); });
    if (!card.contact.empty()) to.setContact(kj_of(card.contact));
    if (!card.place.empty()) to.setPlace(kj_of(card.place));
    if (!card.model.empty()) to.setModel(kj_of(card.model));
    if (!card.system.empty()) to.setSystem(kj_of(card.system));
    if (!card.version.empty()) to.setVersion(kj_of(card.version));
    to.setSshPort(card.ssh_port);
    to.setSshUser(kj_of(card.ssh_user));
    set_exactly(card.neighbours, [&](unsigned n) { return to.initNeighbours(n); });
  });
  return unchanged(std::move(out), card, read_card);
}

}  // namespace meshfs::records
