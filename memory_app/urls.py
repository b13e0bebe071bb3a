"""Every route of the app; who may use it says policy.py."""

from django.urls import path

from memory_app.views import accounts, chat, chats, front, gates, health, reply, trace, turn, turns

urlpatterns = [
    path("", front.front, name="front"),
    path("accounts/signup/", accounts.signup, name="signup"),
    path("accounts/login/", accounts.login, name="login"),
    path("accounts/logout/", accounts.logout, name="logout"),
    path("accounts/language/", accounts.set_language, name="set_language"),
    path("chats/", chats.chats, name="chats"),
    path("chat/", chat.chat_new, name="chat_new"),
    path("chat/<uuid:chat>/", chat.chat, name="chat"),
    path("chat/<uuid:chat>/rename/", chats.chat_rename, name="chat_rename"),
    path("chat/<uuid:chat>/delete/", chats.chat_delete, name="chat_delete"),
    path("chat/<uuid:chat>/turns.json", turns.turns_json, name="turns_json"),
    path("turn/<uuid:turn>/", turn.turn, name="turn"),
    path("turn/<uuid:turn>/reply/", reply.reply, name="reply"),
    path("turn/<uuid:turn>/gates.json", gates.gates_json, name="gates_json"),
    path("turn/<uuid:turn>/trace.safetensors", trace.trace, name="trace"),
    path("turn/<uuid:turn>/state.safetensors", trace.state, name="state"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
