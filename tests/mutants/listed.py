"""Twenty bugs that somebody could write, each with the tests that are about it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """`old`, which stands once in the file, becomes `new`; one of the tests has to fail."""

    name: str
    file: str
    old: str
    new: str
    tests: str


MUTANTS = (
    Mutant(
        "a checkpoint's files aren't synced",
        "memory_app/core/atomic_files.py",
        "        for file in part.iterdir():\n            sync(file)\n",
        "",
        "tests/core/model/test_durability.py",
    ),
    Mutant(
        "SQLite doesn't wait for the disk",
        "chatsite/env.py",
        "PRAGMA synchronous=FULL;",
        "PRAGMA synchronous=OFF;",
        "tests/services/test_commits.py",
    ),
    Mutant(
        "a deleted row is left in its place",
        "chatsite/env.py",
        " PRAGMA secure_delete=ON;",
        " PRAGMA secure_delete=OFF;",
        "tests/services/test_permanent_deletion.py -k overwritten_where_it_lay",
    ),
    Mutant(
        "any member of staff reads the audit log",
        "memory_app/policy.py",
        '"admin:audit", STAFF, ("GET", "HEAD"), permission=OPERATE',
        '"admin:audit", STAFF, ("GET", "HEAD"), permission=VIEW',
        "tests/views/dashboard/test_roles.py",
    ),
    Mutant(
        "a turn's state is stored in a second transaction",
        "memory_app/services/chat/turns.py",
        "        if not running.update(**fields):\n",
        '        state = fields.pop("state")\n'
        "        written = running.update(**fields)\n"
        "        transaction.on_commit(\n"
        "            lambda: Turn.objects.filter(pk=turn.pk).update(state=state)\n"
        "        )\n"
        "        if not written:\n",
        "tests/services/test_commits.py",
    ),
    Mutant(
        "a turn is anybody's who knows its id",
        "memory_app/policy.py",
        "return Turn.objects.of(person).filter(pk=turn).first()",
        "return Turn.objects.filter(pk=turn).first()",
        "tests/site/test_policy.py -k one_answer",
    ),
    Mutant(
        "a page of any origin opens a socket",
        "memory_app/consumers/handshake.py",
        "    return origin is not None and origin in",
        "    return origin is not None or origin in",
        "tests/consumers/test_socket_access.py -k origin",
    ),
    Mutant(
        "a socket outlives its session",
        "memory_app/consumers/chat.py",
        "                if chat is None:\n                    await self._shut_out()\n"
        "                    return\n                await self._catch_up(chat)",
        "                if chat is not None:\n                    await self._catch_up(chat)",
        "tests/consumers/test_socket_access.py -k silent",
    ),
    Mutant(
        "two messages at once make two replies",
        "memory_app/services/chat/turns.py",
        "    free = Chat.objects.filter(pk=chat.pk, running=None, deleted=None)\n"
        "    if not free.update(running_id=key",
        "    free = Chat.objects.filter(pk=chat.pk, deleted=None)\n"
        "    if not free.update(running_id=key",
        "tests/consumers/test_socket_resend.py -k busy",
    ),
    Mutant(
        "what is computed is never charged",
        "memory_app/limits/__init__.py",
        "    if cost <= 0 or not has(kind):",
        "    if cost >= 0 or not has(kind):",
        "tests/services/test_limits.py -k paid",
    ),
    Mutant(
        "the client says which address it has",
        "memory_app/asker.py",
        '.rpartition(",")[2].strip()',
        '.partition(",")[0].strip()',
        "tests/site/test_asker.py",
    ),
    Mutant(
        "a stranger locks the owner out",
        "chatsite/settings.py",
        'AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]',
        'AXES_LOCKOUT_PARAMETERS = ["username"]',
        "tests/views/test_log_in_guard.py -k guesser",
    ),
    Mutant(
        "a state with another hash is taken for the turn's",
        "memory_app/services/chat/memory.py",
        "    if state.sha256() != turn.state_sha256:\n        raise StateError",
        "    if not state.sha256():\n        raise StateError",
        "tests/services/test_state_repair.py -k bit",
    ),
    Mutant(
        "a repair follows damaged ids",
        "memory_app/services/chat/state_repair.py",
        "return after if _texts_fit(turn, model) else None",
        "return after",
        "tests/services/test_state_repair.py -k follows",
    ),
    Mutant(
        "a worker that lost its run goes on writing to it",
        "memory_app/services/training/leases.py",
        "return TrainingRun.objects.filter(pk=self.run.pk, fence=self.fence)",
        "return TrainingRun.objects.filter(pk=self.run.pk)",
        "tests/commands/test_leases.py -k stale",
    ),
    Mutant(
        "the write-ahead log keeps what was purged",
        "memory_app/services/operations/erase_deleted.py",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "PRAGMA wal_checkpoint(PASSIVE)",
        "tests/services/test_permanent_deletion.py",
    ),
    Mutant(
        "a backup is restored without a look at its hashes",
        "memory_app/services/operations/restore.py",
        "    if digest.hexdigest() != sha256:",
        "    if not sha256:",
        "tests/services/test_backup.py",
    ),
    Mutant(
        "what the model writes isn't sanitised",
        "memory_app/markdown.py",
        "        nh3.clean(\n            rough,\n            tags=set(TAGS),",
        "        nh3.clean(\n            rough,\n            tags=nh3.ALLOWED_TAGS | set(TAGS),",
        "tests/site/test_markdown.py",
    ),
    Mutant(
        "a body in chunks has no end",
        "chatsite/asgi_body_limit.py",
        "                if seen > limit:",
        "                if seen < 0:",
        "tests/site/test_bodies.py -k chunks",
    ),
    Mutant(
        "an account is deleted without its password",
        "memory_app/views/account_data.py",
        "if user is None or user.pk != self._request.user.pk:",
        "if user is not None and user.pk != self._request.user.pk:",
        "tests/views/test_account_data.py -k password_alone",
    ),
)
