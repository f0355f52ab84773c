// mesh-documents FOLDER [PROGRAM]...: writes mesh.1, the bash completion and NAME.8 of each program, from what it says to --help, into FOLDER.
// Runs at build time; never installed.
#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <memory>

#include "tools/mesh/documents.h"

namespace {

using meshfs::tools::DaemonPage;

// What the programs' help does not say. One that is not here, a service of somebody else's, has its help only.
constexpr DaemonPage kPages[] = {
    {"meshfs-fsd", "keeps this node's store and shows the mesh as a directory",
     "Mounts the tree of the network, by default at /mesh, and keeps all of it in a store on this machine's disk. "
     "It is the only program that touches the store; it opens no network socket. It ends at SIGTERM and "
     "unmounts.\n\n"
     "The package's service meshfs-fsd.service runs it once `mesh init` or `mesh join` has made this node's keys."},
    {"meshfs-syncd", "finds neighbours and keeps the files of all nodes the same",
     "Talks to the neighbours of this node, over UDP multicast and unicast and over TCP, port 5440, and to "
     "meshfs-fsd over its local socket. It keeps no file of its own and may be restarted at any time.\n\n"
     "The package's service meshfs-syncd.service runs it with what stands in /etc/meshfs/meshfs.conf."},
    {"meshfs-messages", "lets plain messages of mesh engines live together with meshfs",
     "Compares two places, whenever something changes in one of them and every 30 s: the messages that this node "
     "sends by BMX7, BMX6 or ALFRED, and this node's folder in the mesh. What another program sends is read-only "
     "in the mesh; what a person places in sms/ is sent. Neither is changed or removed by it where somebody else "
     "put it.\n\n"
     "ENGINE is bmx7, bmx6 or alfred; bmx7:/run/bmx7 where its runtime directory or socket is another one. Names "
     "of messages have 1 to 15 of the characters A-Z a-z 0-9 _ - . and do not begin with meshfs-. All messages of "
     "a node stay under 60,000 bytes on BMX7, of which meshfs itself needs 48,000 where it uses that engine; one "
     "has 240 bytes at most on BMX6. What can't be sent is said in a line of the log.\n\n"
     "The package's service meshfs-messages.service runs it with what stands in /etc/meshfs/meshfs.conf, once it "
     "is enabled."},
    {"meshfs-card", "keeps the card of this node current",
     "Writes nodes/NAME/card.json of the mesh, NAME being this node: its key, addresses, labels, groups, contact, "
     "place, hardware and system, and the nodes with which it was in sync over a link within the last hour. "
     "Others use it: `mesh run site=school uptime` finds labels there, `mesh ssh` addresses, and commands that "
     "begin with the farthest node the distances.\n\n"
     "Labels, contact, place and how to get in by ssh are what /etc/meshfs/meshfs.conf says (MESHFS_LABELS, "
     "MESHFS_CONTACT, MESHFS_PLACE, MESHFS_SSH_USER, MESHFS_SSH_PORT). A change is told within seconds, without a "
     "restart; what makes no sense there is said in the log, and the card stays as it is. A neighbour or an "
     "address that goes is named for another hour, so that a link that comes and goes costs no traffic. `mesh "
     "card` shows the card.\n\n"
     "The package's service meshfs-card.service runs it beside meshfs-fsd."},
    {"mesh-exec", "runs signed commands that this node's owner allows",
     "Looks at the files commands/TARGET/*.json of the mesh. Each that is for this node is judged by "
     "/etc/meshfs/commands.toml, which says who may have what run here, and run by /etc/meshfs/verbs.d/*.toml, "
     "which say what that is; never by a shell. Each runs at most once, whatever crashes. What became of it is a "
     "file in nodes/NAME/results/. `mesh run` writes such files and waits for results.\n\n"
     "As installed, members of the network may have ping, traceroute and uptime run, and nobody anything else. "
     "Both kinds of files must be writable by root only; while one of them is wrong nothing is run, and "
     "`mesh-exec --check` says what is wrong.\n\n"
     "The package's service meshfs-exec.service runs it, once it is enabled."}};

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
  if (argc < 2) {
    std::fputs("usage: mesh-documents FOLDER [PROGRAM]...\n", stderr);
    return 2;
  }
  const std::string folder = argv[1];
  bool done = write_file(folder + "/mesh.1", meshfs::tools::manual_of_mesh(MESHFS_VERSION)) &&
              write_file(folder + "/mesh.bash-completion", meshfs::tools::bash_completion());
  for (int i = 2; done && i < argc; ++i) {
    const std::string program = argv[i], name = program.substr(program.rfind('/') + 1), help = help_of(program);
    const auto* const known = std::ranges::find(kPages, name, &DaemonPage::name);
    const DaemonPage page = known != std::end(kPages) ? *known : DaemonPage{name, "a service of the mesh", ""};
    done = !help.empty() && write_file(folder + '/' + name + ".8", manual_of_daemon(page, help, MESHFS_VERSION));
  }
  return done ? 0 : 1;
}
