// @ts-check
// The worker as it is, and one that can be made to hang: it runs on, and answers nobody.

import '../../../dist/worker.js';

addEventListener('message', ({ data }) => {
  if (typeof data?.hangMs !== 'number') return;
  const end = performance.now() + data.hangMs;
  while (performance.now() < end);
});
