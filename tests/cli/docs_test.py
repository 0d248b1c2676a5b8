#!/usr/bin/env python3
"""docs/cli.md against what the command says of itself: every command has a section, with every option in it."""

import re
import sys
import unittest

from guests import CommandTest, ROOT


def sections():
    """Name of a command -> the text below its heading; a heading may name several, with commas."""
    text = (ROOT / "docs/cli.md").read_text()
    found = {}
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        heading, _, rest = part.partition("\n")
        for name in heading.split(","):
            found[name.strip()] = rest
    return found


class Docs(CommandTest):
    def commands(self):
        text = self.weft("help").stdout.decode()
        names = re.findall(r"^  (\w+) +\S", text[text.index("Commands:"):text.index("Options:")], flags=re.MULTILINE)
        names.remove("help")
        self.assertGreater(len(names), 15)
        return names

    def test_each_command_has_a_section_and_each_section_a_command(self):
        self.assertEqual(sorted(sections()), sorted(self.commands() + ["Servers and profiles"]))

    def test_each_option_is_explained(self):
        described = sections()
        common = described["Servers and profiles"]
        for name in self.commands():
            text = self.weft("help", name).stdout.decode()
            options = re.findall(r"^  ((?:-\w )?--[\w-]+|-\w)\b", text[text.index("Options:"):], flags=re.MULTILINE)
            self.assertIn("-h --help", options)
            where = described[name] + (common if "--profile" in text else "")
            for option in options:
                if option != "-h --help":
                    spellings = "|".join(option.split())
                    self.assertRegex(where, rf"(?<![\w-])({spellings})(?![\w-])", f"weft {name} {option}")

    def test_the_help_of_each_command_has_examples(self):
        for name in self.commands():
            text = self.weft("help", name).stdout.decode()
            self.assertRegex(text[:text.index("\nUsage: ")], rf"\n  (.* )?weft {name}\b", name)


if __name__ == "__main__":
    sys.exit(unittest.main())
