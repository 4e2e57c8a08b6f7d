// @ts-check
// The address at which browsers and Janus exchange media: one of this computer's own, since Janus takes no candidates from
// loopback interfaces.

import { networkInterfaces } from 'node:os';

/** IPv4 addresses of this computer that are not on a loopback interface, with their interfaces. */
export function ownAddresses() {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => ({ name, address })),
  );
}

/**
 * The one that was asked for, or the first.
 * @param {string} [wanted]
 */
export function chooseAddress(wanted) {
  const own = ownAddresses();
  const [first] = own;
  const list = own.map(({ name, address }) => `${address} (${name})`).join(', ');
  if (first === undefined)
    throw new Error(
      'This computer has no IPv4 address but that of loopback, where Janus does not listen for media. ' +
        'Connect it to a network, or give an interface an address.',
    );
  if (wanted === undefined) return first.address;
  if (!own.some(({ address }) => address === wanted))
    throw new Error(`${wanted} is no address of this computer. It has: ${list}`);
  return wanted;
}
