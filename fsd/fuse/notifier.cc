#include "fsd/fuse/notifier.h"

#include <unistd.h>

#include <csignal>

#include "fsd/fuse/fuse_api.h"

namespace meshfs::fsd::fuse {
namespace {

// fuse_out_header of a notification; code 8 makes the kernel check every cached name again (Linux 6.16 and later).
struct EpochNotice {
  std::uint32_t length = sizeof(EpochNotice);
  std::int32_t code = 8;  // FUSE_NOTIFY_INC_EPOCH
  std::uint64_t unique = 0;
};

}  // namespace

void Notifier::start(fuse_session* session, int device) {
  session_ = session;
  device_ = device;
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are the main thread's
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Notifier::stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
    queue_.clear();
  }
  wake_.notify_one();
  thread_.join();
}

bool Notifier::idle() {
  std::lock_guard lock(mutex_);
  return queue_.empty() && !busy_;
}

void Notifier::entry(std::uint64_t directory, const std::string& name) {
  queue({Notice::What::entry, directory, name});
}
void Notifier::data(std::uint64_t ino) { queue({Notice::What::data, ino, {}}); }
void Notifier::attributes(std::uint64_t ino) { queue({Notice::What::attributes, ino, {}}); }

void Notifier::queue(Notice notice) {
  {
    std::lock_guard lock(mutex_);
    if (stop_ || (!queue_.empty() && queue_.back() == notice)) return;
    if (queue_.size() >= kMaxQueued) {
      queue_.clear();
      notice = {Notice::What::everything, 0, {}};
    }
    queue_.push_back(std::move(notice));
  }
  wake_.notify_one();
}

void Notifier::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stop_ || !queue_.empty(); });
    if (stop_) return;
    const Notice notice = std::move(queue_.front());
    queue_.pop_front();
    busy_ = true;
    lock.unlock();
    tell(notice);
    lock.lock();
    busy_ = false;
  }
}

// Failures mean that the kernel has nothing cached there, or is gone: both are fine.
void Notifier::tell(const Notice& notice) {
  switch (notice.what) {
    case Notice::What::entry:
      fuse_lowlevel_notify_inval_entry(session_, notice.ino, notice.name.c_str(), notice.name.size());
      break;
    case Notice::What::data:
      fuse_lowlevel_notify_inval_inode(session_, notice.ino, 0, 0);
      break;
    case Notice::What::attributes:
      fuse_lowlevel_notify_inval_inode(session_, notice.ino, -1, 0);
      break;
    case Notice::What::everything: {
      const EpochNotice epoch;
      static_cast<void>(!::write(device_, &epoch, sizeof epoch));
      break;
    }
  }
}

}  // namespace meshfs::fsd::fuse
