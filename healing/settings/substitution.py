"""`${VAR}` and `${VAR:-default}`, filled in from the environment."""

import re
from collections.abc import Mapping
from typing import TypeAlias

Environment: TypeAlias = Mapping[str, str]

_REFERENCE = re.compile(
    r"""
    \$\$\{                                        # $${ is a literal ${
    | \$\{ (?P<name>[A-Za-z_][A-Za-z0-9_]*) (?: :- (?P<default>[^{}]*) )? \}
    | \$\{ [^}]* \}?                              # anything else that begins like one
    """,
    re.VERBOSE | re.ASCII,
)


def substitute(text: str, env: Environment) -> tuple[str, tuple[str, ...]]:
    """Fill in the variables of one value.

    What a variable holds is never looked at again: it cannot bring in further variables, nor YAML.

    Returns:
        The text, and one sentence for each reference that could not be filled in.

    Example:
        >>> substitute("redis://${HOST}:${PORT:-6379}", {"HOST": "cache"})
        ('redis://cache:6379', ())
    """
    problems: list[str] = []

    def filled(match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        name, default = match["name"], match["default"]
        if name is None:
            problems.append(f"cannot read {match[0]!r}: write ${{VAR}} or ${{VAR:-default}}")
            return ""
        if default is not None:
            return env.get(name) or default
        if name not in env:
            problems.append(f"${{{name}}} is not set; set it, or write ${{{name}:-default}}")
        return env.get(name, "")

    return _REFERENCE.sub(filled, text), tuple(problems)
