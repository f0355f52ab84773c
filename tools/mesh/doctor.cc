// mesh doctor: checks this node from its keys to its neighbours; each check has a verdict, what is wrong a way to repair it.
#include <cstdio>

#include "tools/mesh/commands.h"
#include "tools/mesh/doctor_checks.h"
#include "tools/mesh/screen.h"
#include "tools/mesh/view.h"

namespace meshfs::tools {
namespace {

struct Words {
  const char* word;
  Paint paint;
};

Words words_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return {"ok", Paint::good};
    case Verdict::unknown:
      return {"?", Paint::dim};
    case Verdict::warning:
      return {"look", Paint::warning};
    case Verdict::bad:
      return {"BAD", Paint::bad};
  }
  return {"?", Paint::dim};
}

std::vector<Finding> examine(const Arguments& arguments) {
  std::vector<Finding> out;
  const auto add = [&](std::vector<Finding> more) { out.insert(out.end(), more.begin(), more.end()); };
  const auto status = read_view(arguments.mount, "status");
  const auto peers = read_view(arguments.mount, "peers");
  out.push_back(check_keys(arguments));
  out.push_back(check_mount(arguments));
  out.push_back(check_daemon(arguments, status.ok()));
  if (!status) out.push_back(check_store_disk(arguments));  // else fsd's own figures say it
  if (status && peers) add(judge_view(status->json, peers->json, arguments.mount));
  out.push_back(check_clock(status ? status->json : Json()));
  add(check_interfaces());
  add(check_kernel_limits());
  return out;
}

}  // namespace

Exit run_doctor(const Arguments& arguments) {
  const auto findings = examine(arguments);
  std::int64_t bad = 0, warnings = 0;
  std::vector<std::string> lines;
  Table table({{""}, {""}, {""}}, arguments.colour);
  for (const auto& one : findings) {
    const auto words = words_of(one.verdict);
    bad += one.verdict == Verdict::bad ? 1 : 0;
    warnings += one.verdict == Verdict::warning ? 1 : 0;
    table.add({{words.word, words.paint}, {one.subject, Paint::strong}, one.what});
    if (!one.repair.empty()) table.add({"", "", "-> " + one.repair});
    lines.push_back(JsonObject()
                        .text("check", one.subject)
                        .text("verdict", words.word)
                        .text("what", one.what)
                        .text("repair", one.repair)
                        .done());
  }
  if (arguments.json) {
    std::printf("%s\n", json_list(lines).c_str());
  } else {
    table.print();
    const std::string sum = bad == 0 && warnings == 0 ? "all is well"
                            : bad == 0                ? count_text(warnings, "thing", "things") + " to look at"
                                                      : count_text(bad, "thing needs", "things need") + " repair";
    std::printf("\n%s\n", painted(arguments.colour,
                                  bad > 0        ? Paint::bad
                                  : warnings > 0 ? Paint::warning
                                                 : Paint::good,
                                  sum)
                              .c_str());
  }
  return bad > 0 ? Exit::failed : Exit::ok;
}

}  // namespace meshfs::tools
