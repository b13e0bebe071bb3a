// Reads a safetensors file: 8 bytes of header length, a JSON header, then the raw values.
const MAX_HEADER = 1 << 20;

// -> {metadata, tensors: {name: {shape, values}}}; the types that we serve.
export function parse(buffer) {
  const view = new DataView(buffer);
  const size = Number(view.getBigUint64(0, true));
  if (size > MAX_HEADER || 8 + size > buffer.byteLength) throw new Error("header too long");
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, size)));
  const tensors = {};
  let metadata = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") {
      metadata = entry;
      continue;
    }
    const [from, to] = entry.data_offsets.map((offset) => offset + 8 + size);
    const Kind = { F32: Float32Array, I64: BigInt64Array, I32: Int32Array, U16: Uint16Array }[entry.dtype];
    if (!Kind || to > buffer.byteLength || to < from) throw new Error(`bad tensor ${name}`);
    // A view needs an aligned start; a copy of the odd tensor is cheap.
    const aligned = from % Kind.BYTES_PER_ELEMENT === 0;
    const values = aligned
      ? new Kind(buffer, from, (to - from) / Kind.BYTES_PER_ELEMENT)
      : new Kind(buffer.slice(from, to));
    tensors[name] = { shape: entry.shape, values };
  }
  return { metadata, tensors };
}

// Fetches and parses; null for a 404, an Error with .tooLarge beyond the cap.
export async function load(url, { cap = 256 << 20, signal } = {}) {
  const response = await fetch(url, { signal, headers: { Accept: "application/octet-stream" } });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`status ${response.status}`);
  if (Number(response.headers.get("Content-Length") ?? 0) > cap) {
    await response.body?.cancel();
    throw Object.assign(new Error("too large"), { tooLarge: true });
  }
  return parse(await response.arrayBuffer());
}
