// @ts-check
// All that this page gives to Janus: what goes over WebSockets and data channels, before anything encrypts it. To be
// loaded before the first of them is made.

/** @type {string[]} */
const given = [];

for (const { prototype } of [WebSocket, RTCDataChannel]) {
  const { send } = prototype;
  prototype.send = function (/** @type {any} */ data) {
    given.push(typeof data === 'string' ? data : [...new Uint8Array(data)].join());
    return send.call(this, data);
  };
}

/** All of it so far. */
export function heard() {
  return given.join('\n');
}
