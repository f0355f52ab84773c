#include "schema/os/passed_fd.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace meshfs::os {
namespace {

struct Message : msghdr {
  Message(void* bytes, std::size_t size) : msghdr{} {
    part = {bytes, size};
    msg_iov = &part;
    msg_iovlen = 1;
    msg_control = control;
    msg_controllen = sizeof control;
  }
  iovec part{};
  alignas(cmsghdr) unsigned char control[CMSG_SPACE(sizeof(int))] = {};
};

}  // namespace

bool send_with(int socket, const void* bytes, std::size_t size, int descriptor) {
  Message message(const_cast<void*>(bytes), size);
  if (descriptor < 0) message.msg_controllen = 0;
  if (cmsghdr* const head = CMSG_FIRSTHDR(&message)) {
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) >= 0;
}

ssize_t receive_with(int socket, void* bytes, std::size_t size, Fd& descriptor) {
  Message message(bytes, size);
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  const cmsghdr* const head = CMSG_FIRSTHDR(&message);
  if (got >= 0 && head != nullptr && head->cmsg_type == SCM_RIGHTS) {
    int number = -1;
    std::memcpy(&number, CMSG_DATA(head), sizeof number);
    descriptor = Fd(number);
  }
  return got;
}

}  // namespace meshfs::os
