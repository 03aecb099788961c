"""``python -m node.locales``: see ``node.locales.catalogues``."""

from __future__ import annotations

import sys

from node.locales.catalogues import (
    TRANSLATED_LANGUAGES,
    compile_one,
    extract,
    problems,
    update,
)


def main(arguments: list[str]) -> int:
    template = extract()
    if arguments != ["--check"]:
        for language in TRANSLATED_LANGUAGES:
            update(language, template)
            compile_one(language)
    found = [line for language in TRANSLATED_LANGUAGES for line in problems(language, template)]
    for line in sorted(found):
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
