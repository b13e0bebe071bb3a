// Sends a form's fields for a script, and reads what is so now.
export async function post(url, fields) {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const response = await fetch(url, {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRFToken": token },
    body: new URLSearchParams(fields),
  });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.json();
}
