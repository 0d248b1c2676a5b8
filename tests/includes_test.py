#!/usr/bin/env python3
"""Fails on an #include that the folder's declaration does not allow.

A module declares in its CMakeLists.txt `weft_module(NAME DEPS x y ... TEST_DEPS z)`. Its sources may include "NAME/..."
and the headers of its DEPS; the _test, _bench and _fuzz files those of its TEST_DEPS too. Commands below apps/ declare
`weft_command(NAME DEPS ...)` or link the libraries `weft_x`; they may include their own folder and those. Dependencies
form no cycle.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
KEYWORDS = ("DEPS", "LIBS", "TEST_DEPS", "TEST_LIBS")
SOURCES = (".h", ".cc", ".S")


class Folder:
    """What one CMakeLists.txt declares."""

    def __init__(self, path):
        self.path = path
        self.name = path.name
        text = re.sub(r"#.*", "", (path / "CMakeLists.txt").read_text())
        self.deps, self.test_deps = set(), set()
        for declaration in re.findall(r"\bweft_(?:module|command)\s*\(([^)]*)\)", text):
            words = declaration.split()
            if self.path.parent.name == "src":
                self.name = words[0]
            section = None
            for word in words[1:]:
                if word in KEYWORDS:
                    section = word
                elif section == "DEPS":
                    self.deps.add(word)
                elif section == "TEST_DEPS":
                    self.test_deps.add(word)
        for linked in re.findall(r"target_link_libraries\s*\(([^)]*)\)", text):
            self.deps.update(re.findall(r"\bweft_(\w+)", linked))
        # target_link_libraries names the library itself first
        self.deps.discard(self.name)

    def allowed(self, file):
        own = {self.name, *self.deps}
        return own | self.test_deps if file.stem.endswith(("_test", "_bench", "_fuzz")) else own


def misplaced_includes(folder, modules):
    for file in sorted(folder.path.rglob("*")):
        if file.suffix not in SOURCES:
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+"([^"/]+)/', line)
            if match and match[1] in modules and match[1] not in folder.allowed(file):
                yield f'{file.relative_to(ROOT)}:{number}: "{match[1]}/" is not among the DEPS of {folder.name}'


def cycle(modules):
    """A list of names that depend on each other in a ring, or None."""
    done, path = set(), []

    def visit(name):
        if name in path:
            return path[path.index(name):] + [name]
        if name in done or name not in modules:
            return None
        path.append(name)
        for dep in sorted(modules[name].deps):
            ring = visit(dep)
            if ring:
                return ring
        path.pop()
        done.add(name)
        return None

    for name in sorted(modules):
        ring = visit(name)
        if ring:
            return ring
    return None


def main():
    lists = [path for base in ("src", "apps", "bench") for path in sorted((ROOT / base).rglob("CMakeLists.txt"))]
    folders = [Folder(path.parent) for path in lists]
    modules = {folder.name: folder for folder in folders if folder.path.parent.name == "src"}
    errors = [error for folder in folders for error in misplaced_includes(folder, modules)]
    ring = cycle(modules)
    if ring:
        errors.append("dependencies form a ring: " + " -> ".join(ring))
    if not modules:
        errors.append("no module found: has weft_module changed its name?")
    print("\n".join(errors) or f"{len(folders)} folders keep to their declarations")
    sys.exit(bool(errors))


main()
