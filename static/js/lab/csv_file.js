// A CSV file in, read in the browser; its rows with their scores out. Nothing of it is uploaded but the texts.
const MOST_BYTES = 8 << 20;
export const MOST_ROWS = 2000;
const TEXT_NAMES = new Set(["text", "review", "sentence", "comment", "content", "评论", "内容", "文本"]);
const LABEL_NAMES = new Set(["label", "sentiment", "polarity", "标签", "情感"]);
const POSITIVE = new Set(["positive", "pos", "1", "+", "+1", "true", "good", "正面", "积极", "好评"]);
const NEGATIVE = new Set(["negative", "neg", "0", "-", "-1", "false", "bad", "负面", "消极", "差评"]);

// A file that can't be used; `reason` names the sentence.
export class FileFault extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

// -> {head, rows, text: the texts' column, label: that of the labels, or null}
export async function readTable(file) {
  if (file.size > MOST_BYTES) throw new FileFault("csvLarge");
  let written;
  try {
    written = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new FileFault("csvBinary");
  }
  if (written.includes("\0")) throw new FileFault("csvBinary");
  const cells = parse(written).filter((row) => row.some((cell) => cell.trim()));
  if (!cells.length) throw new FileFault("csvEmpty");
  const names = cells[0].map((cell) => cell.trim().toLowerCase());
  const named = names.findIndex((name) => TEXT_NAMES.has(name));
  const rows = named >= 0 ? cells.slice(1) : cells;
  if (!rows.length) throw new FileFault("csvEmpty");
  if (rows.length > MOST_ROWS) throw new FileFault("csvRows");
  const label = named >= 0 ? names.findIndex((name) => LABEL_NAMES.has(name)) : labelled(rows);
  return { head: named >= 0 ? cells[0] : null, rows, text: named >= 0 ? named : longest(rows, label), label: label < 0 ? null : label };
}

export function labelOf(cell) {
  const word = (cell ?? "").trim().toLowerCase();
  return POSITIVE.has(word) ? 1 : NEGATIVE.has(word) ? 0 : null;
}

// Without a head: the column in which every cell is a label, if there is one.
function labelled(rows) {
  return rows[0].findIndex((_, column) => rows.every((row) => labelOf(row[column]) !== null));
}

function longest(rows, label) {
  const sums = rows[0].map((_, column) => (column === label ? -1 : rows.reduce((sum, row) => sum + (row[column] ?? "").length, 0)));
  return sums.indexOf(Math.max(...sums));
}

// RFC 4180, separated by commas, semicolons or tabs: whichever the first line has most of.
export function parse(written) {
  const first = written.slice(0, written.indexOf("\n") < 0 ? undefined : written.indexOf("\n"));
  const separator = [",", ";", "\t"].reduce((best, one) => (first.split(one).length > first.split(best).length ? one : best));
  const rows = [[]];
  let cell = "";
  let quoted = false;
  const text = written.replace(/^\ufeff/, "");
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text[at + 1] === '"') { cell += '"'; at += 1; } else quoted = false;
    } else if (char === '"' && cell === "") quoted = true;
    else if (char === separator) { rows.at(-1).push(cell); cell = ""; } else if (char === "\n" || char === "\r") {
      if (char === "\r" && text[at + 1] === "\n") at += 1;
      rows.at(-1).push(cell);
      cell = "";
      rows.push([]);
    } else cell += char;
  }
  rows.at(-1).push(cell);
  return rows;
}

// A cell that a spreadsheet would take for a formula begins with a quote instead.
const safe = (text) => (/^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text);
const quote = (text) => `"${safe(String(text)).replaceAll('"', '""')}"`;

export function write({ head, rows }, columns) {
  const names = Object.keys(columns);
  const lines = rows.map((row, k) => [...row.map(quote), ...names.map((name) => columns[name][k])].join(","));
  const top = [...(head ?? rows[0].map((_, k) => `column ${k + 1}`)).map(quote), ...names].join(",");
  return `${[top, ...lines].join("\r\n")}\r\n`;
}
