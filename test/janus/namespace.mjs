// @ts-check
// A network namespace of our own, that holds 127.0.0.0/8 and one address more: Janus does not gather candidates on
// loopback interfaces, and Firefox's do not reach it from there. Nothing gets out, and nothing in.

import { spawnSync } from 'node:child_process';

/** Exists in that namespace only. */
export const ADDRESS = '10.99.0.1';

const setUp = `ip link set lo up
ip -6 addr del ::1/128 dev lo 2>/dev/null
ip link add sf0 type veth peer name sf1 && ip link set sf1 up && ip link set sf0 up
ip addr add ${ADDRESS}/32 dev sf0 && ip route add default dev sf0 src ${ADDRESS}
exec "$@"`;

/** Runs this same program inside; never returns there. Returns false inside, or why it cannot be. @returns {string | false} */
export function enterNamespace() {
  if (process.env['SFRAME_NAMESPACE'] === ADDRESS) return false;
  const command = ['-n', 'sh', '-c', setUp, 'sh', process.execPath, ...process.argv.slice(1)];
  const flags = process.getuid?.() === 0 ? [] : ['-r'];
  const probe = spawnSync('unshare', [...flags, '-n', 'true']);
  if (probe.status !== 0) return `no network namespace: ${probe.error?.message ?? probe.stderr}`;
  const { status } = spawnSync('unshare', [...flags, ...command], {
    stdio: 'inherit',
    env: { ...process.env, SFRAME_NAMESPACE: ADDRESS },
  });
  process.exit(status ?? 1);
}
