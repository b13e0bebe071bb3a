// The other language on an error page: such a page has no form, so that it is the same for every
// visitor. Its cookie is the one that the site's own form sets (settings.LANGUAGE_COOKIE_NAME).
for (const button of document.querySelectorAll("[data-language]")) {
  button.hidden = !navigator.cookieEnabled;
  button.addEventListener("click", () => {
    document.cookie = `django_language=${button.dataset.language}; path=/; samesite=lax`;
    // A POST isn't repeated: the form that it came from is shown instead.
    if (document.documentElement.dataset.method === "POST") location.replace(document.referrer || "/");
    else location.reload();
  });
}
