// Forms with data-save are saved in place: the result is shown beside the button, in a status that
// was there before, so that a screen reader reads it and nothing moves. A refused form is sent again
// as a plain form: the answer is the page with the reasons.
const CLEARED = 6000; // ms

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-save]") || event.defaultPrevented) return;
  event.preventDefault();
  if (form.dataset.sent) return; // a double click
  form.dataset.sent = "yes";
  const state = form.querySelector("[role=status]");
  state.textContent = "";
  let saved;
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    saved = await answer.json();
  } catch {
    return form.submit();
  } finally {
    delete form.dataset.sent;
  }
  for (const [id, html] of Object.entries(saved.parts)) {
    const part = document.getElementById(id);
    if (part) part.innerHTML = html; // escaped or sanitised by the server
  }
  state.textContent = saved.said;
  setTimeout(() => {
    if (state.textContent === saved.said) state.textContent = "";
  }, CLEARED);
});
