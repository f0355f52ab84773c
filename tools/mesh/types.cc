// mesh types and mesh check: which record types there are, and whether files are good records.
#include <cstdio>

#include "tools/mesh/commands.h"
#include "tools/mesh/json.h"
#include "tools/mesh/place.h"
#include "tools/mesh/screen.h"
#include "tools/mesh/type_files.h"
#include "tools/mesh/type_manual.h"

namespace meshfs::tools {
namespace {

Exit list_types(const Arguments& arguments, const KnownTypes& types) {
  std::vector<std::string> items;
  Table table({{"TYPE"}, {"FILES"}, {"KEPT"}, {"FROM"}}, arguments.colour);
  for (const auto* type : types.catalogue.all()) {
    const bool built_in = types.catalogue.is_built_in(type->name);
    items.push_back(type_json(*type, built_in));
    table.add(
        {type->name, printable(type->pattern), lifetime_text(type->lifetime_s), built_in ? "built in" : "the mesh"});
  }
  if (arguments.json) {
    std::printf("%s\n", json_list(items).c_str());
  } else {
    table.print();
  }
  return Exit::ok;
}

// One file: what it is and what is wrong with it.
struct Judged {
  std::string type;
  Status status;
  typed::Remarks remarks;
};

Result<const typed::RecordType*> type_for(const Arguments& arguments, const KnownTypes& types,
                                          const Result<Place>& place, const std::string& file) {
  if (arguments.has("--type")) {
    const std::string name = arguments.value("--type");
    if (const auto* type = types.catalogue.find(name); type != nullptr) return type;
    return error(Errc::not_found, "There is no record type " + printable(name) + ". `mesh types` lists all.");
  }
  if (!place) return error(Errc::invalid, printable(file) + " is in no mesh: say what it should be with --type.");
  if (const auto* type = types.catalogue.type_of(place->path); type != nullptr) return type;
  return error(Errc::invalid, printable(file) + " is of no type, so it may hold anything. --type judges it as one.");
}

Result<Judged> judge(const Arguments& arguments, const std::string& file) {
  const auto place = find_place(arguments, file);
  const KnownTypes types = known_types(place ? place->mount : arguments.mount);
  warn_of_types(types);
  const auto type = type_for(arguments, types, place, file);
  if (!type) return type.failure();
  const auto text = read_at_most(file, typed::kMaxQuota);
  if (!text) return text.failure();
  Judged out{(*type)->name, {}, {}};
  out.status = types.catalogue.check(**type, *text, &out.remarks);
  return out;
}

std::string judged_json(const std::string& file, const Judged& judged) {
  JsonObject out;
  out.text("file", file).text("type", judged.type).truth("valid", judged.status.ok());
  if (!judged.status) out.text("error", judged.status.failure().message);
  std::vector<std::string> remarks;
  for (const auto& remark : judged.remarks) remarks.push_back(json_quoted(remark));
  return out.raw("warnings", json_list(remarks)).done();
}

}  // namespace

Exit show_types(const Arguments& arguments) {
  const KnownTypes types = known_types(arguments.mount);
  warn_of_types(types);
  if (arguments.words.empty()) return list_types(arguments, types);
  const auto* type = types.catalogue.find(arguments.words[0]);
  if (type == nullptr) {
    return complain(Exit::not_found,
                    "There is no record type " + printable(arguments.words[0]) + ". `mesh types` lists all.");
  }
  const bool built_in = types.catalogue.is_built_in(type->name);
  std::fputs(arguments.json ? (type_json(*type, built_in) + "\n").c_str() : type_manual(*type, built_in).c_str(),
             stdout);
  return Exit::ok;
}

Exit check_files(const Arguments& arguments) {
  Exit worst = Exit::ok;
  for (const auto& file : arguments.words) {
    const auto judged = judge(arguments, file);
    if (!judged) {
      worst = complain(judged.failure());
      continue;
    }
    if (!judged->status) worst = Exit::failed;
    if (arguments.json) {
      std::printf("%s\n", judged_json(file, *judged).c_str());
      continue;
    }
    for (const auto& remark : judged->remarks)
      std::fprintf(stderr, "mesh: %s: warning: %s\n", printable(file).c_str(), remark.c_str());
    if (!judged->status) {
      complain(Exit::failed, printable(file) + ": " + judged->status.failure().message);
    } else {
      std::printf("%s: a good %s.\n", printable(file).c_str(), judged->type.c_str());
    }
  }
  return worst;
}

}  // namespace meshfs::tools
