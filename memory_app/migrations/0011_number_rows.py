"""Numbers for the rows that are there: turns by their tree, the others by their time."""

import heapq
from collections import defaultdict

from django.db import migrations

from memory_app.core.text.case_folding import fold

BATCH = 500
# As models.CHUNK_BYTES was when this was written.
CHUNK_BYTES = 1_800


def in_tree_order(turns):
    """Keys of one chat's turns, parents first and otherwise by time; rows of (key, parent, time).

    A turn is taken when its parent has been: where a clock was put back, a child is older than its
    parent, and by their times it would come first.
    """
    children = defaultdict(list)
    known = {key for key, _parent, _time in turns}
    for key, parent, time in turns:
        children[parent if parent in known else None].append((time, key))
    ready = children.pop(None, [])
    heapq.heapify(ready)
    ordered = []
    while ready:
        _time, key = heapq.heappop(ready)
        ordered.append(key)
        for child in children.pop(key, ()):
            heapq.heappush(ready, child)
    return ordered


def number_turns(apps, schema_editor):
    Turn = apps.get_model("memory_app", "Turn")
    Chat = apps.get_model("memory_app", "Chat")
    for chat in Chat.objects.values_list("pk", flat=True).iterator():
        rows = Turn.objects.filter(chat=chat).values_list("pk", "parent_id", "created")
        numbered = [
            Turn(pk=key, position=position)
            for position, key in enumerate(in_tree_order(list(rows)), 1)
        ]
        Turn.objects.bulk_update(numbered, ["position"], batch_size=BATCH)


def number_others(apps, schema_editor):
    for name, field, time in (
        ("Chat", "activity", "updated"),
        ("Checkpoint", "sequence", "created"),
        ("ParameterSearch", "sequence", "created"),
        ("TrainingRun", "sequence", "created"),
    ):
        Model = apps.get_model("memory_app", name)
        keys = Model.objects.order_by(time, "pk").values_list("pk", flat=True)
        rows = [Model(pk=key, **{field: number}) for number, key in enumerate(keys, 1)]
        Model.objects.bulk_update(rows, [field], batch_size=BATCH)


def fold_texts(apps, schema_editor):
    Chat = apps.get_model("memory_app", "Chat")
    Turn = apps.get_model("memory_app", "Turn")
    SearchChunk = apps.get_model("memory_app", "SearchChunk")
    for chat, title in Chat.objects.values_list("pk", "title").iterator():
        Chat.objects.filter(pk=chat).update(folded_title=fold(title))
        turns = Turn.objects.filter(chat=chat).order_by("position")
        chunks, size = [], 0
        for position, *texts in turns.values_list("position", "user_text", "reply_text"):
            for text in texts:
                line = " ".join(fold(text).split())
                if not line:
                    continue
                if not chunks or size + len(line.encode()) + 1 > CHUNK_BYTES:
                    chunks.append(([], []))
                    size = 0
                chunks[-1][0].append(line)
                chunks[-1][1].append(position)
                size += len(line.encode()) + 1
        SearchChunk.objects.bulk_create(
            (
                SearchChunk(chat_id=chat, number=number, text="\n".join(lines), positions=positions)
                for number, (lines, positions) in enumerate(chunks, 1)
            ),
            batch_size=BATCH,
        )


class Migration(migrations.Migration):
    dependencies = [("memory_app", "0010_sequences")]

    operations = [
        migrations.RunPython(number_turns, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(number_others, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(fold_texts, migrations.RunPython.noop, elidable=True),
    ]
