"""The rows of the database, a noun a file; other modules import them from here."""

from memory_app.models.chat import Chat, ChatQuerySet
from memory_app.models.chat_import import ChatImport, ImportStatus
from memory_app.models.checkpoint import Checkpoint, Promotion
from memory_app.models.corpus import Corpus
from memory_app.models.evaluation import Evaluation, EvaluationStatus
from memory_app.models.operations import AuditEntry, FaultEntry, ProcessReport, WorkerHeartbeat
from memory_app.models.person import Person
from memory_app.models.search import SIGNATURE, SearchChunk, SearchSignature, chunks_of, folded_word
from memory_app.models.training import (
    ASKED,
    ENDED,
    HELD,
    UNFINISHED,
    ParameterSearch,
    RunSample,
    RunStatus,
    TrainingMetric,
    TrainingRun,
)
from memory_app.models.turn import COMMITTED, Turn, TurnKind, TurnStatus

__all__ = [
    "ASKED",
    "COMMITTED",
    "ENDED",
    "HELD",
    "SIGNATURE",
    "UNFINISHED",
    "AuditEntry",
    "Chat",
    "ChatImport",
    "ChatQuerySet",
    "Checkpoint",
    "Corpus",
    "Evaluation",
    "EvaluationStatus",
    "FaultEntry",
    "ImportStatus",
    "ParameterSearch",
    "Person",
    "ProcessReport",
    "Promotion",
    "RunSample",
    "RunStatus",
    "SearchChunk",
    "SearchSignature",
    "TrainingMetric",
    "TrainingRun",
    "Turn",
    "TurnKind",
    "TurnStatus",
    "WorkerHeartbeat",
    "chunks_of",
    "folded_word",
]
