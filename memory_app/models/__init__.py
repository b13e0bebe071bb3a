"""The rows of the database, a noun a file; other modules import them from here."""

from memory_app.models.chat import Chat, ChatQuerySet
from memory_app.models.chat_import import ChatImport, ImportStatus
from memory_app.models.checkpoint import Checkpoint, Promotion
from memory_app.models.corpus import Corpus
from memory_app.models.evaluation import Evaluation, EvaluationStatus
from memory_app.models.long_term import Consolidation, ConsolidationStatus, LongTermMemory
from memory_app.models.operations import (
    LIMIT_SCOPES,
    AuditEntry,
    Dashboard,
    FaultEntry,
    LimitChange,
    ProcessReport,
    SiteSwitch,
    WorkerHeartbeat,
)
from memory_app.models.person import Person
from memory_app.models.public_link import PublicLink
from memory_app.models.report import Report, ReportReason
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
from memory_app.models.unit_note import UnitNote

__all__ = [
    "ASKED",
    "COMMITTED",
    "ENDED",
    "HELD",
    "LIMIT_SCOPES",
    "SIGNATURE",
    "UNFINISHED",
    "AuditEntry",
    "Chat",
    "ChatImport",
    "ChatQuerySet",
    "Checkpoint",
    "Consolidation",
    "ConsolidationStatus",
    "Corpus",
    "Dashboard",
    "Evaluation",
    "EvaluationStatus",
    "FaultEntry",
    "ImportStatus",
    "LimitChange",
    "LongTermMemory",
    "ParameterSearch",
    "Person",
    "ProcessReport",
    "Promotion",
    "PublicLink",
    "Report",
    "ReportReason",
    "RunSample",
    "RunStatus",
    "SearchChunk",
    "SearchSignature",
    "SiteSwitch",
    "TrainingMetric",
    "TrainingRun",
    "Turn",
    "TurnKind",
    "TurnStatus",
    "UnitNote",
    "WorkerHeartbeat",
    "chunks_of",
    "folded_word",
]
