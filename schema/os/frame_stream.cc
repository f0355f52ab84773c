#include "schema/os/frame_stream.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace meshfs::os {
namespace {

constexpr std::size_t kBlockBytes = 4096;          // small frames of one turn share a block
constexpr std::size_t kFlushAtBytes = 256 * 1024;  // do not wait for the turn's end with more than this
constexpr std::size_t kBlocksPerWrite = 64;
constexpr std::size_t kTakenFromBytes =
    16 * 1024;  // a frame this large is a block of its own; below, copying costs less
constexpr std::size_t kKeepPartialBytes = 16 * 1024;  // a larger buffer goes back: many idle neighbours, little memory

std::size_t read_length(const std::uint8_t* at) {
  return static_cast<std::size_t>(at[0]) | static_cast<std::size_t>(at[1]) << 8 |
         static_cast<std::size_t>(at[2]) << 16 | static_cast<std::size_t>(at[3]) << 24;
}

void append_length(Bytes& block, std::size_t n) {
  for (unsigned shift = 0; shift < 32; shift += 8) block.push_back(static_cast<std::uint8_t>(n >> shift));
}

Error closed_by(int number) {
  if (number == 0) return error(Errc::closed, "the other side closed the connection");
  return error(Errc::closed, std::string("the connection broke: ") + std::strerror(number));
}

}  // namespace

FrameStream::FrameStream(Loop& loop, Fd socket, Limits limits, Events events)
    : loop_(loop),
      socket_(std::move(socket)),
      limits_(limits),
      events_(std::make_shared<const Events>(std::move(events))),
      max_incoming_(limits.max_first_frame),
      alive_(std::make_shared<bool>(true)) {
  loop_.watch(socket_.get(), Loop::kReadable, [this](unsigned ready) { on_ready(ready); });
}

FrameStream::~FrameStream() { close(); }

// Whether a frame of this size may be queued now.
Status FrameStream::make_room(std::size_t frame_bytes) {
  if (!socket_ || broken_) return error(Errc::closed, "the connection is closed");
  if (frame_bytes > limits_.max_frame) return error(Errc::too_large, "the frame is over the limit of this stream");
  const std::size_t size = kLengthBytes + frame_bytes;
  // One frame always fits into an empty queue, whatever the limits say.
  if (queued_ != 0 && queued_ + size > limits_.max_queued) flush();
  if (queued_ != 0 && queued_ + size > limits_.max_queued) {
    wants_room_ = true;
    return error(Errc::no_space, "the send queue is full");
  }
  return {};
}

// A block with room for that many bytes more.
Bytes& FrameStream::block_for(std::size_t bytes) {
  if (outgoing_.empty() || outgoing_.back().capacity() - outgoing_.back().size() < bytes) {
    outgoing_.emplace_back();
    outgoing_.back().reserve(std::max(bytes, kBlockBytes));
  }
  return outgoing_.back();
}

void FrameStream::queued_more(std::size_t bytes) {
  queued_ += bytes;
  if (queued_ >= kFlushAtBytes) flush();
  if (queued_ != 0) flush_at_turn_end();
}

Status FrameStream::send(ByteView frame) {
  if (Status room = make_room(frame.size()); !room) return room;
  Bytes& block = block_for(kLengthBytes + frame.size());
  append_length(block, frame.size());
  block.insert(block.end(), frame.begin(), frame.end());
  queued_more(kLengthBytes + frame.size());
  return {};
}

Status FrameStream::send_whole(Bytes& frame) {
  if (frame.size() < kTakenFromBytes) return send(frame);
  if (Status room = make_room(frame.size()); !room) return room;
  append_length(block_for(kLengthBytes), frame.size());
  const std::size_t size = kLengthBytes + frame.size();
  outgoing_.push_back(std::move(frame));
  queued_more(size);
  return {};
}

void FrameStream::close() {
  if (!socket_) return;
  if (!broken_) flush();
  *alive_ = false;
  loop_.unwatch(socket_.get());
  socket_.reset();
  outgoing_.clear();
  queued_ = 0;
  partial_ = {};
}

void FrameStream::flush_at_turn_end() {
  if (flush_planned_) return;
  flush_planned_ = true;
  loop_.at_turn_end([this, alive = alive_] {
    if (!*alive) return;
    flush_planned_ = false;
    if (!broken_) flush();
    if (broken_) fail(*broken_);
  });
}

void FrameStream::flush() {
  while (!outgoing_.empty() && !blocked_) {
    std::array<iovec, kBlocksPerWrite> parts;
    std::size_t count = 0, offered = 0;
    for (auto block = outgoing_.begin(); block != outgoing_.end() && count < parts.size(); ++block, ++count) {
      const std::size_t skip = count == 0 ? sent_of_front_ : 0;
      parts[count] = {block->data() + skip, block->size() - skip};
      offered += block->size() - skip;
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN && errno != ENOTCONN) {
      broken_ = closed_by(errno);
      flush_at_turn_end();
      return;
    }
    std::size_t left = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    blocked_ = left < offered;
    queued_ -= left;
    while (left > 0) {
      const std::size_t of_front = std::min(left, outgoing_.front().size() - sent_of_front_);
      sent_of_front_ += of_front;
      left -= of_front;
      if (sent_of_front_ < outgoing_.front().size()) break;
      outgoing_.pop_front();
      sent_of_front_ = 0;
    }
  }
  watch_for(blocked_ ? Loop::kReadable | Loop::kWritable : Loop::kReadable);
}

void FrameStream::watch_for(unsigned events) {
  if (socket_) loop_.watch(socket_.get(), events);
}

void FrameStream::on_ready(unsigned events) {
  const auto alive = alive_;
  if ((events & Loop::kWritable) != 0 && blocked_) {
    blocked_ = false;
    flush();
    if (wants_room_ && queued_ <= limits_.max_queued / 2) {
      wants_room_ = false;
      if (const auto hold = events_; hold->on_room) hold->on_room();
      if (!*alive) return;
    }
  }
  if ((events & Loop::kReadable) != 0) read_some();
}

void FrameStream::read_some() {
  // Either a frame is under way and gets the bytes it lacks first, straight into place, or (nothing or less than a
  // length is here) everything goes to the shared buffer. What follows the frame lands in the shared buffer.
  const std::span<std::uint8_t> buffer = loop_.io_buffer();
  const std::size_t have = partial_.size();
  std::size_t lacking = 0, ahead = 0, part_count = 2;
  if (have >= kLengthBytes) {
    lacking = kLengthBytes + read_length(partial_.data()) - have;
    // At most one buffer at a time: memory follows the bytes that came, not the length that was claimed.
    if (lacking > buffer.size()) {
      lacking = buffer.size();
      part_count = 1;  // what follows these is still the same frame
    }
    partial_.resize(have + lacking);
  } else {
    std::copy(partial_.begin(), partial_.end(), buffer.begin());
    ahead = have;
    partial_.clear();
  }
  iovec parts[2] = {{partial_.data() + have, lacking}, {buffer.data() + ahead, buffer.size() - ahead}};
  msghdr message{};
  message.msg_iov = lacking != 0 ? parts : parts + 1;
  message.msg_iovlen = lacking != 0 ? part_count : 1;
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  const std::size_t bytes = got > 0 ? static_cast<std::size_t>(got) : 0;
  const std::size_t placed = std::min(bytes, lacking);
  if (lacking != 0) partial_.resize(have + placed);
  if (got < 0 && errno == EAGAIN) {
    if (ahead != 0) partial_.assign(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(ahead));
    return;
  }
  if (got <= 0) return fail(closed_by(got < 0 ? errno : 0));

  if (lacking != 0) {
    if (partial_.size() < kLengthBytes + read_length(partial_.data())) return;
    Bytes frame = std::exchange(partial_, {});
    if (!deliver(ByteView(frame).subspan(kLengthBytes))) return;
    frame.clear();
    if (frame.capacity() <= kKeepPartialBytes) partial_ = std::move(frame);
  }
  take_frames(ByteView(buffer.data(), ahead + bytes - placed));
}

Result<std::size_t> FrameStream::length_at(ByteView bytes) const {
  const std::size_t length = read_length(bytes.data());
  if (length <= max_incoming_) return length;
  return error(Errc::too_large, "the other side announced a frame of " + std::to_string(length) +
                                    " bytes where at most " + std::to_string(max_incoming_) + " are allowed");
}

bool FrameStream::take_frames(ByteView bytes) {
  while (bytes.size() >= kLengthBytes) {
    const auto length = length_at(bytes);
    if (!length) {
      fail(length.failure());
      return false;
    }
    if (bytes.size() - kLengthBytes < *length) break;
    const ByteView frame = bytes.subspan(kLengthBytes, *length);
    bytes = bytes.subspan(kLengthBytes + *length);
    if (!deliver(frame)) return false;
  }
  // Room for all of the frame at once: untouched pages cost nothing, moving what came at each read does.
  if (bytes.size() >= kLengthBytes) partial_.reserve(kLengthBytes + read_length(bytes.data()));
  partial_.assign(bytes.begin(), bytes.end());
  return true;
}

bool FrameStream::deliver(ByteView frame) {
  max_incoming_ = limits_.max_frame;
  const auto alive = alive_;
  const auto hold = events_;
  hold->on_frame(frame);
  return *alive;
}

void FrameStream::fail(Error why) {
  broken_ = why;
  const auto hold = events_;
  close();
  if (hold->on_closed) hold->on_closed(why);  // may destroy this
}

}  // namespace meshfs::os
