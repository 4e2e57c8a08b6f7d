// @ts-check
// What somebody's transforms took in, as JSON carries it to the test.

/** @param {Uint8Array} bytes */
function base64Of(bytes) {
  return btoa(bytes.reduce((all, byte) => all + String.fromCharCode(byte), ''));
}

/** His frames in base64. @param {import('../../e2e/page/plain.js').Watched} person */
export async function plainFramesOf(person) {
  const frames = await person.plaintext();
  const of = (/** @type {string} */ wanted) =>
    frames.filter(({ kind }) => kind === wanted).map(({ data }) => base64Of(data));
  return { audio: of('audio'), video: of('video') };
}
