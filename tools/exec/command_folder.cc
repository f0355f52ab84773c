#include "tools/exec/command_folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "schema/crypto/detached_signature.h"
#include "schema/crypto/hash.h"
#include "schema/os/folder.h"
#include "tools/exec/text_of_file.h"

namespace meshfs::exec {
namespace {

constexpr std::string_view kEnding = ".json";

WallMs moment_of(const std::string& text) {
  std::int64_t ms = 0;
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), ms);
  return failure == std::errc{} && stop == text.data() + text.size() ? WallMs{ms} : WallMs{0};
}

bool is_signature(const std::string& name) { return name.ends_with(".sig") || name.ends_with(".minisig"); }

}  // namespace

std::set<std::string> persons_who_signed(const std::vector<Person>& persons, const std::vector<std::string>& signatures,
                                         std::string_view text) {
  std::set<std::string> out;
  for (const std::string& one : signatures) {
    const auto signature = crypto::parse_detached_signature(one);
    if (!signature) continue;
    for (const Person& person : persons) {
      auto check = crypto::DetachedCheck::begin(person.key, *signature);
      if (!check) continue;
      check->add(as_bytes(text));
      if (check->finish()) out.insert(person.name);
    }
  }
  return out;
}

bool CommandFolder::read(const std::string& path, const std::string& directory, Instant now, Cached& out) {
  if (attribute_of(path, "user.mesh.state") == "placeholder") return false;  // its content comes yet
  Envelope& envelope = out.envelope;
  envelope = {};
  envelope.id = attribute_of(path, "user.mesh.edition");
  envelope.author = attribute_of(path, "user.mesh.author");
  envelope.author_key = attribute_of(path, "user.mesh.author_key");
  envelope.when = moment_of(attribute_of(path, "user.mesh.when"));
  envelope.directory = directory;
  envelope.first_seen = now;
  const auto text = text_of_file(path, records::kMaxCommandText);
  // Another version may have come in between: then this is neither.
  if (attribute_of(path, "user.mesh.edition") != envelope.id) return false;
  struct stat info {};
  if (!text && (::lstat(path.c_str(), &info) != 0 ||
                (S_ISREG(info.st_mode) && info.st_size <= static_cast<off_t>(records::kMaxCommandText))))
    return false;
  out.text = text.value_or("");
  envelope.text_hash = crypto::hash_of(as_bytes(out.text)).hex();
  auto command =
      text
          ? records::read_command(*text)
          : Result<records::Command>(error(Errc::too_large, "it is no ordinary file, or larger than a command can be"));
  if (command)
    envelope.command = std::move(*command);
  else
    envelope.fault = command.failure().message;
  return true;
}

void CommandFolder::look_into(const std::string& directory, const std::vector<Person>& persons, Instant now,
                              Seen& out) {
  const std::string folder = folder_ + "/" + directory;
  const os::FolderNames found = os::names_in(folder);
  if (found.failure != 0) out.complete = false;
  std::vector<std::string> names = found.names;
  std::ranges::sort(names);
  for (const std::string& name : names) {
    if (!name.ends_with(kEnding) || name.starts_with('.')) continue;
    if (out.present.size() >= kMaxCommandFiles) {
      out.complete = false;
      return;
    }
    const std::string path = folder + "/" + name;
    Cached& cached = cache_[path];
    if (cached.envelope.id.empty() || attribute_of(path, "user.mesh.edition") != cached.envelope.id) {
      cached.beside.clear();
      if (!read(path, directory, now, cached)) {
        out.complete = false;
        cache_.erase(path);
        continue;
      }
    }
    std::vector<std::string> signatures;
    std::string beside = std::to_string(persons.size());
    for (auto next = std::ranges::lower_bound(names, name + "."); next != names.end() && next->starts_with(name + ".");
         ++next) {
      if (!is_signature(*next) || signatures.size() >= kMaxSignaturesBeside) continue;
      auto text = text_of_file(folder + "/" + *next, crypto::kMaxSignatureText);
      if (!text) continue;
      beside += *next + *text;
      signatures.push_back(std::move(*text));
    }
    if (beside != cached.beside) {
      cached.envelope.persons = persons_who_signed(persons, signatures, cached.text);
      cached.envelope.signatures = signatures.size();
      cached.beside = beside;
    }
    out.present.push_back(cached.envelope);
  }
}

CommandFolder::Seen CommandFolder::look(const std::vector<Person>& persons, Instant now) {
  Seen out;
  const os::FolderNames found = os::names_in(folder_);
  out.complete = found.failure == 0 && found.names.size() <= kMaxCommandFolders;
  out.folders.push_back(folder_);
  for (const std::string& name : found.names) {
    struct stat info {};
    if (out.folders.size() > kMaxCommandFolders || ::lstat((folder_ + "/" + name).c_str(), &info) != 0 ||
        !S_ISDIR(info.st_mode))
      continue;
    out.folders.push_back(folder_ + "/" + name);
    look_into(name, persons, now, out);
  }
  if (out.complete) {
    std::set<std::string> ids;
    for (const Envelope& envelope : out.present) ids.insert(envelope.id);
    std::erase_if(cache_, [&](const auto& one) { return !ids.contains(one.second.envelope.id); });
  }
  return out;
}

}  // namespace meshfs::exec
