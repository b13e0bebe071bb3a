// A change of the memory on the page: a rule with one sentence, without messages and buttons.
const template = document.getElementById("change-template");

export class ChangeView {
  constructor(li) {
    this.li = li;
    this.drawn = Promise.resolve();
    this.strip = { tokens: [] };
  }

  static create(turn) {
    const li = template.content.firstElementChild.cloneNode(true);
    li.id = `turn-${turn.id}`;
    Object.assign(li.dataset, { turn: turn.id, client: turn.client_turn_id, kind: turn.kind });
    return new ChangeView(li);
  }

  get id() { return this.li.dataset.turn; }
  get client() { return this.li.dataset.client; }
  get status() { return this.li.dataset.status; }
  get undecided() { return false; }
  get kept() { return false; } // it has no gates to draw

  // As in turns.json.
  update({ status, change, inherited }) {
    this.li.classList.toggle("inherited", Boolean(inherited));
    this.li.dataset.status = status;
    const note = this.li.querySelector(".change-note span");
    if (note.textContent !== change) note.textContent = change;
  }

  versions() {}

  note() {}
}
