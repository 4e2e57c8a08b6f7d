// @ts-check
// A transform that encrypts nothing: it passes every frame on, or none. With it the measurements are tested.

const scope = /** @type {{ onrtctransform: (event: any) => void }} */ (/** @type {unknown} */ (globalThis));

scope.onrtctransform = ({ transformer: { readable, writable, options } }) => {
  const through = new TransformStream({
    transform(frame, controller) {
      if (options.mode === 'pass') controller.enqueue(frame);
    },
  });
  readable.pipeThrough(through).pipeTo(writable);
};
