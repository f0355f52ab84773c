#include "syncd/os/fsd_connection.h"

namespace meshfs::syncd {

namespace local = codec::local;

FsdConnection::FsdConnection(os::Loop& loop, const os::Log& log, std::string path, Events events)
    : loop_(loop),
      log_(log),
      said_path_(std::move(path)),
      events_(std::move(events)),
      alive_(std::make_shared<bool>(true)) {}

FsdConnection::~FsdConnection() {
  *alive_ = false;
  loop_.cancel(retry_);
}

Status FsdConnection::check_path(const std::string& path) {
  const auto tried = os::connect_local(path);
  if (!tried && (tried.code() == Errc::name_too_long || tried.code() == Errc::invalid)) return tried.failure();
  return {};
}

void FsdConnection::start(std::string path) {
  path_ = std::move(path);
  connect();
}

void FsdConnection::connect() {
  auto socket = os::connect_local(path_, said_path_);
  if (!socket) {
    complain(socket.failure().message + " (trying again until it is there)");
    retry_ = loop_.after(kRetryAfter, [this] { connect(); });
    return;
  }
  refused_ = false;
  stream_ = std::make_unique<os::FrameStream>(
      loop_, std::move(*socket), os::kLocalLimits,
      os::FrameStream::Events{
          [this](ByteView frame) { on_frame(frame); }, [this](const Error& why) { lose(why.message); }, {}});
  send(local::Hello{local::kLocalVersion, local::Role::syncd});
}

void FsdConnection::on_frame(ByteView frame) {
  auto message = local::decode_to_syncd(frame);
  if (!message) return lose("it sent bytes that are no message: " + message.failure().message);
  if (const auto* answer = std::get_if<local::Answer>(&*message)) {
    // The only questions syncd asks is whether it may connect; closing follows.
    refused_ = true;
    return complain("meshfs-fsd refused: " + answer->text);
  }
  if (const auto* welcome = std::get_if<local::Welcome>(&*message)) {
    if (welcome->version != local::kLocalVersion) {
      refused_ = true;
      return lose("it speaks version " + std::to_string(welcome->version) + " of the local socket and syncd version " +
                  std::to_string(local::kLocalVersion) + "; install both from one release and restart them");
    }
    last_complaint_.clear();
    log_.info("connected to meshfs-fsd: node " + welcome->node_name + " of network " + welcome->network_name);
  }
  events_.on_message(std::move(*message));
}

void FsdConnection::send(local::ToFsd message) {
  if (!stream_ || losing_) return;
  Bytes frame = local::encode_to_fsd(message);
  const Status sent = stream_->send_whole(frame);
  if (sent || sent.code() == Errc::closed) return;  // a broken stream reports itself
  losing_ = true;
  const std::string why = sent.code() == Errc::no_space ? "it does not read what syncd sends"
                                                        : "a message to it is over the limit of the local socket";
  loop_.post([this, why, alive = alive_] {
    if (*alive) lose(why);
  });
}

void FsdConnection::lose(const std::string& why) {
  if (!stream_) return;
  losing_ = false;
  stream_.reset();
  if (!refused_) complain("lost meshfs-fsd: " + why + "; connecting again");
  retry_ = loop_.after(refused_ ? kRetryAfterRefusal : kRetryAfter, [this] { connect(); });
  events_.on_gone();
}

void FsdConnection::complain(const std::string& sentence) {
  if (sentence != last_complaint_) log_.warning(sentence);
  last_complaint_ = sentence;
}

}  // namespace meshfs::syncd
