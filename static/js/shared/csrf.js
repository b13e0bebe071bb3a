// The CSRF token changes when somebody logs in or signs up, in any tab: what is sent takes it from
// the cookie, as it is now, and not from the page, as it was then.
export function token() {
  const cookie = document.cookie.split("; ").find((pair) => pair.startsWith("csrftoken="));
  return cookie?.slice("csrftoken=".length) || document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";
}

// Every form, htmx's too: this runs before whoever else listens for a submit.
document.addEventListener("submit", ({ target }) => {
  const field = target.querySelector("[name=csrfmiddlewaretoken]");
  if (field) field.value = token();
}, true);
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.verb !== "get") detail.headers["X-CSRFToken"] = token();
});
