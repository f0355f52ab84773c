// mesh watch: changes of the tree as they happen, from .mesh/events.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "schema/os/fd.h"
#include "schema/os/loop.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/event_line.h"
#include "tools/mesh/place.h"
#include "tools/mesh/screen.h"
#include "tools/mesh/view.h"

namespace meshfs::tools {
namespace {

Result<os::Fd> open_feed(const Arguments& arguments, const std::string& mount) {
  // A daemon that is down, or no mesh, is told by the view that every version has.
  if (const auto status = read_view(mount, "status"); !status) return status.failure();
  os::Fd feed(open((mount + "/.mesh/events").c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!feed && errno == ENOENT)
    return error(Errc::unsupported,
                 "This meshfs-fsd has no .mesh/events: install mesh and meshfs-fsd from one release.");
  if (!feed)
    return error(Errc::denied, "Can't read " + printable(mount) + "/.mesh/events: " + std::strerror(errno) + ".");
  // The position in the feed is the cursor; without one only what comes from now on.
  const auto cursor = arguments.number("--since", 0, -1);
  if (!cursor) return cursor.failure();
  if (lseek(feed.get(), std::max<std::int64_t>(*cursor, 0), *cursor < 0 ? SEEK_END : SEEK_SET) < 0)
    return error(Errc::io, std::string("Can't go to that place of the feed: ") + std::strerror(errno) + ".");
  return feed;
}

class Watcher {
 public:
  Watcher(const Arguments& arguments, std::string path) : arguments_(arguments), path_(std::move(path)) {}

  void take(std::string_view bytes) {
    partial_ += bytes;
    std::size_t from = 0;
    for (std::size_t end; (end = partial_.find('\n', from)) != std::string::npos; from = end + 1)
      show(partial_.substr(from, end - from));
    partial_.erase(0, from);
    std::fflush(stdout);
  }

 private:
  void show(const std::string& line) const {
    const auto event = parse_json(line);
    if (!event || !concerns(*event, path_)) return;
    if (arguments_.json) {
      std::printf("%s\n", line.c_str());
    } else {
      std::printf("%s\n", event_text(*event, arguments_.colour).c_str());
    }
  }

  const Arguments& arguments_;
  std::string path_;     // relative to the mount; "": everything
  std::string partial_;  // the start of a line: bounded, since fsd writes whole lines
};

}  // namespace

Exit watch_changes(const Arguments& arguments) {
  const auto timeout_s = arguments.number("--timeout", 0, -1);
  if (!timeout_s) return complain(timeout_s.failure());
  const auto place = find_place(arguments, arguments.words.empty() ? arguments.mount : arguments.words[0]);
  if (!place) return complain(place.failure());
  const auto feed = open_feed(arguments, place->mount);
  if (!feed) return complain(feed.failure());
  const Instant deadline =
      *timeout_s < 0 ? kNever : os::Loop::now() + seconds(std::min<std::int64_t>(*timeout_s, 1'000'000'000));
  Watcher watcher(arguments, place->path);
  std::array<char, 64 * 1024> piece;
  while (true) {
    const ssize_t got = read(feed->get(), piece.data(), piece.size());
    if (got > 0) {
      watcher.take({piece.data(), static_cast<std::size_t>(got)});
      continue;
    }
    if (got < 0 && errno != EAGAIN && errno != EINTR) {
      return complain(Exit::not_running, "The feed of " + printable(place->mount) + " ended (" + std::strerror(errno) +
                                             "): start meshfs-fsd again.");
    }
    const auto left_ms = to_ms(deadline - os::Loop::now());
    if (left_ms <= 0) return Exit::ok;  // --timeout is how long to watch
    pollfd one{feed->get(), POLLIN, 0};
    poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left_ms, 1000)));
    if (got == 0 && (one.revents & POLLIN) != 0) poll(nullptr, 0, 50);  // readable at its end: never spin
  }
}

}  // namespace meshfs::tools
