"""One YAML file as text values, each with the line it stands on.

Scalars stay text until the model gives them a type: so `timeout: true` is never one second, and a
token that happens to be all digits keeps its leading zeros.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self, TypeAlias, cast

import yaml

from healing.settings.substitution import Environment, substitute

KeyPath: TypeAlias = tuple[str | int, ...]
Tree: TypeAlias = "Scalar | str | list[Tree] | dict[str, Tree] | None"

MOST_NODES = 50_000
"""A bound on what aliases can multiply a small file into."""

_CORE_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}"
    for kind in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge", "map", "seq")
)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS = {"true": True, "false": False}
_INT = re.compile(r"[-+]?(0|[1-9]\d*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?", re.ASCII)


class Scalar(str):
    """What stands in the file, letter by letter, without quotes and with variables filled in."""

    __slots__ = ("plain",)

    plain: bool
    """Whether it stood there without quotes."""

    def __new__(cls, text: str, *, plain: bool = False) -> Self:
        """Make one; text that did not come from a file counts as quoted."""
        scalar = super().__new__(cls, text)
        scalar.plain = plain
        return scalar

    @property
    def typed(self) -> str | bool | int | float:
        """What YAML 1.2 makes of it: needed only where any JSON is welcome."""
        if self.plain and self.lower() in _BOOLS:
            return _BOOLS[self.lower()]
        if self.plain and _INT.fullmatch(self):
            return int(self)
        if self.plain and _FLOAT.fullmatch(self):
            return float(self)
        return str(self)


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something in the file that could not even be read."""

    line: int
    path: KeyPath
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file as it was read, with everything that was wrong with it so far."""

    tree: Mapping[str, Tree] = field(default_factory=dict[str, Tree])
    lines: Mapping[KeyPath, int] = field(default_factory=dict[KeyPath, int])
    mistakes: tuple[Mistake, ...] = ()


def read(text: str, env: Environment) -> Document:
    """Read YAML text, filling in `${VAR}` from `env`.

    Never raises: whatever is wrong is a `Mistake`, and the rest is read all the same.
    """
    reader = _Reader(env)
    try:
        node = cast("yaml.Node | None", yaml.compose(text, Loader=yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType] -- pyyaml has no types
        tree = {} if node is None else reader.value(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.problem, error.context) if part)
        line = mark.line + 1 if mark else 1
        hint = _about_braces(text, line)
        return Document(mistakes=(Mistake(line, (), f"not YAML: {what}{hint}"),))
    except yaml.reader.ReaderError as error:
        return Document(mistakes=(Mistake(1, (), f"not YAML: {error.reason}"),))
    except (RecursionError, _TooMuchError):
        return Document(mistakes=(Mistake(1, (), "too deep or too large to be a configuration"),))
    if tree is None:
        tree = {}
    if not isinstance(tree, dict):
        mistake = Mistake(1, (), "must be a mapping of sections, such as `services:`")
        return Document(mistakes=(*reader.mistakes, mistake))
    # Compose's convention: a place for anchors that other sections refer to.
    tree = {key: value for key, value in tree.items() if not key.startswith("x-")}
    return Document(tree=tree, lines=reader.lines, mistakes=tuple(reader.mistakes))


def _about_braces(text: str, line: int) -> str:
    """Explain the one YAML surprise that variables bring with them."""
    lines = text.splitlines()
    if not 0 < line <= len(lines) or "${" not in lines[line - 1]:
        return ""
    return "; inside { } and [ ] a ${VAR} must stand in quotes"


class _TooMuchError(Exception):
    """The file has more nodes than any configuration needs."""


class _Reader:
    """Walks the nodes once, remembering lines and mistakes."""

    def __init__(self, env: Environment) -> None:
        self.env = env
        self.lines: dict[KeyPath, int] = {}
        self.mistakes: list[Mistake] = []
        self._inside: set[int] = set()
        self._seen = 0

    def value(self, node: yaml.Node, path: KeyPath) -> Tree:
        self._seen += 1
        if self._seen > MOST_NODES:
            raise _TooMuchError
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        if node.tag not in _CORE_TAGS:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            self.mistakes.append(Mistake(line, path, f"the tag {tag!r} is not allowed here"))
            return None
        if id(node) in self._inside:
            self.mistakes.append(Mistake(line, path, "an alias that contains itself"))
            return None
        self._inside.add(id(node))
        try:
            return self._inner(node, path)
        finally:
            self._inside.discard(id(node))

    def _inner(self, node: yaml.Node, path: KeyPath) -> Tree:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, i)) for i, item in enumerate(node.value)]
        return self._scalar(cast("yaml.ScalarNode", node), path)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Tree]:
        found: dict[str, Tree] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.mistakes.append(Mistake(line, path, "a key must be one word"))
                continue
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged.append(value_node)
                continue
            key = str(key_node.value)
            here = (*path, key)
            if key in found:
                first = self.lines[here]
                self.mistakes.append(
                    Mistake(line, here, f"stands here twice, first on line {first}")
                )
                continue
            self.lines[here] = line
            found[key] = self.value(value_node, here)
        for source in merged:
            found.update(self._merged(source, path, known=frozenset(found)))
        return found

    def _merged(self, node: yaml.Node, path: KeyPath, *, known: frozenset[str]) -> dict[str, Tree]:
        """Read what `<<` brings in; keys that are `known` already win over it."""
        if isinstance(node, yaml.SequenceNode):
            result: dict[str, Tree] = {}
            for part in node.value:
                result.update(self._merged(part, path, known=known | set(result)))
            return result
        if not isinstance(node, yaml.MappingNode):
            line = node.start_mark.line + 1
            self.mistakes.append(Mistake(line, path, "`<<` must be followed by a mapping"))
            return {}
        visible = [
            pair
            for pair in node.value
            if not (isinstance(pair[0], yaml.ScalarNode) and pair[0].value in known)
        ]
        return self._mapping(yaml.MappingNode(node.tag, visible, node.start_mark), path)

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Scalar | None:
        plain = node.style is None
        if plain and node.value in _NULLS:
            return None
        text, problems = substitute(str(node.value), self.env)
        line = node.start_mark.line + 1
        self.mistakes.extend(Mistake(line, path, problem) for problem in problems)
        if plain and not text:
            return None
        return Scalar(text, plain=plain)
