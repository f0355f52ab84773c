// A connection to meshfs-fsd's local socket: one question, one answer. Blocks; the command line has nothing else to do.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "schema/os/fd.h"
#include "schema/vocab/bytes.h"
#include "schema/vocab/result.h"
#include "schema/vocab/time.h"
#include "tools/mesh/json.h"
#include "tools/mesh/place.h"

namespace meshfs::tools {

class DaemonLink {
 public:
  // What a question that needs no other node may take: a log of 100 versions is a few ms, a slow router 100 times that.
  static constexpr Duration kPatience = seconds(20);

  // closed: nobody listens; denied: only root may ask.
  static Result<DaemonLink> connect(const std::string& socket);
  // The daemon of a mount: .mesh/status names its socket.
  static Result<DaemonLink> of_mount(const Arguments& arguments, const std::string& mount);

  // The text of the answer. Fields may hold any byte but NUL. Fails as the daemon says; unsupported: it does not know the
  // question or speaks another version; closed: it went away or said nothing within `patience`.
  Result<std::string> ask(const std::string& verb, const std::vector<std::string>& fields,
                          Duration patience = kPatience);
  Result<Json> ask_json(const std::string& verb, const std::vector<std::string>& fields, Duration patience = kPatience);

 private:
  explicit DaemonLink(os::Fd socket) : socket_(std::move(socket)) {}
  Status send(ByteView message, Instant deadline);
  Result<Bytes> receive(Instant deadline);
  Status wait_for(short events, Instant deadline);

  os::Fd socket_;
  std::uint64_t asked_ = 0;
};

// A file of the mesh and the daemon that knows it.
struct Asked {
  Place place;
  DaemonLink daemon;
};
Result<Asked> ask_about(const Arguments& arguments, const std::string& word);

}  // namespace meshfs::tools
