// Sends a form's fields by script, and reads the new values.
import { token } from "./csrf.js";

export async function post(url, fields) {
  const response = await fetch(url, {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRFToken": token() },
    body: new URLSearchParams(fields),
  });
  if (!response.ok) throw await refusal(response);
  return response.json();
}

// An error whose `detail` is the server's sentence, if there is one.
async function refusal(response) {
  const { error } = await response.json().catch(() => ({}));
  return Object.assign(new Error(`status ${response.status}`), { detail: error?.detail });
}
