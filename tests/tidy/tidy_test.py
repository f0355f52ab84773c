#!/usr/bin/env python3
"""The negative control of tidy.py: each rule must complain about a sample that breaks it, and about nothing else."""
import pathlib
import tempfile
import unittest

import tidy
from cpp_shape import cpp_functions

GOOD = {
    "syncd/core/README.md": "What lives here.\n",
    "syncd/core/gossip.h": "// What it is.\n#pragma once\n#include \"schema/vocab/time.h\"\n",
    "syncd/core/gossip.cc": "#include \"syncd/core/gossip.h\"\nint f() { return 1; }\n",
}


def faults_with(extra):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {**GOOD, **extra}.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tidy.faults_of(folder, with_tools=True)


def long_function(lines):
    return "int f() {\n" + "  g();\n" * (lines - 2) + "}\n"


class Tidy(unittest.TestCase):
    def assert_only(self, rule, extra):
        faults = faults_with(extra)
        self.assertTrue(faults, f"no complaint for {rule}")
        for fault in faults:
            self.assertIn(f": {rule}: ", fault)

    def test_good_code_passes(self):
        self.assertEqual(faults_with({}), [])

    def test_layers(self):
        self.assert_only("layers", {"syncd/core/a.cc": '#include "fsd/core/tree.h"\n'})
        self.assert_only("layers", {"syncd/core/a.cc": '#include "syncd/os/main_loop.h"\n'})
        self.assert_only("layers", {"syncd/core/a.cc": '#include "transport/udp/udp_link.h"\n'})
        self.assert_only("layers", {"syncd/core/a.cc": '#include "schema/os/loop.h"\n'})
        self.assert_only("layers", {"syncd/core/a.cc": '#include "gossip.h"\n'})
        self.assert_only("layers", {"syncd/core/a.cc": '#include "schema/wire.capnp.h"\n'})
        self.assert_only("layers", {"tools/exec/README.md": "x\n", "tools/exec/a.cc": '#include "schema/records/card.capnp.h"\n'})
        self.assert_only("layers", {"transport/README.md": "x\n", "transport/a.cc": '#include "syncd/core/gossip.h"\n'})
        self.assert_only("layers", {"tools/README.md": "x\n", "tools/a.cc": '#include "fsd/store/log.h"\n'})
        self.assert_only("layers", {"tools/README.md": "x\n", "tools/a.cc": '#include "transport/bmx/sms_kind.h"\n'})
        self.assert_only("layers", {"tools/messages/README.md": "x\n", "tools/messages/a.cc": '#include "syncd/core/gossip.h"\n'})
        self.assert_only("layers", {"fsd/core/README.md": "x\n", "fsd/core/a.cc": '#include "fsd/store/log.h"\n'})

    def test_allowed_layers_pass(self):
        self.assertEqual(faults_with({"syncd/core/a.cc": '#include "transport/port/packet_link.h"\n',
                                      "tools/messages/README.md": "x\n", "tools/messages/a.cc": '#include "transport/bmx/sms_kind.h"\n',
                                      "fsd/os/README.md": "x\n", "fsd/os/a.cc": '#include "schema/os/loop.h"\n'}), [])

    def test_core_is_plain(self):
        for line in ("#include <chrono>", "#include <thread>", "#include <sys/socket.h>", "int x = rand();",
                     "std::random_device device;", 'auto e = getenv("HOME");', "auto t = Steady::steady_clock::now();"):
            self.assert_only("plain core", {"syncd/core/a.cc": line + "\n"})
        self.assertEqual(faults_with({"syncd/core/a.cc": "// no rand() here\nint operand(int x);\n"}), [])

    def test_names(self):
        self.assert_only("names", {"syncd/core/string_utils.cc": "\n"})
        self.assert_only("names", {"syncd/common/README.md": "x\n"})
        self.assert_only("names", {"syncd/core/a.cc": "class PeerManager {};\n"})
        self.assertEqual(faults_with({"syncd/core/commonality.cc": "\n"}), [])

    def test_leftovers(self):
        self.assert_only("leftovers", {"syncd/core/a.cc": "// TO" + "DO later\n"})
        self.assert_only("leftovers", {"syncd/core/a.cc": "// see /ho" + "me/someone/notes\n"})

    def test_lengths(self):
        self.assertEqual(faults_with({"syncd/core/a.cc": long_function(tidy.MAX_FUNCTION_LINES)}), [])
        self.assert_only("length", {"syncd/core/a.cc": long_function(tidy.MAX_FUNCTION_LINES + 1)})
        self.assert_only("length", {"syncd/core/a.cc": "int a;\n" * (tidy.MAX_FILE_LINES + 1)})
        self.assert_only("length", {"examples/README.md": "x\n", "examples/a.sh": "#!/bin/bash\nf() {\n" + "  true\n" * 80 + "}\n"})

    def test_ratchet_only_falls(self):
        source = {"syncd/core/a.cc": long_function(100)}
        listed = "tests/tidy/exceptions.txt"
        self.assertEqual(faults_with({**source, listed: "function syncd/core/a.cc f 100\n"}), [])
        self.assert_only("length", {**source, listed: "function syncd/core/a.cc f 99\n"})
        self.assert_only("ratchet", {**source, listed: "function syncd/core/a.cc f 101\n"})
        self.assert_only("ratchet", {listed: "function syncd/core/gone.cc f 100\n"})
        self.assert_only("ratchet", {listed: "nonsense\n"})

    def test_readmes_and_headers(self):
        self.assert_only("readme", {"fsd/store/log.cc": "int x;\n"})
        self.assert_only("headers", {"syncd/core/a.h": "#pragma once\n"})
        self.assert_only("headers", {"syncd/core/a.h": "// What it is.\n"})

    def test_shell(self):
        self.assert_only("shell", {"examples/README.md": "x\n", "examples/a.sh": "if true; then\n"})
        if tidy.shutil.which("shellcheck"):
            self.assert_only("shellcheck", {"examples/README.md": "x\n", "examples/a.sh": "#!/bin/bash\nrm $(ls) $undefined[1]\ncd x\n"})

    def test_format(self):
        if tidy.formatter():
            style = (pathlib.Path(__file__).parents[2] / ".clang-format").read_text(encoding="utf-8")
            self.assertEqual(faults_with({".clang-format": style}), [])
            self.assert_only("format", {".clang-format": style, "syncd/core/a.cc": "int  f(  );\n"})

    def test_functions_are_found(self):
        text = """#include "x.h"
namespace a {
struct S {
  int one() const { return 1; }
  S() : x_{1} {
    for (;;) { }
  }
  int x_;
};
constexpr int kTable[] = {
    1,
};
// void no() {
template <class T>
Result<T> Outer<T>::two(const std::string& text,
                        int b) {
  auto f = [](int x) { return "}{"; };
  return {};
}
}  // namespace a
"""
        self.assertEqual([(name, lines) for name, _, lines in cpp_functions(text)],
                         [("one", 1), ("S", 3), ("Outer<T>::two", 6)])


if __name__ == "__main__":
    unittest.main()
