// Tells the kernel what is no longer true of its caches. On a thread of its own, since the kernel may make the
// caller wait for a lock held by somebody who waits for our reply. Any thread may queue; queueing never waits.
// Mutex guards the queue only; it is never held during a call into the kernel.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

struct fuse_session;

namespace meshfs::fsd::fuse {

class Notifier {
 public:
  // ~80 B each. A commit has up to 4096 entries with two notices each; more than 8 such at once is a flood, for
  // which one notice that makes the kernel ask again for everything is cheaper.
  static constexpr std::size_t kMaxQueued = 65'536;

  void start(fuse_session* session, int device);
  // The kernel must still be answered meanwhile: see idle().
  void stop();
  bool idle();

  void entry(std::uint64_t directory, const std::string& name);  // a name came, went or means another node
  void data(std::uint64_t ino);                                  // content and attributes; for directories: listing
  void attributes(std::uint64_t ino);

 private:
  struct Notice {
    enum class What : std::uint8_t { entry, data, attributes, everything } what;
    std::uint64_t ino;
    std::string name;
    bool operator==(const Notice&) const = default;
  };
  void queue(Notice notice);
  void run();
  void tell(const Notice& notice);

  fuse_session* session_ = nullptr;
  int device_ = -1;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Notice> queue_;
  bool busy_ = false, stop_ = false;
};

}  // namespace meshfs::fsd::fuse
