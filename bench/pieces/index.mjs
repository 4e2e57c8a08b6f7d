// What can be measured, by name: each piece takes a plan and gives plain data, and runs in a fresh realm.

/** @type {Record<string, (plan: any) => Promise<unknown>>} */
const pieces = {
  core: async (plan) => (await import('./core.mjs')).core(plan),
  frames: async (plan) => (await import('./frames.mjs')).frames(plan),
  pipelines: async (plan) => (await import('./pipelines.mjs')).pipelines(plan),
  keys: async (plan) => (await import('./keys.mjs')).keys(plan),
  ratchet: async (plan) => (await import('./ratchet.mjs')).ratchet(plan),
  mls: async (plan) => (await import('./mls.mjs')).mls(plan),
  signatures: async (plan) => (await import('./signatures.mjs')).signatures(plan),
  exchange: async (plan) => (await import('./exchange.mjs')).exchange(plan),
  room: async (plan) => (await import('./room.mjs')).room(plan),
  memory: async (plan) => (await import('./memory.mjs')).memory(plan),
  churn: async (plan) => (await import('./memory.mjs')).churn(plan),
};

/** @param {string} name @param {unknown} plan */
export async function runPiece(name, plan) {
  const piece = pieces[name];
  if (piece === undefined) throw new Error(`no such piece: ${name}`);
  return piece(plan);
}
