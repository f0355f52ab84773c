#include "fsd/fuse/mounter.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "fsd/fuse/mount_point.h"
#include "schema/os/call_filter.h"
#include "schema/os/passed_fd.h"
#include "schema/os/privileges.h"

namespace meshfs::fsd::fuse {
namespace {

enum class Word : std::uint8_t { attach, detach, device, note, failure, gone, lazily };

struct Letter {
  Word word = Word::attach;
  std::uint8_t code = 0;  // failure: of Errc
  char text[1022] = {};   // note, failure: a sentence; a longer one is cut
};

bool send(int socket, Word word, int device = -1, Errc code = Errc::internal, const std::string& text = {}) {
  Letter letter{word, static_cast<std::uint8_t>(code), {}};
  std::memcpy(letter.text, text.data(), std::min(text.size(), sizeof letter.text - 1));
  return os::send_with(socket, &letter, sizeof letter, device);
}

bool receive(int socket, Letter& letter, os::Fd& device) {
  return os::receive_with(socket, &letter, sizeof letter, device) == static_cast<ssize_t>(sizeof letter);
}

void serve(int socket, const std::string& mount_point) {
  Letter order;
  os::Fd nothing;
  while (receive(socket, order, nothing)) {
    if (order.word == Word::detach) {
      send(socket, detach(mount_point) ? Word::gone : Word::lazily);
      return;
    }
    const auto device = attach(
        mount_point, [&](const std::string& sentence) { send(socket, Word::note, -1, Errc::internal, sentence); });
    if (device) {
      send(socket, Word::device, device->get());
    } else {
      send(socket, Word::failure, -1, device.code(), device.failure().message);
    }
  }
}

[[noreturn]] void live(int socket, const std::string& mount_point) {
  static constexpr os::CallRule kMounting[] = {{SYS_mount, 0, 0, 0}};
  ::prctl(PR_SET_NAME, "meshfs-mounter");
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) ::signal(signal, SIG_IGN);  // it ends with the daemon
  // The mount point may lie below somebody's private folder.
  if (!os::keep_capabilities(os::capabilities({CAP_SYS_ADMIN, CAP_DAC_READ_SEARCH}))) ::_exit(1);
  os::refuse_calls_of_administrators(kMounting);
  serve(socket, mount_point);
  ::_exit(0);
}

}  // namespace

Mounter Mounter::fork(const std::string& mount_point) {
  Mounter out;
  out.elsewhere_ = true;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return out;
  out.process_ = os::Fd(ends[0]);
  const os::Fd its(ends[1]);
  if (::fork() != 0) return out;
  out.process_.reset();
  live(its.get(), mount_point);
}

Result<os::Fd> Mounter::attach(const std::string& mount_point, const Note& note) {
  if (!elsewhere_) return fuse::attach(mount_point, note);
  send(process_.get(), Word::attach);
  Letter letter;
  os::Fd device;
  while (receive(process_.get(), letter, device)) {
    letter.text[sizeof letter.text - 1] = 0;
    if (device) return device;
    std::string sentence(static_cast<const char*>(letter.text));
    if (letter.word == Word::failure) return error(static_cast<Errc>(letter.code), std::move(sentence));
    note(sentence);
  }
  return error(Errc::internal, "The process that mounts is gone: start meshfs-fsd again.");
}

bool Mounter::detach(const std::string& mount_point) {
  if (!elsewhere_) return fuse::detach(mount_point);
  send(process_.get(), Word::detach);
  Letter answer;
  os::Fd nothing;
  return receive(process_.get(), answer, nothing) && answer.word == Word::gone;
}

}  // namespace meshfs::fsd::fuse
