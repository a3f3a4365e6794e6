"""What the demo takes from the machine: an engine, an image, packages, ports."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import docker
import pytest

from deployments.demo.engine import NoEngine, ensure_engine
from deployments.demo.image import build, python_image
from deployments.demo.packages import ensure_program
from deployments.demo.shop import APPS
from tests.real import ROOT, missing

OWN_ENGINE = """
import os
import shutil
import subprocess
import sys
from pathlib import Path
import docker
from deployments.demo.engine import Engine, ensure_engine
from deployments.demo.image import build, python_image

ended = Path(sys.argv[1]) / "dockerd"
ended.symlink_to(shutil.which("true"))
unburied = subprocess.Popen([ended])
os.waitid(os.P_PID, unburied.pid, os.WEXITED | os.WNOWAIT)

engine = ensure_engine(Path(sys.argv[1]), print, may_install=False)
assert isinstance(engine, Engine), engine
try:
    assert engine.pid is not None
    client = docker.APIClient(engine.url, version="auto")
    image = build(client, python_image())
    config = client.create_host_config(network_mode="none")
    one = client.create_container(image, ["python3", "-c", "print(6 * 7)"], host_config=config)
    client.start(one)
    assert client.wait(one)["StatusCode"] == 0
    assert client.logs(one).strip() == b"42"
    client.remove_container(one)
    client.close()
    again = ensure_engine(Path(sys.argv[1]), print, may_install=False)
    assert isinstance(again, Engine)
    assert again.pid == engine.pid
finally:
    engine.stop()
assert not Path(engine.url.removeprefix("unix://")).parent.exists()
print("gone")
"""


@pytest.mark.real("docker")
def test_an_engine_of_our_own_beside_one_that_has_ended_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    if os.geteuid() != 0 or not shutil.which("dockerd"):
        missing("only root can start an engine, and dockerd must be installed")
    # Apart from the machine: with processes, mounts and a network of its own.
    apart = ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc"]

    done = subprocess.run(
        [*apart, sys.executable, "-c", OWN_ENGINE, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "DOCKER_HOST": f"unix://{tmp_path}/none"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("gone\n")


def test_an_engine_on_another_machine_will_not_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    engine = ensure_engine(tmp_path, print)

    assert isinstance(engine, NoEngine)
    assert "another machine" in engine.reason
    assert "only root" in engine.reason


def test_the_tag_of_an_image_changes_with_its_content_and_only_then(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("print(1)")
    first, same = python_image(tmp_path).tag, python_image(tmp_path).tag
    (tmp_path / "app.py").write_text("print(2)")

    assert first == same != python_image(tmp_path).tag


@pytest.mark.real("docker")
def test_earlier_builds_are_removed_once_they_are_old(
    docker_client: docker.APIClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"healing-test-{os.getpid()}"

    def build_with(words: str) -> str:
        (tmp_path / "app.py").write_text(words)
        return build(docker_client, python_image(tmp_path, name=name))

    first = build_with("1")
    second = build_with("2")
    assert {tag for i in docker_client.images(name) for tag in i["RepoTags"]} == {first, second}
    monkeypatch.setattr("deployments.demo.image.KEPT", -1)
    third = build_with("3")
    assert [i["RepoTags"] for i in docker_client.images(name)] == [[third]]
    docker_client.remove_image(third)


@pytest.mark.real("docker")
def test_an_image_is_built_once_and_is_small(docker_client: docker.APIClient) -> None:
    recipe = python_image(APPS)
    tag = build(docker_client, recipe)
    created = docker_client.inspect_image(tag)["Created"]

    build(docker_client, recipe)

    assert docker_client.inspect_image(tag)["Created"] == created
    assert docker_client.inspect_image(tag)["Size"] < 100_000_000


def test_a_program_that_is_there_needs_no_package() -> None:
    assert ensure_program("sh", "no-such-package", _never, may_install=True) is None


def test_a_program_that_may_not_be_installed_is_missing() -> None:
    reason = ensure_program("no-such-program", "no-such-package", _never, may_install=False)

    assert reason == "no-such-program is not installed"


def test_only_root_can_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    reason = ensure_program("no-such-program", "no-such-package", _never, may_install=True)

    assert reason is not None
    assert "only root" in reason


def _never(words: str) -> None:
    raise AssertionError(words)
