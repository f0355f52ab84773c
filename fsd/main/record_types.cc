#include "fsd/main/record_types.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "schema/os/fd.h"
#include "schema/records/built_in.h"
#include "schema/typed/merge_records.h"
#include "schema/typed/patterns.h"

namespace meshfs::fsd {
namespace {

constexpr std::string_view kFolder = "/network/types/";
constexpr std::string_view kEnd = ".type";
constexpr int kMostKept = 100;  // refused files of one name

fuse::RecordPlace place_by(const typed::RecordType& type) {
  return {type.name, type.quota(), std::uint64_t{type.lifetime_s} * 1000};
}

// exists: a file is there.
Status write_new(const std::string& path, ByteView bytes) {
  const os::Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return errno == EEXIST ? Status(Errc::exists) : Status(error(Errc::io, std::strerror(errno)));
  while (!bytes.empty()) {
    const ssize_t written = write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return error(Errc::io, std::strerror(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return fsync(file.get()) == 0 ? Status() : Status(error(Errc::io, std::strerror(errno)));
}

}  // namespace

RecordTypes::RecordTypes(Replica& replica, FileTree& tree, fuse::ContentIo& content, std::string kept, Refused refused,
                         Note note)
    : replica_(replica),
      tree_(tree),
      content_(content),
      kept_(std::move(kept)),
      refused_(std::move(refused)),
      note_(std::move(note)),
      catalogue_(records::built_in_types()) {
  replica_.merge_by([this](std::string_view type, const std::vector<const codec::Content*>& versions) {
    return merge(type, versions);
  });
}

// What comes of them must be a record too: else they show beside each other, as conflicts do.
std::optional<Bytes> RecordTypes::merge(std::string_view type, const std::vector<const codec::Content*>& versions) {
  const typed::RecordType* const found = catalogue_.find(type);
  if (found == nullptr || found->merge == typed::TypeMerge::conflict) return std::nullopt;
  std::vector<Bytes> held;
  std::vector<std::string_view> texts;
  for (const codec::Content* version : versions) {
    const std::uint64_t size = codec::size_of(*version);
    if (size > found->quota()) return std::nullopt;
    auto bytes = content_.read(*version, 0, static_cast<std::size_t>(size));
    if (!bytes) return std::nullopt;
    held.push_back(std::move(*bytes));
  }
  for (const Bytes& bytes : held) texts.push_back(as_text(bytes));
  const auto text = typed::merge_records(found->merge, texts);
  if (!text || !catalogue_.check(*found, *text)) return std::nullopt;
  return copy_of(as_bytes(*text));
}

Result<NodeKey> RecordTypes::folder() {
  const Result<NodeKey> network = tree_.lookup(tree_.root(), "network");
  return network ? tree_.lookup(*network, "types") : network;
}

void RecordTypes::load() {
  const Result<NodeKey> types = folder();
  if (!types) return;
  std::vector<std::string> files;
  (void)tree_.list(*types, {}, [&](const DirectoryItem& item) {
    files.push_back(item.name);
    return files.size() < 2 * typed::kMaxAddedTypes;
  });
  for (const std::string& file : files) load_one(file);
}

// A file that is not here yet, or no more, is no type.
void RecordTypes::load_one(const std::string& file) {
  if (!file.ends_with(kEnd) || file.size() == kEnd.size()) return;
  const std::string name = file.substr(0, file.size() - kEnd.size());
  ++edition_;
  const Result<NodeKey> types = folder();
  const Result<NodeKey> node = types ? tree_.lookup(*types, file) : types;
  const Result<NodeInfo> info = node ? tree_.info(*node) : Result<NodeInfo>(node.failure());
  if (!info || info->kind != codec::Kind::file) {
    catalogue_.remove(name);
    return replica_.merge_anew();
  }
  const std::uint64_t size = codec::size_of(info->content);
  Result<Bytes> bytes =
      error(Errc::too_large, "It has more than " + std::to_string(typed::kMaxTypeFileBytes) + " bytes.");
  if (const Bytes* inlined = std::get_if<Bytes>(&info->content))
    bytes = *inlined;
  else if (size <= typed::kMaxTypeFileBytes)
    bytes = content_.read(info->content, 0, static_cast<std::size_t>(size));
  Status put = bytes ? catalogue_.put(name, *bytes) : Status(bytes.failure());
  replica_.merge_anew();
  if (!put && put.code() != Errc::unreachable) {
    note_("The type in " + std::string(kFolder) + file + " is not used: " + put.failure().message);
  }
}

void RecordTypes::on_change(const std::vector<TreeChange>& changes) {
  for (const TreeChange& change : changes) {
    for (const std::string& path : {change.path, change.from}) {
      if (path.starts_with(kFolder)) load_one(path.substr(kFolder.size()));
    }
  }
}

std::optional<fuse::RecordPlace> RecordTypes::at(const std::string& path) {
  if (path.empty()) return std::nullopt;
  const typed::RecordType* const type = catalogue_.type_of(std::string_view(path).substr(1));
  return type == nullptr ? std::nullopt : std::optional(place_by(*type));
}

std::optional<fuse::RecordPlace> RecordTypes::at(const NodeKey& node) {
  if (node.sibling) return std::nullopt;
  return at(replica_.path_of(node.object));
}

std::string RecordTypes::path_of(const NodeKey& directory, std::string_view name) {
  const std::string above = replica_.path_of(directory.object);
  if (above.empty() && directory != tree_.root()) return {};
  return above + "/" + std::string(name);
}

bool RecordTypes::may_hold(const std::string& path) {
  if (path.empty()) return false;
  const std::string below = path.substr(1) + "/**/*";
  const auto all = catalogue_.all();
  return std::any_of(all.begin(), all.end(), [&](const auto* type) { return typed::overlap(type->pattern, below); });
}

std::optional<fuse::RecordPlace> RecordTypes::named(std::string_view type) {
  const typed::RecordType* const found = catalogue_.find(type);
  return found == nullptr ? std::nullopt : std::optional(place_by(*found));
}

Status RecordTypes::check(const std::string& type, std::string_view text) {
  const typed::RecordType* const found = catalogue_.find(type);
  if (found == nullptr) return {};
  const Status checked = catalogue_.check(*found, text);
  return checked ? checked : Status(error(Errc::invalid, "This is no " + type + ": " + checked.failure().message));
}

// Under the name that it had, and the next free number where that is taken.
void RecordTypes::keep(const NodeKey& node, const Bytes& bytes) {
  const std::string path = replica_.path_of(node.object);
  if (path.empty()) return;
  std::string name = path.substr(path.rfind('/') + 1);
  if (name.size() > 200) name.resize(200);
  (void)mkdir(kept_.c_str(), 0700);
  for (int number = 1; number <= kMostKept; ++number) {
    const std::string file = kept_ + "/" + name + (number == 1 ? std::string() : "." + std::to_string(number));
    const Status written = write_new(file, bytes);
    if (!written && written.code() == Errc::exists) continue;
    if (written) return note_("What was refused as " + path + " is kept as " + file + ".");
    return note_("What was refused as " + path + " can't be kept: " + written.failure().message);
  }
  note_("What was refused as " + path + " is lost: too many of that name are in " + kept_ + ".");
}

void RecordTypes::refused(const NodeKey& node, Refusal what, const std::string& why) {
  refused_(replica_.path_of(node.object), what, why);
}

}  // namespace meshfs::fsd
