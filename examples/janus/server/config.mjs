// @ts-check
// The configuration that Janus is started with: WebSockets on loopback only, the plugins of this demo, and media on one
// address. Janus does not gather candidates on loopback interfaces, so that address is the host's own.

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} JanusConfig
 * @property {string} folder an empty one, for the configuration
 * @property {string} recordings where recordings go
 * @property {string} address of the media
 * @property {number} port of the WebSockets, on 127.0.0.1
 * @property {string[]} [plugins] names, such as `videoroom`
 * @property {number} [debugLevel] 1 to 7; default 4, which says what goes on
 * @property {number} [maxLog] how much of what it prints is kept, in characters; default all
 * @property {number} [reclaimSeconds] how long a session waits for a page that has lost its connection; default 0
 */

const plugins = ['echotest', 'recordplay', 'textroom', 'videocall', 'videoroom'];

/** Where distributions put Janus's modules. */
function modulesFolder() {
  const roots = ['/usr/lib', '/usr/local/lib', '/opt/janus/lib'];
  const folders = roots.flatMap((root) => [
    root,
    ...(existsSync(root) ? readdirSync(root).map((name) => join(root, name)) : []),
  ]);
  const found = folders
    .map((folder) => join(folder, 'janus'))
    .find((folder) => existsSync(join(folder, 'plugins')));
  if (found === undefined)
    throw new Error('Janus has no folder of plugins in /usr/lib, /usr/local/lib or /opt/janus/lib');
  return found;
}

/**
 * Writes the files that Janus reads.
 * @param {JanusConfig} config
 */
export function writeConfig({
  folder,
  recordings,
  address,
  port,
  plugins: wanted = plugins,
  debugLevel = 4,
  reclaimSeconds = 0,
}) {
  const modules = modulesFolder();
  const empty = join(folder, 'empty');
  for (const path of [empty, recordings]) mkdirSync(path, { recursive: true });
  const others = readdirSync(join(modules, 'plugins')).filter(
    (name) => name.endsWith('.so') && !wanted.some((plugin) => name === `libjanus_${plugin}.so`),
  );
  const transports = readdirSync(join(modules, 'transports')).filter(
    (name) => name.endsWith('.so') && name !== 'libjanus_websockets.so',
  );
  /** @param {string} name @param {string} text */
  const write = (name, text) => writeFileSync(join(folder, name), `${text}\n`);
  write(
    'janus.jcfg',
    `general: {
  configs_folder = "${folder}"
  plugins_folder = "${modules}/plugins"
  transports_folder = "${modules}/transports"
  events_folder = "${empty}"
  loggers_folder = "${empty}"
  interface = "127.0.0.1"
  debug_level = ${debugLevel}
  debug_timestamps = true
  reclaim_session_timeout = ${reclaimSeconds}
  server_name = "sframe-wasm"
}
media: { ipv6 = false  rtp_port_range = "20000-20999" }
nat: { ice_enforce_list = "${address}"  ice_tcp = false  full_trickle = false  ignore_mdns = true }
plugins: { disable = "${others.join()}" }
transports: { disable = "${transports.join()}" }`,
  );
  write(
    'janus.transport.websockets.jcfg',
    `general: { json = "compact"  ws = true  ws_port = ${port}  ws_ip = "127.0.0.1"  wss = false }
admin: { admin_ws = false }`,
  );
  write('janus.plugin.recordplay.jcfg', `general: { path = "${recordings}" }`);
  for (const plugin of wanted)
    if (plugin !== 'recordplay') write(`janus.plugin.${plugin}.jcfg`, 'general: { }');
}
