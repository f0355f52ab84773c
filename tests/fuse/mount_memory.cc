// Mounts an empty MemoryTree: mount_memory <mount point> <staging folder> [storing delay in ms].
// Prints "ready" when it is mounted. Lines on standard input are what another node does:
//   write <path> <text> | remove <path> | chmod <path> <octal mode> | link <path> <new name beside it>
// Each is answered with "ok" or the error. Ends at SIGTERM or end of input.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "fsd/fuse/mount.h"
#include "schema/os/log.h"
#include "tests/fuse/memory_content.h"
#include "tests/fuse/memory_tree.h"

namespace meshfs::fsd::fuse {
namespace {

class TwoFiles final : public VirtualFiles {
 public:
  std::vector<std::string> names() override { return {"status", "large"}; }
  Result<std::string> text(std::string_view name) override {
    if (name == "large") return std::string(300'000, 'x');
    return "opened " + std::to_string(++opened_) + " times\n";
  }

 private:
  int opened_ = 0;
};

Status obey(MemoryTree& tree, const std::string& line) {
  std::istringstream in(line);
  std::string verb, path, rest;
  in >> verb >> path;
  std::getline(in >> std::ws, rest);
  if (verb == "write") return tree.foreign_write(path, rest);
  if (verb == "link") return tree.foreign_link(path, rest);
  if (verb == "remove") return tree.foreign_remove(path);
  if (verb == "chmod") return tree.foreign_chmod(path, static_cast<std::uint16_t>(std::stoul(rest, nullptr, 8)));
  return Errc::invalid;
}

int run(const std::string& mount_point, const std::string& staging, Duration delay, HeraldProcess herald) {
  os::Loop loop;
  os::Log log("mount_memory");
  MemoryTree tree;
  MemoryContent content([&](std::function<void()> work) { loop.after(delay, std::move(work)); });
  TwoFiles virtual_files;
  std::unique_ptr<Mount> mount;
  bool ending = false;
  const auto end = [&] {
    if (std::exchange(ending, true)) return;
    if (mount) mount->begin_stop();
    loop.unwatch(0);
  };
  loop.on_terminate(end);
  auto started =
      Mount::start(loop, {mount_point, staging},
                   {tree, content, virtual_files, [&](const std::string& note) { log.info(note); }, std::move(herald)});
  if (!started) {
    log.warning(started.failure().message);
    return 1;
  }
  mount = std::move(*started);
  mount->on_unmounted(end);
  std::string input;
  loop.watch(0, os::Loop::kReadable, [&](unsigned) {
    char buffer[65536];
    const ssize_t n = ::read(0, buffer, sizeof buffer);
    if (n <= 0) return end();
    input.append(buffer, static_cast<std::size_t>(n));
    for (std::size_t at = input.find('\n'); at != input.npos; at = input.find('\n')) {
      const Status done = obey(tree, input.substr(0, at));
      std::cout << (done ? "ok" : "failed " + std::to_string(static_cast<int>(done.code()))) << std::endl;
      input.erase(0, at + 1);
    }
  });
  std::cout << "ready" << std::endl;
  while (!ending || !mount->idle()) loop.run_once(milliseconds(100));
  const Mount::Figures figures = mount->figures();
  std::cerr << "versions " << tree.versions << ", drafts " << tree.drafts << ", attribute changes "
            << tree.attribute_changes << ", events " << figures.events << ", unwatched " << figures.unwatched
            << ", scans " << figures.scans << ", scan us " << figures.scan_us << std::endl;
  return 0;
}

}  // namespace
}  // namespace meshfs::fsd::fuse

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: mount_memory <mount point> <staging folder> [storing delay in ms]\n";
    return 2;
  }
  auto herald = meshfs::fsd::fuse::fork_herald(true);
  if (!herald) return 1;
  const meshfs::Duration delay = meshfs::milliseconds(argc > 3 ? std::atoi(argv[3]) : 0);
  return meshfs::fsd::fuse::run(argv[1], argv[2], delay, std::move(*herald));
}
