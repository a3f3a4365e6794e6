import pathlib
from collections.abc import Callable

import pytest

from healing.errors import ConfigError
from healing.settings import Settings, load

Load = Callable[..., Settings]
FaultsOf = Callable[..., tuple[str, ...]]


@pytest.fixture
def write(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], pathlib.Path]:
    """Write the file as `c.yaml` in the current directory, so that messages are short."""
    monkeypatch.chdir(tmp_path)

    def written(text: str) -> pathlib.Path:
        path = pathlib.Path("c.yaml")
        path.write_text(text, encoding="utf-8")
        return path

    return written


@pytest.fixture
def read(write: Callable[[str], pathlib.Path]) -> Load:
    """Load a text as if it were the file; keywords are the environment."""

    def loaded(text: str, **env: str) -> Settings:
        return load(write(text), env)

    return loaded


@pytest.fixture
def faults_of(read: Load) -> FaultsOf:
    """Load a text that is wrong, and give its faults."""

    def faults(text: str, **env: str) -> tuple[str, ...]:
        with pytest.raises(ConfigError) as caught:
            read(text, **env)
        return caught.value.faults

    return faults
