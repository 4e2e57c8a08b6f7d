// @ts-check
// People whose worker keeps what frames were before they were encrypted.

import { Person } from '../../e2e/page/client.js';

/** What the transforms took in, base64. @param {Worker} worker @returns {Promise<{ audio: string[], video: string[] }>} */
export function plainOf(worker) {
  return new Promise((resolve) => {
    worker.addEventListener('message', ({ data }) => {
      if (data.plain === undefined) return;
      const text = (/** @type {Uint8Array} */ bytes) =>
        btoa(bytes.reduce((all, byte) => all + String.fromCharCode(byte), ''));
      resolve({ audio: data.plain.audio.map(text), video: data.plain.video.map(text) });
    });
    worker.postMessage('plain');
  });
}

/** Somebody whose frames can be looked at before they are encrypted. @param {string} name */
export function openPerson(name) {
  /** @type {Worker[]} */
  const workers = [];
  const worker = () => {
    const made = new Worker('/test/janus/page/plain-worker.js', { type: 'module' });
    workers.push(made);
    return made;
  };
  const person = new Person(name, { worker });
  person.workers = workers;
  return person;
}
