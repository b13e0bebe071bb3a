// The rules across the chat, and what stands on the page beside the branch of the head: the turns
// before a blank of the memory, greyed; where the chat was forked; the turn that was forgotten.
const element = (id) => document.getElementById(id);

function ruleOf(template) {
  return element(template).content.querySelector("li").cloneNode(true);
}

export class PageRules {
  constructor(list) {
    this.list = list;
    this.blanks = [...list.querySelectorAll(":scope > .rule.blanked")];
    this.fork = list.querySelector(":scope > .rule.forked");
  }

  // The items of the list in their order: `faded` are the views of each branch before a blank, `views`
  // those of the branch, `forgotten` [{view, at}]. Elements that are there already are kept.
  items(faded, views, forgotten) {
    const items = [];
    faded.forEach((branch, k) => {
      for (const view of branch) items.push(mark(view, true));
      this.blanks[k] ??= ruleOf("blank-rule-template");
      items.push(this.blanks[k]);
    });
    const lastInherited = views.findLastIndex((view) => view.li.classList.contains("inherited"));
    views.forEach((view, k) => {
      for (const left of forgotten) if (left.at === k) items.push(mark(left.view, true, true));
      items.push(mark(view, false));
      if (k !== lastInherited) return;
      this.fork ??= ruleOf("fork-rule-template");
      items.push(this.fork);
    });
    for (const left of forgotten) if (left.at >= views.length) items.push(mark(left.view, true, true));
    return items;
  }

  // Makes the list equal to these items with the fewest changes.
  arrange(items) {
    const { list } = this;
    const staying = new Set(items);
    for (const item of [...list.children]) if (!staying.has(item)) item.remove();
    items.forEach((item, k) => item !== list.children[k] && list.insertBefore(item, list.children[k] ?? null));
  }
}

function mark(view, faded, forgotten = false) {
  view.li.classList.toggle("faded", faded);
  view.li.classList.toggle("forgotten", forgotten);
  return view.li;
}
