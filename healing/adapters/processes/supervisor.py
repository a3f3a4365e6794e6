"""The process that owns the programs: `python -m healing.adapters.processes.supervisor HOME`.

It has one thread and one loop, so that what it starts ends with it. Only one can run per folder.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Generator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from healing.adapters.processes.child import Child
from healing.adapters.processes.kernel import sweep
from healing.adapters.processes.program import (
    HEARTBEAT,
    LOCK,
    Answer,
    Program,
    Question,
    Trouble,
    Wish,
    unix_socket,
)
from healing.errors import InstanceGoneError, OutcomeUnknownError, RefusedError
from healing.instances import Happening, What
from healing.names import InstanceName

log = logging.getLogger(__name__)

REMEMBERED = 1024
"""Happenings told again to who asks for the past."""
LONGEST_QUESTION = 4 * 1024 * 1024
ALREADY_RUNNING = 3

_question = TypeAdapter(Question)
_answer = TypeAdapter(Answer)


class Supervisor:
    """Keeps the programs and answers questions about them."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._children: dict[str, Child] = {}
        self._past: deque[Happening] = deque(maxlen=REMEMBERED)
        self._followers: set[asyncio.Queue[Happening]] = set()
        self._over = asyncio.Event()

    async def run(self) -> None:
        """Answer questions until it is asked to end."""
        listening = unix_socket(self._home, listen=True)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._over.set)
        server = await asyncio.start_unix_server(
            self._converse, sock=listening, limit=LONGEST_QUESTION
        )
        await self._over.wait()
        server.close()
        await asyncio.gather(*(child.stop(None) for child in self._children.values()))

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError), contextlib.closing(writer):
            line = await reader.readline()
            try:
                question = _question.validate_json(line)
            except ValidationError as error:
                log.warning("question not understood: %s", error)
                return
            if question.wish is Wish.FOLLOW:
                await self._follow(question.since, writer)
            else:
                writer.write(_answer.dump_json(await self._answer(question)) + b"\n")
                await writer.drain()

    async def _answer(self, question: Question) -> Answer:
        try:
            return await self._do(question)
        except InstanceGoneError as error:
            return Answer(trouble=Trouble.GONE, words=error.instance)
        except RefusedError as error:
            return Answer(trouble=Trouble.REFUSED, words=str(error))
        except OutcomeUnknownError as error:
            return Answer(trouble=Trouble.TOO_LONG, words=str(error))

    async def _do(self, question: Question) -> Answer:
        match question.wish:
            case Wish.PING:
                return Answer(words=f"healing supervisor, process {os.getpid()}")
            case Wish.LIST:
                return Answer(instances=tuple(c.look() for c in self._children.values()))
            case Wish.HAPPENED:
                since = question.since
                return Answer(happened=tuple(h for h in self._past if not since or h.at >= since))
            case Wish.DECLARE:
                for program in question.programs:
                    await self._declare(program)
                return Answer()
            case Wish.END:
                self._over.set()
                return Answer()
            case _:
                return await self._do_to(self._find(question.name), question)

    async def _do_to(self, child: Child, question: Question) -> Answer:
        match question.wish:
            case Wish.START:
                await child.start()
            case Wish.STOP:
                await child.stop(question.grace)
            case Wish.RESTART:
                await child.restart(question.grace)
            case Wish.KILL:
                child.kill(question.signal or signal.SIGKILL)
            case Wish.REMOVE:
                await self._remove(child)
            case Wish.LOGS:
                return Answer(words=child.logs(lines=question.lines, since=question.since))
            case Wish.EXECUTE:
                code, output = await child.execute(question.argv, question.timeout)
                return Answer(exit_code=code, words=output)
            case _:
                return Answer(instances=(child.look(),))
        return Answer()

    async def _declare(self, program: Program) -> None:
        known = self._children.get(program.name)
        if known is not None:
            if known.program == program:
                return
            await self._remove(known)
        child = Child(program, home=self._home, tell=self._tell)
        self._children[program.name] = child
        self._tell(_about(child, What.CREATED))

    async def _remove(self, child: Child) -> None:
        await child.end()
        self._children.pop(child.program.name, None)
        self._tell(_about(child, What.REMOVED))

    def _find(self, id_or_name: str) -> Child:
        for child in self._children.values():
            if id_or_name in {child.program.name, child.id}:
                return child
        raise InstanceGoneError(InstanceName(id_or_name))

    def _tell(self, happening: Happening) -> None:
        self._past.append(happening)
        for queue in self._followers:
            queue.put_nowait(happening)

    async def _follow(self, since: datetime | None, writer: asyncio.StreamWriter) -> None:
        """Send what happens, and an empty line now and then, until the other side is gone."""
        with self._following(since) as queue:
            writer.write(b"\n")
            while not self._over.is_set():
                async for happening in _within_heartbeat(queue):
                    writer.write(_answer.dump_json(Answer(happening=happening)) + b"\n")
                writer.write(b"\n")
                await writer.drain()

    @contextlib.contextmanager
    def _following(self, since: datetime | None) -> Generator[asyncio.Queue[Happening]]:
        queue: asyncio.Queue[Happening] = asyncio.Queue()
        for happening in self._past:
            if since is not None and happening.at >= since:
                queue.put_nowait(happening)
        self._followers.add(queue)
        try:
            yield queue
        finally:
            self._followers.discard(queue)


async def _within_heartbeat(queue: asyncio.Queue[Happening]) -> AsyncIterator[Happening]:
    """Wait for one happening, at most a heartbeat, and give it and what came with it."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(HEARTBEAT.total_seconds()):
            first = await queue.get()
        yield first
        while not queue.empty():
            yield queue.get_nowait()


def _about(child: Child, what: What) -> Happening:
    program = child.program
    return Happening(
        what=what, id=child.id, name=program.name, at=datetime.now(UTC), labels=program.labels
    )


def main(home: Path) -> int:
    """Run a supervisor in `home`, as nobody's child. Returns its exit code."""
    if os.fork():
        return 0
    os.setsid()
    home = home.resolve()
    (home / "logs").mkdir(parents=True, exist_ok=True)
    with (home / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return ALREADY_RUNNING
        if left := sweep(f"{home}:"):
            log.warning("ended %d processes that an earlier supervisor left behind", left)
        if sys.version_info < (3, 12):
            # Later versions choose this one by themselves; the other needs a thread per program.
            watcher = asyncio.PidfdChildWatcher()
            asyncio.set_child_watcher(watcher)  # pyright: ignore[reportDeprecated] - not in 3.11
        asyncio.run(Supervisor(home).run())
    return 0


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    sys.exit(main(Path(sys.argv[1])))
