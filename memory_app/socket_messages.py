"""What may be sent to each socket: by the name of its route the rows of policy.py."""

from memory_app.protocol import CLIENT_TYPES

#: Of the Lab's socket for speech; `speech.sound` is the name of its binary messages.
SPEECH_MESSAGES = ("speech.begin", "speech.sound", "speech.end", "speech.map")
SOCKET_MESSAGES = {
    "ws_chat": ("connect", *CLIENT_TYPES),
    "ws_lab_speech": ("speech.connect", *SPEECH_MESSAGES),
}
