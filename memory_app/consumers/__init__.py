"""The sockets."""

from memory_app.consumers.chat import ChatConsumer

__all__ = ["ChatConsumer"]
