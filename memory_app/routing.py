"""Websocket routes; policy.py says who may use them."""

from channels.routing import URLRouter
from django.urls import path

from memory_app.consumers import ChatConsumer, SpeechConsumer

websocket_urlpatterns = [
    path("ws/chat/<uuid:chat>/", ChatConsumer.as_asgi(), name="ws_chat"),
    path("ws/lab/speech/", SpeechConsumer.as_asgi(), name="ws_lab_speech"),
]
router = URLRouter(websocket_urlpatterns)
