// When WebCrypto has nothing to do any more, so that faked time can pass without leaving it behind, however slow the
// machine is.

let underWay = 0;

type Method = (this: SubtleCrypto, ...args: unknown[]) => Promise<unknown>;

const methods = SubtleCrypto.prototype as unknown as Record<string, Method>;
for (const name of Object.getOwnPropertyNames(SubtleCrypto.prototype)) {
  const method = Object.getOwnPropertyDescriptor(methods, name)?.value as Method | undefined;
  if (typeof method !== 'function' || name === 'constructor') continue;
  methods[name] = function (...args) {
    underWay += 1;
    const done = method.apply(this, args);
    const settle = (): void => {
      underWay -= 1;
    };
    done.then(settle, settle);
    return done;
  };
}

/** A turn of the event loop, which browsers do not make longer as they do with timers. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** Waits until nothing has been under way for some turns of the event loop. */
export async function quiet(): Promise<void> {
  for (let idle = 0; idle < 3; idle++) {
    await turn();
    if (underWay > 0) idle = -1;
  }
}
