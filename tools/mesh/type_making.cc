// mesh new, mesh schema and mesh type add: a file to begin from, a type for editors, and types of one's own.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "schema/codec/type_file.h"
#include "schema/os/fd.h"
#include "schema/os/folder.h"
#include "schema/records/built_in.h"
#include "schema/typed/patterns.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/json.h"
#include "tools/mesh/place.h"
#include "tools/mesh/program.h"
#include "tools/mesh/text_file.h"
#include "tools/mesh/type_files.h"
#include "tools/mesh/type_manual.h"
#include "tools/types/file_template.h"
#include "tools/types/json_schema.h"
#include "tools/types/successor.h"
#include "tools/types/type_compiler.h"

namespace meshfs::tools {
namespace {

constexpr std::size_t kMaxSchemaBytes = 1024 * 1024;        // hand-written
constexpr std::size_t kMaxRequestBytes = 16 * 1024 * 1024;  // what capnp says of it and of what it imports

Result<typed::RecordType> named_type(const Arguments& arguments) {
  const KnownTypes types = known_types(arguments.mount);
  warn_of_types(types);
  const std::string& name = arguments.words[0];
  if (const auto* type = types.catalogue.find(name); type != nullptr) return *type;
  return error(Errc::not_found, "There is no record type " + printable(name) + ". `mesh types` lists all.");
}

std::string list_of(const std::vector<std::string>& paths) {
  std::string out;
  for (const auto& path : paths) (out += out.empty() ? "" : ", ") += printable(path);
  return out;
}

// A folder with meshfs/record.capnp, so that schemas find it by import "/meshfs/record.capnp" wherever they lie.
class ImportFolder {
 public:
  static Result<ImportFolder> make() {
    auto scratch = ScratchFolder::make();
    if (!scratch) return scratch.failure();
    ImportFolder out(std::move(*scratch));
    if (mkdir(out.inner().c_str(), 0700) != 0 || !write_text(out.inner() + "/record.capnp", records::record_schema()))
      return system_failure("Can't write", out.inner());
    return out;
  }
  ImportFolder(ImportFolder&&) = default;
  ImportFolder& operator=(ImportFolder&&) = delete;
  ~ImportFolder() {
    if (path().empty()) return;
    unlink((inner() + "/record.capnp").c_str());
    rmdir(inner().c_str());
  }
  [[nodiscard]] const std::string& path() const { return scratch_.path(); }

 private:
  explicit ImportFolder(ScratchFolder scratch) : scratch_(std::move(scratch)) {}
  [[nodiscard]] std::string inner() const { return path() + "/meshfs"; }
  ScratchFolder scratch_;
};

Result<typed::RecordType> compile(const std::string& schema) {
  const auto text = read_at_most(schema, kMaxSchemaBytes);
  if (!text) return text.failure();
  const auto folder = ImportFolder::make();
  if (!folder) return folder.failure();
  const auto slash = schema.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : slash == 0 ? "/" : schema.substr(0, slash);
  const std::string name = slash == std::string::npos ? schema : schema.substr(slash + 1);
  const std::string request = folder->path() + "/request";
  // capnp says itself what is wrong with a schema, by line, on standard error. ./ keeps a name like -o a name.
  const auto ran =
      run_program("compile() { cd \"$2\" && capnp compile -I\"$1\" --src-prefix=. -o- \"./$3\" >\"$4\"; }; compile",
                  {folder->path(), directory, name, request});
  if (!ran) {
    if (ran.failure().code != Errc::not_found) return ran.failure();
    return error(Errc::not_found,
                 "mesh type add needs the program capnp (package capnproto), on this machine only: install it.");
  }
  if (*ran != 0) return error(Errc::invalid, "capnp takes " + printable(schema) + " for no schema: see above.");
  const auto bytes = read_at_most(request, kMaxRequestBytes);
  if (!bytes) return bytes.failure();
  auto types = types::compile_types(as_bytes(*bytes), {{name, *text}, {"./" + name, *text}});
  if (!types) return types.failure();
  if (types->size() > 1) {
    return error(Errc::invalid, printable(schema) + " holds " + std::to_string(types->size()) +
                                    " record types: put each into a file of its own.");
  }
  return std::move(types->front());
}

// By a file beside it and rename: a type is never half there.
Status place_file(const std::string& folder, const std::string& name, ByteView bytes) {
  bool made = false;
  if (const int failed = os::make_folders(folder, made); failed != 0) {
    errno = failed;
    return system_failure("Can't make", folder);
  }
  const std::string path = folder + "/" + name, part = folder + "/." + name + ".part";
  const os::Fd file(open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) return system_failure("Can't write", part);
  const bool written = write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  if (!written || fsync(file.get()) != 0 || std::rename(part.c_str(), path.c_str()) != 0) {
    const Error failure = system_failure("Can't write", path);
    unlink(part.c_str());
    return failure;
  }
  return {};
}

// Two added types for the same files: the first by name counts, which may surprise.
void warn_of_overlap(const KnownTypes& types, const typed::RecordType& added) {
  for (const auto* type : types.catalogue.all()) {
    if (type->name == added.name || !typed::overlap(type->pattern, added.pattern)) continue;
    const bool other_first = type->name < added.name;
    std::fprintf(stderr, "mesh: warning: files may be of both %s and %s; they count as %s.\n", type->name.c_str(),
                 added.name.c_str(), (other_first ? type->name : added.name).c_str());
  }
}

}  // namespace

Exit print_template(const Arguments& arguments) {
  auto type = named_type(arguments);
  if (!type) return complain(type.failure());
  const auto checker = typed::RecordChecker::make(std::move(*type));
  if (!checker) return complain(checker.failure());
  const auto made = types::file_template(*checker);
  std::fputs(made.json.c_str(), stdout);
  std::fflush(stdout);
  std::fprintf(stderr, "%s goes to %s\n%s", checker->type().name.c_str(), printable(checker->type().pattern).c_str(),
               fields_manual(checker->type()).c_str());
  if (!made.to_fill.empty()) std::fprintf(stderr, "Still to fill in: %s.\n", list_of(made.to_fill).c_str());
  if (!made.left_out.empty()) std::fprintf(stderr, "Left out: %s.\n", list_of(made.left_out).c_str());
  return Exit::ok;
}

Exit print_schema(const Arguments& arguments) {
  const auto type = named_type(arguments);
  if (!type) return complain(type.failure());
  std::fputs(types::json_schema(*type).c_str(), stdout);
  return Exit::ok;
}

Exit add_type(const Arguments& arguments) {
  if (arguments.words[0] != "add")
    return complain(Exit::usage, "mesh type knows `add FILE.capnp`. `mesh types` lists what there is.");
  auto type = compile(arguments.words[1]);
  if (!type) return complain(type.failure());
  if (arguments.has("--name")) type->name = arguments.value("--name");
  if (!typed::valid_type_name(type->name))
    return complain(Exit::usage, "A type's name is 1 to 64 of a-z, 0-9 and '-', beginning with a letter: see --name.");
  const auto place = find_place(arguments, arguments.mount);
  if (!place) return complain(place.failure());
  KnownTypes types = known_types(place->mount);
  if (const auto* older = types.catalogue.find(type->name);
      older != nullptr && !types.catalogue.is_built_in(type->name)) {
    if (const Status fits = types::check_successor(*older, *type); !fits) return complain(fits.failure());
  }
  const Bytes bytes = codec::encode_type(*type);
  if (const Status fits = types.catalogue.put(type->name, bytes); !fits) return complain(fits.failure());
  warn_of_overlap(types, *type);
  const std::string folder = place->mount + kTypesFolder, name = type->name + kTypeSuffix;
  if (const Status done = place_file(folder, name, bytes); !done) return complain(done.failure());
  if (arguments.json) {
    JsonObject out;
    out.text("name", type->name).text("pattern", type->pattern).text("file", folder + "/" + name);
    std::printf("%s\n", out.number("bytes", static_cast<std::int64_t>(bytes.size())).done().c_str());
  } else {
    std::printf("Files %s are checked as %s from now on, on every node that hears of it.\n",
                printable(type->pattern).c_str(), type->name.c_str());
  }
  return Exit::ok;
}

}  // namespace meshfs::tools
