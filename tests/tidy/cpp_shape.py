"""Where functions begin and end in C++ and bash, told by their braces. No compiler: formatted code is regular enough."""
import re

TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)"|"(?:[^"\\\n]|\\.)*"|'
    r"(?<![0-9A-Fa-f])'(?:[^'\\\n]|\\.)+'", re.DOTALL)


def without_comments_and_strings(text):
    """The text with comments and the insides of strings blanked; every line keeps its number. #include lines stay."""
    def blank(found):
        token = found[0]
        kept = re.sub(r"[^\n]", " ", token)
        return kept if token.startswith("/") else '"' + kept[1:-1] + '"'

    return TOKEN.sub(blank, text)


NO_FUNCTION = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b[^()]*$|=\s*$|\bconcept\b")
KEYWORDS = {"if", "for", "while", "switch", "catch", "do", "else", "return", "decltype", "noexcept", "requires", "alignas"}


def function_name(head):
    """The name in front of the first parenthesis of a function's head, or None if it is no function."""
    if "(" not in head or NO_FUNCTION.search(head):
        return None
    for found in re.finditer(r"((?:[\w~]+(?:<[^<>()]*>)?::)*~?(?:operator\s*\S+?|\w+))\s*\(", head):
        name = found[1].strip()
        if name.split("::")[-1] not in KEYWORDS:
            return re.sub(r"\s", "", name)
    return None


def cpp_functions(text):
    """Yields (name, first line, lines). Lambdas and inner blocks count to the function around them."""
    text = without_comments_and_strings(text)
    text = re.sub(r"^[ \t]*#.*$", lambda m: " " * len(m[0]), text, flags=re.MULTILINE)
    stack = []  # per open brace: (name, line) of a function, or None
    initialisers = set()  # depths in `stack` that are no blocks
    head_start = 0
    line = 1
    for position, character in enumerate(text):
        if character == "\n":
            line += 1
        elif character == ";" and not any(stack):
            head_start = position + 1
        elif character == "{" and position and not text[position - 1].isspace() and text[position - 1] != ")":
            stack.append(None)  # an initialiser, as in `: count_{0}`
            initialisers.add(len(stack))
        elif character == "{":
            head = text[head_start:position]
            inside = any(stack)
            name = None if inside else function_name(head)
            first = line - head.lstrip().count("\n")
            stack.append((name, first) if name else None)
            head_start = position + 1
        elif character == "}" and stack:
            if len(stack) in initialisers:
                initialisers.remove(len(stack))
                stack.pop()
                continue
            opened = stack.pop()
            if opened and not any(stack):
                yield opened[0], opened[1], line - opened[1] + 1
            head_start = position + 1


def bash_functions(text):
    name = first = None
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r"(\w+)\(\) [{(]$", line)
        if found:
            name, first = found[1], number
        elif name and line in ("}", ")"):
            yield name, first, number - first + 1
            name = None


def functions_of(path, text):
    return list(cpp_functions(text) if path.endswith((".cc", ".h")) else bash_functions(text))
