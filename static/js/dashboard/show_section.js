// On a phone the navigation is wider than the screen: it scrolls to the current section.
const sections = document.querySelector(".sections");
const active = sections?.querySelector("[aria-current]");
// The bar alone is moved, never the page.
if (active) sections.scrollLeft = active.offsetLeft - (sections.clientWidth - active.offsetWidth) / 2;
