"""The sockets."""

from memory_app.consumers.chat import ChatConsumer
from memory_app.consumers.speech import SpeechConsumer

__all__ = ["ChatConsumer", "SpeechConsumer"]
