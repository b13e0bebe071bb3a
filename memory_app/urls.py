"""Every route of the app; who may use it says policy.py."""

from django.urls import path

from memory_app.views import (
    accounts,
    alternatives,
    chat,
    chat_files,
    chat_menu,
    chats,
    front,
    gate_map,
    gates,
    health,
    reply,
    trace,
    turn,
    turns,
)

urlpatterns = [
    path("", front.front, name="front"),
    path("accounts/signup/", accounts.signup, name="signup"),
    path("accounts/login/", accounts.login, name="login"),
    path("accounts/logout/", accounts.logout, name="logout"),
    path("accounts/language/", accounts.set_language, name="set_language"),
    path("chats/", chats.chats, name="chats"),
    path("chats/import/", chat_files.chats_import, name="chats_import"),
    path("chat/", chat.chat_new, name="chat_new"),
    path("chat/<uuid:chat>/", chat.chat, name="chat"),
    path("chat/<uuid:chat>/menu/", chat_menu.chat_menu, name="chat_menu"),
    path("chat/<uuid:chat>/rename/", chat_menu.chat_rename, name="chat_rename"),
    path("chat/<uuid:chat>/share/", chat_menu.chat_share, name="chat_share"),
    path("chat/<uuid:chat>/delete/", chat_menu.chat_delete, name="chat_delete"),
    path("chat/<uuid:chat>/restore/", chat_menu.chat_restore, name="chat_restore"),
    path("chat/<uuid:chat>/export.json", chat_files.export_json, name="export_json"),
    path("chat/<uuid:chat>/export.md", chat_files.export_markdown, name="export_markdown"),
    path("chat/<uuid:chat>/turns.json", turns.turns_json, name="turns_json"),
    path("turn/<uuid:turn>/", turn.turn, name="turn"),
    path("turn/<uuid:turn>/reply/", reply.reply, name="reply"),
    path("turn/<uuid:turn>/gates.json", gates.gates_json, name="gates_json"),
    path("turn/<uuid:turn>/map.safetensors", gate_map.gate_map, name="gate_map"),
    path("turn/<uuid:turn>/unit.json", gate_map.unit_json, name="unit_json"),
    path(
        "turn/<uuid:turn>/alternatives.json",
        alternatives.alternatives_json,
        name="alternatives_json",
    ),
    path("turn/<uuid:turn>/trace.safetensors", trace.trace, name="trace"),
    path("turn/<uuid:turn>/state.safetensors", trace.state, name="state"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
