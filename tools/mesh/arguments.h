// The words of a command line, sorted into options and the rest. Knows every option of every command; which command takes
// which stands in command_table.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "schema/vocab/result.h"

namespace meshfs::tools {

struct Option {
  std::string_view name;
  std::string_view value;  // what stands after it, for usage; empty: nothing
  std::string_view what;
};

inline constexpr std::array kOptions{
    Option{"--mount", "DIR", "where the mesh is mounted (else $MESHFS_MOUNT, else /mesh; found by itself from a PATH)"},
    Option{"--state", "DIR", "the folder of keys and store (else $MESHFS_STATE, else /var/lib/meshfs)"},
    Option{"--node", "NAME", "this node's name, 1 to 32 characters of a-z, 0-9 and - (else this host's name)"},
    Option{"--json", "", "print JSON instead of text for people"},
    Option{"--color", "WHEN", "auto (on a terminal, unless NO_COLOR is set), always or never"},
    Option{"-l", "", "one line per file with author, version and state"},
    Option{"--version", "V",
           "a version as `mesh log` or `mesh ls -l` prints it; its first 4 digits or more are enough"},
    Option{"--limit", "N", "at most so many versions (else 100)"},
    Option{"--nodes", "N", "so many nodes, this one included (else all that can be reached)"},
    Option{"--timeout", "S", "give up after so many seconds"},
    Option{"--on", "NODE", "the node that is asked about"},
    Option{"--since", "WHERE",
           "watch: begin after this place of the feed; every line of --json names its own. revoke: a date like "
           "2027-01-31T12:30, "
           "or 90m, 2h, 3d ago"},
    Option{"--as", "NODE", "the node whose rights are asked about"},
    Option{"--verb", "V", "write, delete, create TYPE, command VERB, invite or admit (else write)"},
    Option{"--threshold", "N", "so many admins must sign what changes the policy from then on"},
    Option{"--depth", "N", "how often it may be lent on: 0 (else), 1 or 2"},
    Option{"--versions", "N", "so many old versions of each file"},
    Option{"--days", "D", "for so many days after something took their place"},
    Option{"--bytes", "SIZE", "all of them together, like 500M or 2G; 0: a tenth of the disk"},
    Option{"--type", "TYPE", "the record type. dict: that of user.mesh.type, else what follows the last '.' of a name"},
    Option{"--name", "NAME", "what the type is called (else as its struct, in small letters)"},
    Option{"--size", "BYTES", "of the dictionary, 1K to 64K (else 16K)"},
    Option{"--output", "FILE", "write it there instead of into the mesh"},
    Option{"--budget", "AMOUNT", "bytes for all content together: 600K, 6M, 2G, 60% of the disk, or none"},
    Option{"--max-file", "AMOUNT", "the content of no file larger than that; or none"},
    Option{"--only", "PATTERN", "the content of what matches; may be given several times, the last match decides"},
    Option{"--not", "PATTERN", "not the content of what matches; the same"},
    Option{"--everything", "", "no budget, no limit, no patterns: all content again"},
    Option{"--expires", "TIME",
           "invite: so long from now: 30m, 12h, 7d, or never (else 7d). run: 90d at most (else 1d)"},
    Option{"--uses", "N", "lets N nodes in (else 1)"},
    Option{"--withdraw", "TOKEN", "nobody comes in by it any more; or its id, as `mesh nodes` shows it"},
    Option{"--guest", "", "as a guest: it reads everything public and writes in its own folder"},
    Option{"--approve", "", "each waits until an admin runs `mesh nodes approve NAME`"},
    Option{"--passphrase", "", "the token is of use with a passphrase only; any admin's node lets its holders in"},
    Option{"--qr", "WHEN", "draw the token as a QR code: auto (on a terminal), always or never"},
    Option{"--root", "FILE", "where the root key is that this node does not keep"},
    Option{"--keep-root", "FILE", "write the root key there instead of into the identity; take it away from this node"},
    Option{"--force", "", "even if no other node in reach has it: then it is lost"},
    Option{"--tool", "PROGRAM",
           "called with the file to write and then one file per version (else $EDITOR with one file)"},
    Option{"--to", "NODE", "who can read it, besides this node; may be given several times"},
    Option{"--show", "", "who can read it"},
    Option{"--key", "KEY", "a public key of signify, usign or minisign: its file, or the line that begins with RW"},
    Option{"--settings", "FILE", "the settings that the services read (else /etc/meshfs/meshfs.conf)"},
    Option{"--dry-run", "", "say what would be done"},
    Option{"--order", "ORDER", "any (else) or farthest-first: nodes farther away before those that lead there"},
    Option{"--not-before", "TIME", "2027-01-31T12:30 (UTC), or 90m, 2h, 3d from now"},
    Option{"--confirm-within", "TIME",
           "undo it unless it is confirmed, or the network is reached, within 90s, 5m, 12h"},
    Option{"--reason", "TEXT", "why, for people"},
    Option{"--write", "", "put it into the mesh"},
    Option{"--detach", "", "print the id and do not wait"},
    Option{"--sign", "KEYFILE",
           "sign it as a person: the secret key of signify, usign or minisign; may be given several times"},
    Option{"--signature", "SIG", "the file of the signature (else FILE.minisig or FILE.sig)"},
};

enum class Colour : std::uint8_t { automatic, always, never };

struct Arguments {
  std::vector<std::string> typed;  // all of it, as it came
  std::string command;
  std::vector<std::string> words;                                 // what is no option, in order
  std::vector<std::pair<std::string_view, std::string>> options;  // by their name in kOptions
  std::string state;                                              // --state, else $MESHFS_STATE, else /var/lib/meshfs
  std::string mount;                                              // --mount, else $MESHFS_MOUNT, else /mesh
  std::string node;                                               // --node, else this host's name
  bool json = false;
  bool colour = false;  // standard output gets colours

  [[nodiscard]] bool has(std::string_view option) const;
  [[nodiscard]] std::string value(std::string_view option) const;  // the last one given; "" if none
  [[nodiscard]] std::vector<std::string> values(std::string_view option) const;
  // A whole number from `least`; `otherwise` if the option is not there. invalid: one sentence.
  [[nodiscard]] Result<std::int64_t> number(std::string_view option, std::int64_t least, std::int64_t otherwise) const;
};

// `words` excludes the program's name. Fails with a sentence for an unknown option or one without its value.
Result<Arguments> parse_arguments(const std::vector<std::string>& words);

// The host's name as a node name: lower case, other characters than [a-z0-9-] become '-', at most 32; "node"
// if nothing is left.
std::string node_name_from_host(std::string_view host);

// The value of NAME=VALUE in a settings file, as systemd's EnvironmentFile= reads it; the last one, "" if there is none.
std::string setting_in(std::string_view text, std::string_view name);
// That file with NAME="VALUE" in the place of what it had for NAME, else at its end. Everything else stays as it is.
std::string with_setting(std::string_view text, std::string_view name, std::string_view value);
inline constexpr const char* kSettings = "/etc/meshfs/meshfs.conf";  // the package's, which the services read too

// Whether colours are wanted: NO_COLOR (no-color.org) and TERM=dumb say no.
bool wants_colour(Colour when, bool is_terminal, const char* no_color, const char* term);

}  // namespace meshfs::tools
