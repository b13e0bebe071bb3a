"""The looks of a process's sockets at their chats, gathered: one call for many."""

import asyncio
import logging
from weakref import WeakKeyDictionary

from django.db import Error

from memory_app.database_thread import in_thread
from memory_app.models import Chat
from memory_app.services.chat.access import Pair, chat_of_session, chats_of_sessions

log = logging.getLogger(__name__)
#: Seconds that a look waits for others to be made with it.
GATHER = 0.2


class Looks:
    """Of one event loop."""

    def __init__(self) -> None:
        self._asked: dict[Pair, asyncio.Future[Chat | None]] = {}
        self._answering: set[asyncio.Task[None]] = set()

    async def chat(self, pair: Pair) -> Chat | None:
        """The chat while the session may use it, read after this call.

        Raises:
            Exception: the database or the row can't be read.
        """
        answer = self._asked.get(pair)
        if answer is None:
            if not self._asked:
                task = asyncio.create_task(self._answer(), name="socket-looks")
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)
            answer = self._asked[pair] = asyncio.get_running_loop().create_future()
        # Others may wait for it, too, when this socket closes.
        return await asyncio.shield(answer)

    async def _answer(self) -> None:
        await asyncio.sleep(GATHER)
        asked, self._asked = self._asked, {}
        try:
            chats = await in_thread(chats_of_sessions, list(asked))
        except Error as fault:
            for answer in asked.values():
                _fail(answer, fault)
        except Exception:
            # One damaged row must not keep other sessions open past their end.
            log.warning("sockets are looked after one by one", exc_info=True)
            for pair, answer in asked.items():
                try:
                    answer.set_result(await in_thread(chat_of_session, pair))
                except Exception as fault:
                    _fail(answer, fault)
        else:
            for pair, answer in asked.items():
                answer.set_result(chats[pair])


def _fail(answer: asyncio.Future[Chat | None], fault: Exception) -> None:
    answer.set_exception(fault)
    answer.exception()  # so that nobody is missed who has closed meanwhile


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Looks] = WeakKeyDictionary()


def looks() -> Looks:
    """Those of the running event loop."""
    return _by_loop.setdefault(asyncio.get_running_loop(), Looks())
