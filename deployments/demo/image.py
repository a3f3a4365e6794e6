"""Container images made from what is on this machine: no registry is asked for anything.

The running interpreter, its standard library and the shared libraries it is linked against are
packed into a tar stream and imported. The tag is a hash of the content, so a second build finds the
first one and does nothing.
"""

import contextlib
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import docker
from docker.errors import APIError, ImageNotFound

KEPT = 3600
"""Seconds for which an earlier build is left alone."""
STDLIB = PurePosixPath("/usr") / sys.platlibdir / Path(sysconfig.get_path("stdlib")).name
PYTHON = PurePosixPath("/usr/bin/python3")
LEFT_OUT = frozenset(
    {
        "site-packages",
        "dist-packages",
        "test",
        "tests",
        "idlelib",
        "turtledemo",
        "tkinter",
        "lib2to3",
        "ensurepip",
        "venv",
        "pydoc_data",
    }
)
LEFT_OUT_FILES = re.compile(
    r"(\.opt-[12]\.pyc|\.a|\.exe|\.pickle)$|^_(tkinter|test|ctypes_test|xx)"
)
APPLETS = ("sh", "ls", "cat", "ps", "kill", "sleep", "top", "wget", "nc", "true", "false")
LDD_LINE = re.compile(r"^\s*(?:\S+ => )?(/\S+) \(0x[0-9a-f]+\)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing in an image: a file of this machine, bytes, or a link to another thing in it."""

    source: Path | bytes | PurePosixPath
    mode: int = 0o644


Content = Mapping[PurePosixPath, Item]
"""What an image holds, by absolute path inside."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """An image to be built.

    Attributes:
        name: Repository part of its tag.
        content: What it holds.
        changes: Dockerfile instructions that describe it, such as `ENV A=b`.
    """

    name: str
    content: Content
    changes: tuple[str, ...] = ()

    @property
    def tag(self) -> str:
        """Its name with a hash of everything in it."""
        digest = hashlib.sha256("\n".join(self.changes).encode())
        for path, item in sorted(self.content.items()):
            digest.update(f"{path}\0{item.mode:o}\0".encode())
            match item.source:
                case bytes(data):
                    digest.update(data)
                case Path() as file:
                    digest.update(file.read_bytes())
                case link:
                    digest.update(str(link).encode())
        return f"{self.name}:{digest.hexdigest()[:16]}"


def python_image(
    apps: Path | None = None, programs: tuple[Path, ...] = (), *, name: str = "healing-demo"
) -> Recipe:
    """Describe an image with this Python, and busybox where there is one.

    The files of the folder `apps` stand in `/app`, and `programs` in `/usr/bin`.
    """
    content = {
        **_system(),
        **_interpreter(),
        **_busybox(),
        **(_tree(apps, PurePosixPath("/app")) if apps else {}),
        **{PurePosixPath("/usr/bin", one.name): Item(one, 0o755) for one in programs},
    }
    binaries = [i.source for i in content.values() if isinstance(i.source, Path) and _is_elf(i)]
    libraries = _libraries(binaries)
    return Recipe(
        name,
        {**content, **libraries},
        (
            "ENV PATH=/usr/bin:/bin",
            "ENV LANG=C.UTF-8 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1",
            f"ENV LD_LIBRARY_PATH={_folders(libraries)}",
            "WORKDIR /app",
        ),
    )


def build(client: docker.APIClient, recipe: Recipe) -> str:
    """Make sure the engine has the image. Returns its tag."""
    tag = recipe.tag
    try:
        client.inspect_image(tag)
    except ImageNotFound:
        repository, _, version = tag.partition(":")
        client.import_image_from_stream(
            _tar(recipe.content), repository, version, changes=list(recipe.changes)
        )
        _forget_older(client, repository, tag)
    return tag


def _forget_older(client: docker.APIClient, repository: str, tag: str) -> None:
    """Remove earlier builds, but not one that somebody may be about to use."""
    for image in client.images(repository):
        if tag not in image["RepoTags"] and time.time() - image["Created"] > KEPT:
            # Refused for an image that a container is made of.
            with contextlib.suppress(APIError):
                client.remove_image(image["Id"])


def _system() -> Content:
    """What every image needs besides programs."""
    return {
        PurePosixPath("/etc/passwd"): Item(b"root:x:0:0:root:/tmp:/bin/sh\n"),
        PurePosixPath("/etc/group"): Item(b"root:x:0:\n"),
        PurePosixPath("/etc/hosts"): Item(b""),
        PurePosixPath("/etc/nsswitch.conf"): Item(b"hosts: files dns\n"),
        PurePosixPath("/tmp/.keep"): Item(b""),  # noqa: S108 - a path inside the image
        PurePosixPath("/data/.keep"): Item(b""),
    }


def _interpreter() -> Content:
    stdlib = Path(sysconfig.get_path("stdlib"))
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    binary = Path(sys.base_prefix, "bin", version).resolve()
    return {
        PYTHON.with_name(version): Item(binary, 0o755),
        PYTHON: Item(PurePosixPath(version)),
        **_tree(stdlib, STDLIB),
    }


def _busybox() -> Content:
    """A shell and a few tools for people who look inside; an image can do without."""
    found = shutil.which("busybox")
    if found is None:
        return {}
    links = {PurePosixPath("/bin") / applet: Item(PurePosixPath("busybox")) for applet in APPLETS}
    return {PurePosixPath("/bin/busybox"): Item(Path(found), 0o755), **links}


def _tree(root: Path, at: PurePosixPath) -> Content:
    """Pack a folder, without tests and what only developers need."""
    return {at / file.relative_to(root): Item(file) for file in sorted(_files(root))}


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f not in LEFT_OUT and not f.startswith("config-")]
        for name in files:
            file = Path(folder, name)
            if not LEFT_OUT_FILES.search(name) and file.exists():
                yield file


def _is_elf(item: Item) -> bool:
    if not isinstance(item.source, Path):
        return False
    with item.source.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _libraries(binaries: Iterable[Path]) -> Content:
    """Find what the dynamic loader would load for these, and the loader itself."""
    found: dict[PurePosixPath, Item] = {}
    # For a static program ldd fails and prints no such line: it needs no libraries.
    said = subprocess.run(
        ["ldd", *map(str, binaries)], capture_output=True, text=True, timeout=60, check=False
    )
    for path in LDD_LINE.findall(said.stdout):
        found[PurePosixPath(path)] = Item(Path(path).resolve(), 0o755)
    # Loaded by name at run time to look up host names, in a C library before 2.34.
    for folder in {path.parent for path in found if path.name.startswith("libc.so")}:
        for name in ("libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"):
            if (library := Path(folder, name)).exists():
                found[PurePosixPath(library)] = Item(library.resolve(), 0o755)
    return found


def _folders(libraries: Content) -> str:
    return ":".join(sorted({str(path.parent) for path in libraries})) or "/lib"


def _tar(content: Content) -> Iterator[bytes]:
    """Stream the content as a tar archive, about one file at a time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for folder in sorted({p for path in content for p in path.parents if p.name}):
            info = tarfile.TarInfo(str(folder).lstrip("/"))
            info.type, info.mode = tarfile.DIRTYPE, 0o1777 if folder.name == "tmp" else 0o755
            archive.addfile(info)
        for path, item in sorted(content.items()):
            _add(archive, path, item)
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _add(archive: tarfile.TarFile, path: PurePosixPath, item: Item) -> None:
    info = tarfile.TarInfo(str(path).lstrip("/"))
    info.mode = item.mode
    match item.source:
        case bytes(data):
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        case Path() as file:
            # Compiled modules name the time of their source: keep it, or Python compiles anew.
            info.size, info.mtime = file.stat().st_size, int(file.stat().st_mtime)
            with file.open("rb") as opened:
                archive.addfile(info, opened)
        case link:
            info.type, info.linkname = tarfile.SYMTYPE, str(link)
            archive.addfile(info)
