// The links to log in and to sign up lead back to the page that they stand on. In the script and not
// in the page: an error page is the same to the byte whatever was asked for. The server takes only an
// address of this site (views/accounts.py).
const LINKS = 'a[href^="/accounts/login/"], a[href^="/accounts/signup/"]';

export function leadBack() {
  const { pathname, search, hash } = location;
  const forms = pathname.startsWith("/accounts/");
  const here = forms ? new URLSearchParams(search).get("next") : pathname + search + hash;
  if (!here || here === "/") return; // from the home page to one's chats
  for (const link of document.querySelectorAll(LINKS)) {
    if (!link.search) link.search = new URLSearchParams({ next: here });
  }
}
