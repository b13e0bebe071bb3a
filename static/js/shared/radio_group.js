// A row of buttons of which one is chosen: arrow keys move and choose, as in any radio group.
// -> {show(value): chooses without notifying}
export function radios(group, chosen) {
  const buttons = [...group.querySelectorAll("[role=radio]")];

  function mark(button) {
    for (const option of buttons) {
      option.setAttribute("aria-checked", String(option === button));
      option.tabIndex = option === button ? 0 : -1;
    }
  }

  function choose(button) {
    mark(button);
    chosen(button.dataset.value);
  }

  for (const button of buttons) {
    button.addEventListener("click", () => choose(button));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const there = buttons.filter((one) => one === button || !one.hidden);
      const next = there[(there.indexOf(button) + step + there.length) % there.length];
      next.focus();
      choose(next);
    });
  }

  return {
    show(value) {
      const button = buttons.find((option) => option.dataset.value === value);
      if (button) mark(button);
    },
  };
}
