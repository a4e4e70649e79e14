#!/usr/bin/env python3
"""No function is longer than 80 lines, and no file longer than 500."""
import re

from source_tree import arguments, code_files, conclude, without_comments_and_literals

MAX_FUNCTION = 80
MAX_FILE = 500

# What opens a scope that holds declarations rather than statements.
SCOPE = re.compile(r"(template\s*<.*>\s*)?(inline\s+|typedef\s+)*(namespace|class|struct|union|enum)\b|extern\s*$",
                   re.DOTALL)
LABEL = re.compile(r"(public|private|protected)\s*:")


def is_function(head, after_block):
    """Whether the brace after this text opens a function's body, or part of a constructor's initialisers."""
    if SCOPE.match(head) or head.endswith("="):
        return False
    return ")" in head or (after_block and (not head or head.startswith(",")))


def functions(text):
    """(first line, number of lines) of each function that stands in a namespace or class, lambdas included in it."""
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda match: re.sub(r"[^\n]", " ", match.group()),
                  without_comments_and_literals(text), flags=re.MULTILINE)
    found = []
    depth = 0          # of braces inside the block under way
    block_start = None  # where the head of the block begins that is not a scope of declarations
    counted = after_block = False
    head_start = 0
    for at, letter in enumerate(code):
        if block_start is not None:
            depth += (letter == "{") - (letter == "}")
            if depth == 0:
                if counted:
                    first = code.count("\n", 0, block_start) + 1
                    found.append((first, code.count("\n", block_start, at) + 1))
                block_start, head_start, after_block = None, at + 1, counted
        elif letter == "{":
            head = LABEL.sub("", code[head_start:at]).strip()
            if SCOPE.match(head):
                head_start, after_block = at + 1, False
            else:
                counted = is_function(head, after_block)
                block_start, depth = first_of_code(code, head_start, at), 1
        elif letter in ";}":
            head_start, after_block = at + 1, False
    return found


def first_of_code(code, start, end):
    label = list(LABEL.finditer(code, start, end))
    start = label[-1].end() if label else start
    return start + len(code[start:end]) - len(code[start:end].lstrip())


def findings(root):
    found = []
    for file in code_files(root):
        path = file.relative_to(root).as_posix()
        text = file.read_text()
        lines = text.count("\n")
        if lines > MAX_FILE:
            found.append((path, MAX_FILE + 1, f"file of {lines} lines, more than {MAX_FILE}"))
        found += [(path, first, f"function of {count} lines, more than {MAX_FUNCTION}")
                  for first, count in functions(text) if count > MAX_FUNCTION]
    return found


if __name__ == "__main__":
    conclude(findings(arguments(__doc__).parse_args().root))
