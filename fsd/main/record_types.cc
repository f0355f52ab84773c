#include "fsd/main/record_types.h"

#include "schema/records/built_in.h"

namespace meshfs::fsd {
namespace {

constexpr std::string_view kFolder = "/network/types/";
constexpr std::string_view kEnd = ".type";

fuse::RecordPlace place_by(const typed::RecordType& type) {
  return {type.name, type.quota(), std::uint64_t{type.lifetime_s} * 1000};
}

}  // namespace

RecordTypes::RecordTypes(Replica& replica, FileTree& tree, fuse::ContentIo& content, Refused refused, Note note)
    : replica_(replica),
      tree_(tree),
      content_(content),
      refused_(std::move(refused)),
      note_(std::move(note)),
      catalogue_(records::built_in_types()) {}

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
  if (!info || info->kind != codec::Kind::file) return catalogue_.remove(name);
  const std::uint64_t size = codec::size_of(info->content);
  Result<Bytes> bytes =
      error(Errc::too_large, "It has more than " + std::to_string(typed::kMaxTypeFileBytes) + " bytes.");
  if (const Bytes* inlined = std::get_if<Bytes>(&info->content))
    bytes = *inlined;
  else if (size <= typed::kMaxTypeFileBytes)
    bytes = content_.read(info->content, 0, static_cast<std::size_t>(size));
  Status put = bytes ? catalogue_.put(name, *bytes) : Status(bytes.failure());
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

std::optional<fuse::RecordPlace> RecordTypes::place_of(std::string path) const {
  if (path.empty()) return std::nullopt;
  const typed::RecordType* const type = catalogue_.type_of(std::string_view(path).substr(1));
  return type == nullptr ? std::nullopt : std::optional(place_by(*type));
}

std::optional<fuse::RecordPlace> RecordTypes::at(const NodeKey& node) {
  if (node.sibling) return std::nullopt;
  return place_of(replica_.path_of(node.object));
}

std::optional<fuse::RecordPlace> RecordTypes::at(const NodeKey& directory, std::string_view name) {
  const std::string above = replica_.path_of(directory.object);
  return place_of(above + "/" + std::string(name));
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

void RecordTypes::refused(const NodeKey& node, const std::string& why) { refused_(replica_.path_of(node.object), why); }

}  // namespace meshfs::fsd
