// mesh-documents FOLDER FSD SYNCD MESSAGES: writes mesh.1, meshfs-fsd.8, meshfs-syncd.8, meshfs-messages.8 and the bash completion into FOLDER.
// Runs at build time; never installed.
#include <array>
#include <cstdio>
#include <fstream>
#include <memory>

#include "tools/mesh/documents.h"

namespace {

using meshfs::tools::DaemonPage;

constexpr DaemonPage kFsd{
    "meshfs-fsd", "keeps this node's store and shows the mesh as a directory",
    "Mounts the tree of the network, by default at /mesh, and keeps all of it in a store on this machine's disk. It is "
    "the only "
    "program that touches the store; it opens no network socket. It ends at SIGTERM and unmounts.\n\n"
    "The package's service meshfs-fsd.service runs it once `mesh init` or `mesh join` has made this node's keys."};
constexpr DaemonPage kSyncd{
    "meshfs-syncd", "finds neighbours and keeps the files of all nodes the same",
    "Talks to the neighbours of this node, over UDP multicast and unicast and over TCP, port 5440, and to meshfs-fsd "
    "over its local "
    "socket. It keeps no file of its own and may be restarted at any time.\n\n"
    "The package's service meshfs-syncd.service runs it with what stands in /etc/meshfs/meshfs.conf."};
constexpr DaemonPage kMessages{
    "meshfs-messages", "lets plain messages of mesh engines live together with meshfs",
    "Compares two places, whenever something changes in one of them and every 30 s: the messages that this node "
    "sends by BMX7, BMX6 or ALFRED, and this node's folder in the mesh. What another program sends is read-only "
    "in the mesh; what a person places in sms/ is sent. Neither is changed or removed by it where somebody else "
    "put it.\n\n"
    "ENGINE is bmx7, bmx6 or alfred; bmx7:/run/bmx7 where its runtime directory or socket is another one. Names "
    "of messages have 1 to 15 of the characters A-Z a-z 0-9 _ - . and do not begin with meshfs-. All messages of "
    "a node stay under 60,000 bytes on BMX7, of which meshfs itself needs 48,000 where it uses that engine; one "
    "has 240 bytes at most on BMX6. What can't be sent is said in a line of the log.\n\n"
    "The package's service meshfs-messages.service runs it with what stands in /etc/meshfs/meshfs.conf, once it "
    "is enabled."};

std::string help_of(const std::string& program) {
  std::string out;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(("'" + program + "' --help").c_str(), "r"), pclose);
  std::array<char, 4096> piece;
  while (pipe != nullptr) {
    const std::size_t got = std::fread(piece.data(), 1, piece.size(), pipe.get());
    if (got == 0) break;
    out.append(piece.data(), got);
  }
  return out;
}

bool write_file(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out || text.empty()) std::fprintf(stderr, "mesh-documents: can't write %s\n", path.c_str());
  return out && !text.empty();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: mesh-documents FOLDER FSD SYNCD MESSAGES\n", stderr);
    return 2;
  }
  const std::string folder = argv[1];
  const bool done =
      write_file(folder + "/mesh.1", meshfs::tools::manual_of_mesh(MESHFS_VERSION)) &&
      write_file(folder + "/meshfs-fsd.8", manual_of_daemon(kFsd, help_of(argv[2]), MESHFS_VERSION)) &&
      write_file(folder + "/meshfs-syncd.8", manual_of_daemon(kSyncd, help_of(argv[3]), MESHFS_VERSION)) &&
      write_file(folder + "/meshfs-messages.8", manual_of_daemon(kMessages, help_of(argv[4]), MESHFS_VERSION)) &&
      write_file(folder + "/mesh.bash-completion", meshfs::tools::bash_completion());
  return done ? 0 : 1;
}
