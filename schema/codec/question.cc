#include "schema/codec/question.h"

#include "schema/codec/wire_format.h"

namespace meshfs::codec {

namespace {

constexpr std::string_view kAskDomain = "meshfs ask 1";
constexpr std::string_view kReplyDomain = "meshfs reply 1";

template <class Number>
void put(Bytes& out, Number value) {
  const auto bytes = fixed(value);
  out.insert(out.end(), bytes.begin(), bytes.end());
}
void put(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

Bytes signed_bytes(const Question& question, const NetworkId& network) {
  Bytes out;
  put(out, network.view());
  put(out, question.id.view());
  put(out, question.asker.view());
  put(out, question.object.volume.view());
  put(out, question.object.local.view());
  put(out, question.entry.view());
  put(out, question.content.size);
  put(out, question.content.root.view());
  put(out, question.target.view());
  return out;
}

void put_text(Bytes& out, const std::string& text) {
  put(out, static_cast<std::uint8_t>(text.size()));  // at most 255
  put(out, as_bytes(text));
}

Bytes signed_bytes(const Reply& reply, const QuestionId& question, const NetworkId& network) {
  Bytes out;
  put(out, network.view());
  put(out, question.view());
  put(out, reply.author.view());
  put(out, static_cast<std::uint8_t>(reply.state));
  put(out, reply.have);
  put(out, reply.of);
  put(out, reply.seconds_left);
  put(out, reply.heard_ms);
  put(out, static_cast<std::uint8_t>(reply.sources.size()));
  for (const Reply::Source& source : reply.sources) {
    put_text(out, source.name);
    put(out, source.bytes_per_s);
  }
  put_text(out, reply.reason);
  return out;
}

crypto::PublicKey public_key(const DeviceKey& key) { return {key.data}; }

}  // namespace

void sign_question(Question& question, const NetworkId& network, const crypto::SigningKey& device_key) {
  question.signature = device_key.sign(kAskDomain, {signed_bytes(question, network)});
}
bool verify_question(const Question& question, const NetworkId& network, const DeviceKey& key) {
  return crypto::verify(public_key(key), kAskDomain, {signed_bytes(question, network)}, question.signature);
}
void sign_reply(Reply& reply, const QuestionId& question, const NetworkId& network,
                const crypto::SigningKey& device_key) {
  reply.signature = device_key.sign(kReplyDomain, {signed_bytes(reply, question, network)});
}
bool verify_reply(const Reply& reply, const QuestionId& question, const NetworkId& network, const DeviceKey& key) {
  return crypto::verify(public_key(key), kReplyDomain, {signed_bytes(reply, question, network)}, reply.signature);
}

// --- as they travel

void write(format::Question::Builder to, const Question& from) {
  to.setId(data_of(from.id.view()));
  to.setAsker(word_of(from.asker, 0));
  to.setHops(from.hops);
  to.setVolume(word_of(from.object.volume, 0));
  to.setObject(data_of(from.object.local.view()));
  to.setEntry(data_of(from.entry.view()));
  to.setSize(from.content.size);
  if (!from.content.root.is_zero()) to.setRoot(data_of(from.content.root.view()));
  if (!from.target.is_zero()) to.setTarget(data_of(from.target.view()));
  to.setSignature(data_of(from.signature.view()));
}

template <class Fixed>
static Status read_optional(capnp::Data::Reader data, Fixed& out) {
  return data.size() == 0 ? Status() : read_fixed(data, out);
}

Status read(format::Question::Reader from, Question& to) {
  to.asker = from_words<AuthorTag>(from.getAsker());
  to.hops = from.getHops();
  to.object.volume = from_words<VolumeTag>(from.getVolume());
  to.content.size = from.getSize();
  if (Status s = read_fixed(from.getId(), to.id); !s) return s;
  if (Status s = read_fixed(from.getObject(), to.object.local); !s) return s;
  if (Status s = read_fixed(from.getEntry(), to.entry); !s) return s;
  if (Status s = read_optional(from.getRoot(), to.content.root); !s) return s;
  if (Status s = read_optional(from.getTarget(), to.target); !s) return s;
  if (Status s = read_fixed(from.getSignature(), to.signature); !s) return s;
  if (to.hops > kMaxHops) return over_limit("a question with more hops than the limit");
  return to.hops == 0 ? malformed("a question without a hop left") : Status();
}

static void write(format::Source::Builder to, const Reply::Source& from) {
  to.setName(data_of(from.name));
  to.setBytesPerS(from.bytes_per_s);
}
static Status read(format::Source::Reader from, Reply::Source& to) {
  to.bytes_per_s = from.getBytesPerS();
  if (Status s = read_text(from.getName(), kMaxSourceName, to.name); !s) return s;
  return to.name.empty() ? malformed("a source without a name") : Status();
}

void write(format::Reply::Builder to, const Reply& from) {
  to.setAuthor(word_of(from.author, 0));
  to.setState(static_cast<format::Holding>(from.state));
  to.setHave(from.have);
  to.setOf(from.of);
  to.setSecondsLeft(from.seconds_left);
  to.setHeardMs(from.heard_ms);
  if (!from.sources.empty()) write_list(to.initSources(list_size(from.sources.size())), from.sources);
  set_unless_empty(as_bytes(from.reason), [&](auto data) { to.setReason(data); });
  to.setSignature(data_of(from.signature.view()));
  to.setHops(from.hops);
}
Status read(format::Reply::Reader from, Reply& to) {
  to.author = from_words<AuthorTag>(from.getAuthor());
  to.have = from.getHave();
  to.of = from.getOf();
  to.seconds_left = from.getSecondsLeft();
  to.heard_ms = from.getHeardMs();
  to.hops = from.getHops();
  if (Status s = read_enum(from.getState(), Holding::heard, to.state); !s) return s;
  if (Status s = read_list(from.getSources(), kMaxSources, to.sources); !s) return s;
  if (Status s = read_text(from.getReason(), kMaxReplyReason, to.reason); !s) return s;
  return read_fixed(from.getSignature(), to.signature);
}

void write(format::Replies::Builder to, const Replies& from) {
  to.setQuestion(data_of(from.question.view()));
  write_list(to.initReplies(list_size(from.replies.size())), from.replies);
}
Status read(format::Replies::Reader from, Replies& to) {
  if (Status s = read_fixed(from.getQuestion(), to.question); !s) return s;
  if (Status s = read_list(from.getReplies(), kMaxReplies, to.replies); !s) return s;
  return to.replies.empty() ? malformed("replies that say nothing") : Status();
}

}  // namespace meshfs::codec
