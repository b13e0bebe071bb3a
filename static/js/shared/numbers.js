// Counts and sizes as the page's language writes them, thousands apart.
const counts = new Intl.NumberFormat(document.documentElement.lang);
const sizes = new Intl.NumberFormat(document.documentElement.lang, { maximumSignificantDigits: 3 });

export const grouped = (count) => counts.format(count);

// At most n significant digits.
export const rounded = (value, digits) => Number(value.toPrecision(digits)).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 6 });

// 256 -> "256 B", 13312 -> "13 KiB", 1331200 -> "1.27 MiB": in powers of 1,024, as the server writes them.
export function size(bytes) {
  const power = bytes < 1024 ? 0 : bytes < 1024 ** 2 ? 1 : bytes < 1024 ** 3 ? 2 : 3;
  return `${sizes.format(bytes / 1024 ** power)}\u00a0${["B", "KiB", "MiB", "GiB"][power]}`;
}
