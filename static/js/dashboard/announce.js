// Messages of a new page are there before a screen reader listens: inserted again, they are read.
const list = document.querySelector(".messagelist[role=status]");
if (list) {
  const status = document.createElement("p");
  status.className = "unseen";
  status.setAttribute("role", "status");
  list.removeAttribute("role");
  list.after(status);
  setTimeout(() => {
    status.textContent = [...list.children].map((item) => item.textContent.trim()).join(" ");
  }, 200);
}
