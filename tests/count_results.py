#!/usr/bin/env python3
"""Counts tests: count_results.py CTEST_JUNIT_XML GTEST_XML_FOLDER prints 'PASSED FAILED SKIPPED'.

A CTest entry whose program left a GoogleTest report counts with each of its cases; any other counts as one. A program
that failed without a failed case in its report (it crashed) counts as one failure more.
"""
import pathlib
import sys
import xml.etree.ElementTree as tree


def count_gtest(path):
    passed = failed = skipped = 0
    for case in tree.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None:
            failed += 1
        elif case.get("result") == "skipped" or case.get("status") == "notrun" or case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return [passed, failed, skipped]


def count(junit, folder):
    total = [0, 0, 0]
    for entry in tree.parse(junit).getroot().iter("testcase"):
        status = entry.get("status")
        report = pathlib.Path(folder, entry.get("name") + ".xml")
        one = [status == "run", status == "fail", status not in ("run", "fail")]
        if report.exists():
            cases = count_gtest(report)
            if status == "fail" and cases[1] == 0:
                cases[1] = 1
            one = cases
        total = [a + int(b) for a, b in zip(total, one)]
    return total


if __name__ == "__main__":
    print(*count(sys.argv[1], sys.argv[2]))
