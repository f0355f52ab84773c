// A local socket that answers as a test says, on a thread of its own: the other end of DaemonLink without a daemon.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "schema/codec/local.h"
#include "schema/os/frame_stream.h"
#include "schema/os/local_socket.h"

namespace meshfs::tools {

class FakeFsd {
 public:
  using Handler = std::function<codec::local::Answer(const codec::local::Ask& question)>;
  // Listens at `socket`. `handler` runs on the fake's thread.
  FakeFsd(const std::string& socket, Handler handler);
  ~FakeFsd();

  // What was asked so far: verb and fields, joined by '|'.
  std::vector<std::string> asked();

 private:
  void take(std::size_t connection, ByteView frame);

  Handler handler_;
  os::Loop loop_;
  std::unique_ptr<os::LocalListener> listener_;
  std::vector<std::unique_ptr<os::FrameStream>> streams_;
  std::mutex mutex_;  // guards asked_
  std::vector<std::string> asked_;
  std::thread thread_;
};

// A folder under $TMPDIR that goes with its owner.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  [[nodiscard]] const std::string& path() const { return path_; }
  void write(const std::string& name, const std::string& bytes) const;  // makes folders on the way
  [[nodiscard]] std::string read(const std::string& name) const;

 private:
  std::string path_;
};

}  // namespace meshfs::tools
