// Access to a chat: "there", "gone" (deleted), or "out" (no longer its owner: logged out).
import { renew } from "../shared/identity.js";

// Whether the chat exists; false without an answer.
export async function isThere(chat) {
  return fetch(`/chat/${chat}/turns.json`, { method: "HEAD" }).then(({ ok }) => ok, () => false);
}

// owner: the chat's person when it was last open here.
export async function standing(chat, owner) {
  try {
    const response = await fetch(`/chat/${chat}/turns.json`, { method: "HEAD" });
    if (response.status !== 404) return "there";
    return (await renew()) === owner ? "gone" : "out";
  } catch {
    return "there"; // without an answer nothing is known
  }
}
