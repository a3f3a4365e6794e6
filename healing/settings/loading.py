"""From a file and the environment to checked settings, or to every fault there is."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from healing.errors import ConfigError
from healing.settings import document
from healing.settings.checks import Names, check
from healing.settings.document import Document, KeyPath, Tree
from healing.settings.environment import FILE_VARIABLE, override
from healing.settings.faults import Fault, dotted, placed, sorted_lines, translate
from healing.settings.substitution import Environment
from healing.settings.tree import Note, Place, Settings


def load(path: Path | None, env: Environment) -> Settings:
    """Read and check the configuration.

    Args:
        path: The file; None takes the one that `HEALING_CONFIG` names, and without that there is
            no file and everything has its default.
        env: The environment: fills in `${VAR}`, and a few variables win over the file.

    Raises:
        ConfigError: Something is wrong; it holds one line for each fault.
    """
    settings, faults = _read(path, env)
    if settings is None:
        raise ConfigError(faults)
    return settings


def reload(
    current: Settings, path: Path | None, env: Environment
) -> tuple[Settings, tuple[str, ...]]:
    """Read the configuration again; a bad file changes nothing.

    Returns:
        The new settings and no faults, or `current` and one line for each fault.
    """
    settings, faults = _read(path, env)
    return (current, faults) if settings is None else (settings, ())


def _read(path: Path | None, env: Environment) -> tuple[Settings | None, tuple[str, ...]]:
    if path is None and (named := env.get(FILE_VARIABLE)):
        path = Path(named)
    if path is None:
        return _checked(Document(), "", env)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return None, (f"{path}:1: not UTF-8 at byte {error.start}",)
    except OSError as error:
        return None, (f"{path}:1: cannot be read: {error.strerror}",)
    return _checked(document.read(text, env), str(path), env)


def _checked(
    found: Document, file: str, env: Environment
) -> tuple[Settings | None, tuple[str, ...]]:
    tree, variables = override(found.tree, env)
    places = {path: Place(file, line) for path, line in found.lines.items()}
    places |= {path: Place(variable) for path, variable in variables.items()}
    if file:
        places.setdefault((), Place(file, 1))

    faults = [Fault(Place(file, m.line), m.path, m.what) for m in found.mistakes]
    unread = {fault.path for fault in faults}
    settings, invalid = _validated(tree, places)
    faults += [fault for fault in invalid if fault.path not in unread]
    wrong = unread | {fault.path for fault in invalid}

    notes: list[Note] = []
    if settings is not None:
        together = check(settings, _names(tree))
        faults += [
            Fault(placed(remark.path, places), remark.path, remark.what)
            for remark in together.faults
            if not _holds(remark.path, wrong)
        ]
        notes = [
            Note(placed(remark.path, places), dotted(remark.path), remark.what)
            for remark in together.notes
        ]
    if settings is None or faults:
        return None, sorted_lines(faults)
    return settings.remember(notes, places), ()


def _validated(
    tree: dict[str, Tree], places: Mapping[KeyPath, Place]
) -> tuple[Settings | None, list[Fault]]:
    """Validate; where that fails, leave out what is wrong so that the rest can be looked at too."""
    first: list[Fault] | None = None
    while True:
        try:
            return Settings.model_validate(tree), first or []
        except ValidationError as error:
            faults = translate(error, Settings, places)
            first = faults if first is None else first
            smaller = tree
            for fault in faults:
                smaller = _without(smaller, fault.path)
            if smaller == tree:
                return None, first
            tree = smaller


def _without(tree: dict[str, Tree], path: KeyPath) -> dict[str, Tree]:
    """Copy a tree without the node at `path`, or the nearest one above it that there is."""
    if not path:
        return tree
    head, rest = path[0], path[1:]
    below = tree.get(str(head))
    copy = dict(tree)
    if rest and isinstance(below, dict) and str(rest[0]) in below:
        copy[str(head)] = _without(below, rest)
    else:
        copy.pop(str(head), None)
    return copy


def _names(tree: Mapping[str, Tree]) -> Names:
    recovery = tree.get("recovery")
    procedures = recovery.get("procedures") if isinstance(recovery, dict) else None
    return Names(actions=_names_in(tree.get("actions")), procedures=_names_in(procedures))


def _names_in(section: Tree) -> frozenset[str]:
    return frozenset(cast("Iterable[str]", section)) if isinstance(section, dict) else frozenset()


def _holds(path: KeyPath, wrong: set[KeyPath]) -> bool:
    """Whether something at or below a path is wrong already: then what follows from it is not."""
    return any(other[: len(path)] == path for other in wrong)
