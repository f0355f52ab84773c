#!/usr/bin/env python3
"""`mesh schema` says to editors what `mesh check` says of files, by a JSON Schema validator that is not ours (python3-jsonschema).

  tests/cli/schema_agrees.py MESH          the program; 77 if there is no validator

Of each built-in type: the schema is one by its metaschema; what `mesh new` prints, good records and some hundred changed ones are judged
by both. They may differ in what excused() says and in nothing else. Ends with 'N passed, N failed'.
"""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    from jsonschema import Draft202012Validator
except ImportError:
    sys.exit(77)

KEY = "ab" * 32
# Each says every field, so that every field is changed.
GOOD = {
    "card": {"name": "roof", "key": KEY, "addresses": ["fe80::1", "10.0.0.1"], "labels": ["site=school"], "groups": ["backbone"],
             "contact": "Ada", "place": "48.1351,11.5820", "model": "x", "system": "Debian", "version": "0.1.0", "sshPort": 22,
             "sshUser": "root"},
    "command": {"verb": "reboot", "arguments": ["now"], "targets": ["roof", "@backbone", "site=school", "all"],
                "notBefore": "2026-01-02T03:04:05Z", "expiresAfter": "2h", "dryRun": True, "order": "farthestFirst",
                "confirmWithin": "10m", "cancels": KEY, "confirms": KEY, "reason": "why not"},
    "result": {"command": KEY, "node": "roof", "issuer": "one", "issuerKey": KEY, "verb": "reboot", "arguments": ["now"],
               "state": "done", "reason": "", "exitCode": 0, "output": "ok\n", "outputEnd": "", "outputBytes": "3",
               "acceptedMs": "1", "beganMs": 2, "endedMs": "3", "tookMs": "1"},
}
VALUES = [None, True, False, 0, 1, -1, 1.0, 1.5, 65535, 65536, -2**31, 2**31, 2**53, "", "x", "12", "-1", "true", KEY, KEY.upper(), KEY + "\n", "7d\n",
          "2026-01-02T03:04:05Z", "ä", "a=b", [], [""], ["x"], [1], [None], [["x"]], {}, {"x": 1}, "any", "farthestFirst", "accepted", "running", "done", "failed", "refused", "cancelled", "expired", "interrupted",
          "unconfirmed", "undone"]


def as_ecma(schema):
    """Python's `$` also matches before a last line break, that of JSON Schema does not."""
    if isinstance(schema, list):
        return [as_ecma(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: value[:-1] + r"\Z" if key == "pattern" and isinstance(value, str) and value.endswith("$") else as_ecma(value)
            for key, value in schema.items()}


def excused(schema, record, name):
    """The one difference there may be: a number written as text is one to check, as it is to capnp, and the schema does not say so
    (`mesh help schema`: it asks for what people should write)."""
    value = record[name]
    return schema["properties"][name].get("type") == "integer" and isinstance(value, str) and value.lstrip("-").isdigit()


def changed(record):
    """(the field, what was done, the record) for each change of one field."""
    yield "", "an unknown field", {**record, "somethingOfLater": {"x": [1]}}
    for name in record:
        without = copy.deepcopy(record)
        del without[name]
        yield "", f"no {name}", without
        for value in VALUES:
            yield name, f"{name} = {json.dumps(value)}", {**record, name: value}


def run(mesh, *words):
    return subprocess.run([mesh, *words], capture_output=True, text=True, check=False, timeout=60)


def verdicts(mesh, kind, records, folder):
    """What check says of each: files by the hundred, since each call is a process."""
    files = []
    for number, record in enumerate(records):
        files.append(folder / f"{kind}-{number}.json")
        files[-1].write_text(json.dumps(record))
    out = []
    for begin in range(0, len(files), 100):
        said = run(mesh, "check", "--json", "--type", kind, *map(str, files[begin:begin + 100]))
        text = said.stdout
        while text.strip():  # one JSON value after the other
            one, end = json.JSONDecoder().raw_decode(text)
            out.append((one["valid"], one))
            text = text[end:].lstrip()
    return out


def main():
    mesh = sys.argv[1]
    passed = failed = 0

    def check(good, what):
        nonlocal passed, failed
        passed, failed = passed + bool(good), failed + (not good)
        if not good:
            print(f"FAILED: {what}")

    types = [one["name"] for one in json.loads(run(mesh, "types", "--json").stdout) if one["built_in"]]
    check(sorted(types) == sorted(GOOD), f"a good example of each built-in type is here: {types}")
    with tempfile.TemporaryDirectory() as folder:
        for kind in types:
            schema = json.loads(run(mesh, "schema", kind).stdout)
            try:
                Draft202012Validator.check_schema(schema)
                check(True, kind)
            except Exception as fault:  # pylint: disable=broad-except
                check(False, f"{kind}: no JSON Schema: {fault}")
                continue
            template = json.loads(run(mesh, "new", kind).stdout)
            cases = [("", "good", GOOD[kind]), ("", "template", template), ("", "a list", [GOOD[kind]]), ("", "a text", "x"), ("", "nothing", {})]
            cases += changed(GOOD[kind])
            judge = Draft202012Validator(as_ecma(schema))
            valid = 0
            answers = verdicts(mesh, kind, [record for _, _, record in cases], pathlib.Path(folder))
            for (field, what, record), (said, why) in zip(cases, answers, strict=True):
                by_schema = judge.is_valid(record)
                valid += said
                good = by_schema == said or (said and field != "" and excused(schema, record, field))
                check(good, f"{kind}, {what}: the schema says {by_schema}, check says {said}: {why}")
            check(10 < valid < len(cases) - 10, f"{kind}: {valid} of {len(cases)} are valid: both kinds must be there")
            check(judge.is_valid(GOOD[kind]), f"{kind}: the good example is none")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
