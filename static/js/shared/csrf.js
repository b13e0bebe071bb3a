// The CSRF token changes at a log-in or sign-up, in any tab: a form takes it from the cookie, which is
// current, and not from the page, which may be older.
export function token() {
  const cookie = document.cookie.split("; ").find((pair) => pair.startsWith("csrftoken="));
  return cookie?.slice("csrftoken=".length) || document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";
}

// Every form, htmx's too: this runs before every other listener of a submit.
document.addEventListener("submit", ({ target }) => {
  const field = target.querySelector("[name=csrfmiddlewaretoken]");
  if (field) field.value = token();
}, true);
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.verb !== "get") detail.headers["X-CSRFToken"] = token();
});
