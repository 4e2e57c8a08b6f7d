// Rooms have names here, and numbers in Janus.

/** The same for a name each time: 48 bits of its hash. */
export async function roomNumber(name: string): Promise<number> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`sframe-wasm demo ${name}`));
  const view = new DataView(hash);
  return view.getUint16(0) * 2 ** 32 + view.getUint32(2);
}
