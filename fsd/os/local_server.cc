#include "fsd/os/local_server.h"

#include <unistd.h>

namespace meshfs::fsd {

namespace local = codec::local;

Result<std::unique_ptr<LocalServer>> LocalServer::open(os::Loop& loop, const os::Log& log, const std::string& path,
                                                       Events events, std::optional<os::Account> syncd) {
  std::unique_ptr<LocalServer> server(new LocalServer(loop, log, syncd, std::move(events)));
  const std::optional<gid_t> group = syncd ? std::optional(syncd->group) : std::nullopt;
  auto listener = os::LocalListener::open(
      loop, path, [raw = server.get()](os::Fd socket) { raw->accept(std::move(socket)); }, group);
  if (!listener) return listener.failure();
  server->listener_ = std::move(*listener);
  return server;
}

LocalServer::LocalServer(os::Loop& loop, const os::Log& log, std::optional<os::Account> syncd, Events events)
    : loop_(loop), log_(log), account_(syncd), events_(std::move(events)) {}

LocalServer::~LocalServer() {
  for (auto& [id, connection] : connections_) loop_.cancel(connection.hello_timer);
}

void LocalServer::accept(os::Fd socket) {
  if (connections_.size() >= kMaxConnections) {
    log_.warning("more than " + std::to_string(kMaxConnections) + " programs on the local socket; one was turned away");
    return;
  }
  const uid_t user = os::user_of(socket).value_or(static_cast<uid_t>(-1));
  const bool trusted = user == 0 || user == ::geteuid();
  if (!trusted && (!account_ || user != account_->user)) {
    log_.warning("a program of user " + std::to_string(user) + " on the local socket was turned away");
    return;
  }
  const ConnectionId id = next_id_++;
  Connection& connection = connections_[id];
  connection.stream = std::make_unique<os::FrameStream>(
      loop_, std::move(socket), os::kLocalLimits,
      os::FrameStream::Events{
          [this, id](ByteView frame) { on_frame(id, frame); }, [this, id](const Error&) { forget(id); }, {}});
  connection.only_syncd = !trusted;
  connection.hello_timer = loop_.after(kHelloWithin, [this, id] {
    refuse(id, Errc::closed, "a program connected to the local socket and said nothing");
  });
}

void LocalServer::on_frame(ConnectionId id, ByteView frame) {
  const auto message = local::decode_to_fsd(frame);
  if (!message) {
    refuse(id, Errc::bad_bytes,
           "a program on the local socket sent bytes that are no message: " + message.failure().message);
    return;
  }
  const bool greeted = connections_.at(id).greeted;
  const auto* hello = std::get_if<local::Hello>(&*message);
  if (greeted == (hello != nullptr)) {
    refuse(id, Errc::invalid,
           greeted ? "a program on the local socket said hello twice"
                   : "a program on the local socket did not say hello first");
    return;
  }
  if (hello != nullptr) return on_hello(id, *hello);
  on_message(id, *message);
}

void LocalServer::on_hello(ConnectionId id, const local::Hello& hello) {
  const bool is_syncd = hello.role == local::Role::syncd;
  const std::string who = is_syncd ? "syncd" : "a tool";
  if (hello.version != local::kLocalVersion) {
    refuse(id, Errc::unsupported,
           who + " speaks version " + std::to_string(hello.version) + " of the local socket and fsd version " +
               std::to_string(local::kLocalVersion) + "; install both from one release and restart them");
    return;
  }
  if (!is_syncd && connections_.at(id).only_syncd) {
    refuse(id, Errc::denied, "the user of syncd may not be a tool");
    return;
  }
  if (is_syncd && syncd_ != 0) {
    refuse(id, Errc::busy, "another syncd is connected to fsd already; stop one of them");
    return;
  }
  Connection& connection = connections_.at(id);
  connection.greeted = true;
  loop_.cancel(connection.hello_timer);
  if (!is_syncd) return;
  syncd_ = id;
  log_.info("syncd is connected");
  if (events_.on_syncd_connected) events_.on_syncd_connected();
}

void LocalServer::on_message(ConnectionId id, const local::ToFsd& message) {
  const auto* ask = std::get_if<local::Ask>(&message);
  if (id == syncd_ && ask == nullptr) {
    events_.on_syncd_message(message);
  } else if (id != syncd_ && ask != nullptr) {
    events_.on_ask(id, *ask);
  } else {
    refuse(id, Errc::denied,
           id == syncd_ ? "syncd asked a question that only tools may ask"
                        : "a tool sent a message that only syncd may send");
  }
}

void LocalServer::to_syncd(const local::ToSyncd& message) {
  if (syncd_ != 0) send(syncd_, message);
}

void LocalServer::answer(ConnectionId tool, const local::Answer& answer) {
  if (connections_.contains(tool)) send(tool, answer);
}

void LocalServer::send(ConnectionId id, const local::ToSyncd& message) {
  Connection& connection = connections_.at(id);
  if (connection.closing) return;
  Bytes frame = local::encode_to_syncd(message);
  const std::size_t size = frame.size();
  const Status sent = connection.stream->send_whole(frame);
  if (sent || sent.code() == Errc::closed) return;  // a broken stream reports itself
  const std::string who = id == syncd_ ? "syncd" : "a tool";
  log_.warning(sent.code() == Errc::no_space ? who + " does not read from the local socket; its connection was closed"
                                             : "a message of " + std::to_string(size) + " bytes for " + who +
                                                   " is over the limit of the local socket; its connection was closed");
  connection.closing = true;
  // Later: the caller may be in the middle of a series of messages to it.
  loop_.post([this, id] { forget(id); });
}

void LocalServer::refuse(ConnectionId id, Errc code, const std::string& sentence) {
  log_.warning(sentence);
  const Bytes frame = local::encode_to_syncd(local::Answer{0, code, false, sentence});
  if (const auto found = connections_.find(id); found != connections_.end()) {
    // Best effort: close() hands it to the kernel, and the reason stands in our log anyway.
    (void)found->second.stream->send(frame);
  }
  forget(id);
}

void LocalServer::forget(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  loop_.cancel(found->second.hello_timer);
  connections_.erase(found);
  if (id != syncd_) return;
  syncd_ = 0;
  log_.info("syncd is gone");
  if (events_.on_syncd_gone) events_.on_syncd_gone();
}

}  // namespace meshfs::fsd
