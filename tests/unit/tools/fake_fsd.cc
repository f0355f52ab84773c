#include "tests/unit/tools/fake_fsd.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace meshfs::tools {

namespace local = codec::local;

FakeFsd::FakeFsd(const std::string& socket, Handler handler) : handler_(std::move(handler)) {
  auto listener = os::LocalListener::open(loop_, socket, [this](os::Fd connection) {
    const std::size_t number = streams_.size();
    streams_.push_back(std::make_unique<os::FrameStream>(
        loop_, std::move(connection), os::kLocalLimits,
        os::FrameStream::Events{[this, number](ByteView frame) { take(number, frame); }, [](const Error&) {}, {}}));
  });
  CHECK(listener.ok());
  listener_ = std::move(*listener);
  thread_ = std::thread([this] { loop_.run(); });
}

FakeFsd::~FakeFsd() {
  loop_.stop();
  thread_.join();
}

std::vector<std::string> FakeFsd::asked() {
  const std::lock_guard lock(mutex_);
  return asked_;
}

void FakeFsd::take(std::size_t connection, ByteView frame) {
  const auto message = local::decode_to_fsd(frame);
  CHECK(message.ok());
  const auto* question = std::get_if<local::Ask>(&*message);
  if (question == nullptr) return;  // the greeting
  std::string words = question->verb + "|" + question->argument;
  std::replace(words.begin(), words.end(), '\0', '|');
  {
    const std::lock_guard lock(mutex_);
    asked_.push_back(words);
  }
  (void)streams_[connection]->send(local::encode_to_syncd(handler_(*question)));
}

TestFolder::TestFolder() {
  path_ = (std::filesystem::temp_directory_path() / "meshfs-tools-XXXXXX").string();
  CHECK(mkdtemp(path_.data()) != nullptr);
}

TestFolder::~TestFolder() { std::filesystem::remove_all(path_); }

void TestFolder::write(const std::string& name, const std::string& bytes) const {
  const std::filesystem::path file = path_ + "/" + name;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << bytes;
}

std::string TestFolder::read(const std::string& name) const {
  std::ostringstream out;
  out << std::ifstream(path_ + "/" + name, std::ios::binary).rdbuf();
  return out.str();
}

}  // namespace meshfs::tools
