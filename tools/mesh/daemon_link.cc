#include "tools/mesh/daemon_link.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "schema/codec/local.h"
#include "schema/os/local_socket.h"
#include "schema/os/loop.h"
#include "tools/mesh/view.h"

namespace meshfs::tools {
namespace {

namespace local = codec::local;

constexpr std::size_t kLengthBytes = os::FrameStream::kLengthBytes;

Error another_version(const std::string& why) {
  return error(Errc::unsupported, "meshfs-fsd and this mesh (" MESHFS_VERSION ") are of different versions (" + why +
                                      "): install both from one release and restart meshfs-fsd.");
}

Error gone() {
  return error(Errc::closed, "meshfs-fsd went away before it answered: look into its log and start it again.");
}

}  // namespace

Result<DaemonLink> DaemonLink::connect(const std::string& socket) {
  auto connected = os::connect_local(socket);
  if (!connected) {
    if (connected.code() == Errc::denied) {
      return error(Errc::denied, "Only root may ask meshfs-fsd at " + printable(socket) + ": run this with sudo.");
    }
    return error(Errc::closed, "meshfs-fsd does not answer at " + printable(socket) +
                                   ": start it, or say where its folder is with --state (or MESHFS_STATE).");
  }
  DaemonLink link(std::move(*connected));
  const Status greeted = link.send(local::encode_to_fsd(local::Hello{local::kLocalVersion, local::Role::tool}),
                                   os::Loop::now() + kPatience);
  if (!greeted) return greeted.failure();
  return link;
}

Result<DaemonLink> DaemonLink::of_mount(const Arguments& arguments, const std::string& mount) {
  const auto status = read_view(mount, "status");
  if (!status) return status.failure();
  const std::string& named = status->json.at("socket").text;
  // --state wins: the mount may be seen from a container in which the socket lies elsewhere.
  return connect(named.empty() || arguments.has("--state") ? arguments.state + "/fsd.sock" : named);
}

Status DaemonLink::wait_for(short events, Instant deadline) {
  pollfd one{socket_.get(), events, 0};
  const auto left = to_ms(deadline - os::Loop::now());
  const int ready = left <= 0 ? 0 : poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left, 3'600'000)));
  if (ready > 0 || (ready < 0 && errno == EINTR)) return {};
  if (ready < 0) return gone();
  return error(Errc::closed, "meshfs-fsd did not answer in time: try again, and look into its log if it stays so.");
}

Status DaemonLink::send(ByteView message, Instant deadline) {
  Bytes frame(kLengthBytes);
  for (std::size_t i = 0; i < kLengthBytes; ++i) frame[i] = static_cast<std::uint8_t>(message.size() >> (8 * i));
  frame.insert(frame.end(), message.begin(), message.end());
  std::size_t done = 0;
  while (done < frame.size()) {
    const ssize_t sent = ::send(socket_.get(), frame.data() + done, frame.size() - done, MSG_NOSIGNAL);
    if (sent > 0) done += static_cast<std::size_t>(sent);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return {};  // the answer under way says why it was closed
    if (done < frame.size()) {
      if (const Status ready = wait_for(POLLOUT, deadline); !ready) return ready;
    }
  }
  return {};
}

Result<Bytes> DaemonLink::receive(Instant deadline) {
  Bytes bytes;
  std::size_t wanted = kLengthBytes;
  bool has_length = false;
  while (bytes.size() < wanted) {
    if (const Status ready = wait_for(POLLIN, deadline); !ready) return ready.failure();
    const std::size_t before = bytes.size();
    bytes.resize(wanted);
    const ssize_t got = ::recv(socket_.get(), bytes.data() + before, wanted - before, 0);
    bytes.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return gone();
    if (bytes.size() < wanted || has_length) continue;
    has_length = true;
    wanted = 0;
    for (std::size_t i = 0; i < kLengthBytes; ++i) wanted |= static_cast<std::size_t>(bytes[i]) << (8 * i);
    if (wanted == 0 || wanted > local::kMaxLocalFrame) return another_version("its frames are strange");
    bytes.clear();
  }
  return bytes;
}

Result<std::string> DaemonLink::ask(const std::string& verb, const std::vector<std::string>& fields,
                                    Duration patience) {
  local::Ask question;
  question.request = ++asked_;
  question.verb = verb;
  for (const auto& field : fields) {
    if (&field != &fields.front()) question.argument += '\0';
    question.argument += field;
  }
  if (question.argument.size() > local::kMaxArgument) return error(Errc::name_too_long, "That path is too long.");
  const Instant deadline = os::Loop::now() + patience;
  if (const Status sent = send(local::encode_to_fsd(question), deadline); !sent) return sent.failure();
  while (true) {
    const auto frame = receive(deadline);
    if (!frame) return frame.failure();
    const auto message = local::decode_to_syncd(*frame);
    const auto* answer = message ? std::get_if<local::Answer>(&*message) : nullptr;
    if (answer == nullptr) return another_version("its answer can't be read");
    if (answer->request != question.request && answer->request != 0) continue;
    if (answer->ok) return answer->text;
    if (answer->request == 0 && answer->code == Errc::unsupported) return another_version("of the local socket");
    if (answer->code == Errc::unsupported && answer->text.find("does not know the question") != std::string::npos)
      return another_version("it does not know `" + verb + "`");
    return error(answer->code, answer->text.empty() ? "meshfs-fsd could not answer." : answer->text);
  }
}

Result<Json> DaemonLink::ask_json(const std::string& verb, const std::vector<std::string>& fields, Duration patience) {
  const auto text = ask(verb, fields, patience);
  if (!text) return text.failure();
  auto json = parse_json(*text);
  if (!json) return another_version("its answer to `" + verb + "` can't be read");
  return json;
}

Result<Asked> ask_about(const Arguments& arguments, const std::string& word) {
  auto place = find_place(arguments, word);
  if (!place) return place.failure();
  auto daemon = DaemonLink::of_mount(arguments, place->mount);
  if (!daemon) return daemon.failure();
  return Asked{std::move(*place), std::move(*daemon)};
}

}  // namespace meshfs::tools
