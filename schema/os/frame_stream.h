// Frames over a connected stream socket: 4 bytes little-endian length, then the bytes. Carries the local socket and
// the tcp link. Owned by whoever accepted or connected; the loop's thread only. Never blocks, never decodes.
// It may be destroyed inside its own callbacks.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "schema/os/loop.h"
#include "schema/vocab/bytes.h"
#include "schema/vocab/result.h"

namespace meshfs::os {

class FrameStream {
 public:
  static constexpr std::size_t kLengthBytes = 4;

  struct Limits {
    std::size_t max_first_frame;  // what a stranger may make us keep
    std::size_t max_frame;        // later frames, and what send() takes
    std::size_t max_queued;       // bytes not yet taken by the kernel; beyond it send() says no_space
  };
  struct Events {
    std::function<void(ByteView frame)> on_frame;     // the view is valid during the call
    std::function<void(const Error& why)> on_closed;  // once, never inside send(); not after close()
    std::function<void()> on_room;                    // after no_space: at most half of max_queued is left
  };

  // `socket` is connected (or still connecting: bytes wait until it is writable) and non-blocking.
  FrameStream(Loop& loop, Fd socket, Limits limits, Events events);
  ~FrameStream();
  FrameStream(const FrameStream&) = delete;
  FrameStream& operator=(const FrameStream&) = delete;

  // Queues one frame; it leaves with others at the end of the loop's turn. too_large, no_space, closed.
  Status send(ByteView frame);
  // The same; the bytes of a large frame are taken, not copied, if it is accepted. Refused ones stay as they are.
  Status send_whole(Bytes& frame);
  void close();  // hands what is queued to the kernel if it fits, then closes; no more callbacks

  [[nodiscard]] bool is_open() const { return static_cast<bool>(socket_); }
  [[nodiscard]] std::size_t queued() const { return queued_; }
  [[nodiscard]] int socket() const { return socket_.get(); }  // to ask the kernel about, no more

 private:
  void on_ready(unsigned events);
  void read_some();
  // Hands out the whole frames in `bytes`; false if this object closed or died meanwhile.
  bool take_frames(ByteView bytes);
  bool deliver(ByteView frame);
  Result<std::size_t> length_at(ByteView bytes) const;
  Status make_room(std::size_t frame_bytes);
  Bytes& block_for(std::size_t bytes);
  void queued_more(std::size_t bytes);
  void flush();
  void flush_at_turn_end();
  void fail(Error why);
  void watch_for(unsigned events);

  Loop& loop_;
  Fd socket_;
  Limits limits_;
  std::shared_ptr<const Events> events_;  // held while one runs, since it may destroy this
  std::size_t max_incoming_;
  Bytes partial_;               // start of a frame, length included
  std::deque<Bytes> outgoing_;  // blocks of frames with their lengths
  std::size_t sent_of_front_ = 0;
  std::size_t queued_ = 0;
  bool blocked_ = false;  // the kernel's buffer is full: wait for writable
  bool wants_room_ = false;
  bool flush_planned_ = false;
  std::optional<Error> broken_;  // found while sending; reported at the end of the turn
  std::shared_ptr<bool> alive_;  // false once destroyed or closed, seen by callers further up the stack
};

}  // namespace meshfs::os
