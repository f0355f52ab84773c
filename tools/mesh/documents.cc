#include "tools/mesh/documents.h"

#include <sstream>

#include "tools/mesh/command_table.h"

namespace meshfs::tools {
namespace {

std::string heading(std::string_view page, int section, std::string_view version) {
  std::string upper;
  for (const char c : page) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return ".\\\" Made from the program's own help: change that instead.\n.TH " + upper + " " + std::to_string(section) +
         " \"2026-11-20\" \"meshfs " + std::string(version) + "\" \"meshfs\"\n";
}

// Empty lines become paragraphs.
std::string paragraphs(std::string_view text, const char* mark) {
  std::string out;
  std::istringstream in{std::string(text)};
  bool parted = false;
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) {
      parted = true;
      continue;
    }
    if (parted) (out += mark) += "\n";
    parted = false;
    out += roff(line) + "\n";
  }
  return out;
}

std::string option_words(const Option& option) {
  std::string out = "\\fB" + roff(option.name) + "\\fR";
  if (!option.value.empty()) out += " \\fI" + roff(option.value) + "\\fR";
  return out;
}

std::string section_of(const Command& command) {
  std::string out = ".TP\n\\fBmesh " + roff(command.name) + "\\fR";
  if (!command.words.empty()) out += " " + roff(command.words);
  out += "\n" + roff(command.summary) + ".\n";
  if (!command.text.empty()) out += paragraphs(command.text, ".IP");
  if (command.option_names().empty()) return out;
  out += ".IP\nOptions:";
  const char* separator = " ";
  for (const auto name : command.option_names()) {
    out += separator + option_words(option_named(name));
    separator = ", ";
  }
  return out + ".\n";
}

std::string words_of(const Command& command) {
  std::string out;
  for (const auto option : command.option_names()) (out += option) += " ";
  return out + "--color --help";
}

// The words between @ are filled in from the table.
constexpr const char* kCompletion = R"bash(# bash completion of mesh(1); made from its table of commands.
_mesh() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command="" words=() word options="" i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
      @WITH_VALUE@) ((i++)) ;;
      -*) ;;
      *) if [[ -z $command ]]; then command=$word; else words+=("$word"); fi ;;
    esac
  done
  case $command in
    @CASES@
  esac
  case $prev in
    --on) mapfile -t COMPREPLY < <(compgen -W "$(ls "${MESHFS_MOUNT:-/mesh}/nodes" 2>/dev/null)" -- "$cur"); return ;;
    --color) mapfile -t COMPREPLY < <(compgen -W "auto always never" -- "$cur"); return ;;
    --mount | --state)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$cur")
      return ;;
    --version)
      if ((${#words[@]})); then
        mapfile -t COMPREPLY < <(compgen -W "$(mesh log "${words[-1]}" 2>/dev/null | grep -oE '\b[0-9a-f]{16}\b')" -- "$cur")
      fi
      return ;;
    @WITH_VALUE@) return ;;
  esac
  if [[ -z $command || $command == help ]]; then
    mapfile -t COMPREPLY < <(compgen -W "@COMMANDS@" -- "$cur")
  elif [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
  elif [[ $command == conflicts && ${#words[@]} == 0 ]]; then
    mapfile -t COMPREPLY < <(compgen -W "keep both merge" -- "$cur")
  elif [[ ${#words[@]} == 0 && ( $command == run || $command == ssh || $command == card ) ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(ls "${MESHFS_MOUNT:-/mesh}/nodes" 2>/dev/null) $([[ $command == run ]] && echo all)" -- "$cur")
  elif [[ $command != init && $command != join && $command != invite ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  fi
}
complete -F _mesh mesh
)bash";

}  // namespace

std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (out.empty() && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string manual_of_mesh(std::string_view version) {
  std::string out = heading("mesh", 1, version);
  out +=
      ".SH NAME\nmesh \\- look at and steer a meshfs network\n"
      ".SH SYNOPSIS\n\\fBmesh\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n"
      ".SH DESCRIPTION\nThe files of the network are ordinary files under \\fI/mesh\\fR; see \\fBmeshfs\\fR(7).\n"
      "This program does what files alone can't: it makes and joins networks, shows how they are, and knows the "
      "versions\n"
      "of files. The mesh that holds a path is found by itself, wherever it is mounted.\n"
      ".SH COMMANDS\n";
  for (const auto& group : command_groups()) {
    out += ".SS " + roff(group.title) + "\n";
    for (const auto& command : group.commands) out += section_of(command);
  }
  out += ".SH OPTIONS\n";
  for (const auto& option : kOptions) out += ".TP\n" + option_words(option) + "\n" + roff(option.what) + "\n";
  out += ".SH EXIT STATUS\n";
  for (const auto& one : exit_meanings())
    out += ".TP\n\\fB" + std::to_string(static_cast<int>(one.code)) + "\\fR\n" + roff(one.meaning) + "\n";
  out +=
      ".SH ENVIRONMENT\n"
      ".TP\n\\fBMESHFS_STATE\\fR, \\fBMESHFS_MOUNT\\fR\nas \\fB\\-\\-state\\fR and \\fB\\-\\-mount\\fR; also read from "
      "\\fI/etc/meshfs/meshfs.conf\\fR\n"
      ".TP\n\\fBMESH_DIFF\\fR\ncalled by \\fBmesh diff\\fR with two files instead of \\fBdiff \\-u\\fR\n"
      ".TP\n\\fBEDITOR\\fR\ncalled by \\fBmesh conflicts merge\\fR with one file\n"
      ".TP\n\\fBNO_COLOR\\fR\nif set and not empty, no colours unless \\fB\\-\\-color=always\\fR\n"
      ".SH SEE ALSO\n\\fBmeshfs\\fR(7), \\fBmeshfs\\-fsd\\fR(8), \\fBmeshfs\\-syncd\\fR(8)\n";
  return out;
}

std::string manual_of_daemon(const DaemonPage& page, std::string_view help, std::string_view version) {
  std::string synopsis, options, notes;
  std::istringstream in{std::string(help)};
  bool in_option = false;
  for (std::string line; std::getline(in, line);) {
    const auto start = line.find_first_not_of(' ');
    if (line.starts_with("usage: ")) {
      synopsis = line.substr(7);
    } else if (start == 2) {
      const auto gap = line.find("  ", start);
      options += ".TP\n\\fB" + roff(line.substr(2, gap - 2)) + "\\fR\n";
      const auto text = gap == std::string::npos ? gap : line.find_first_not_of(' ', gap);
      if (text != std::string::npos) options += roff(line.substr(text)) + "\n";
      in_option = true;
    } else if (in_option && start != std::string::npos && start > 2) {
      options += roff(line.substr(start)) + "\n";
    } else if (in_option && start == 0) {
      notes += roff(line) + "\n";
    }
  }
  return heading(page.name, 8, version) + ".SH NAME\n" + roff(page.name) + " \\- " + roff(page.summary) +
         "\n.SH SYNOPSIS\n" + roff(synopsis) + "\n.SH DESCRIPTION\n" + paragraphs(page.description, ".PP") +
         ".SH OPTIONS\n" + options + (notes.empty() ? "" : ".PP\n" + notes) +
         ".SH SEE ALSO\n\\fBmeshfs\\fR(7), \\fBmesh\\fR(1)\n";
}

std::string bash_completion() {
  std::string commands, cases;
  for (const auto& group : command_groups()) {
    for (const auto& command : group.commands) {
      (commands += commands.empty() ? "" : " ") += command.name;
      cases += "    " + std::string(command.name) + ") options=\"" + words_of(command) + "\" ;;\n";
    }
  }
  std::string with_value;
  for (const auto& option : kOptions) {
    if (!option.value.empty()) (with_value += with_value.empty() ? "" : " | ") += option.name;
  }
  std::string out = kCompletion;
  const auto fill = [&](std::string_view place, const std::string& words) {
    for (std::size_t at; (at = out.find(place)) != std::string::npos;) out.replace(at, place.size(), words);
  };
  fill("@COMMANDS@", commands);
  fill("    @CASES@\n", cases);
  fill("@WITH_VALUE@", with_value);
  return out;
}

}  // namespace meshfs::tools
