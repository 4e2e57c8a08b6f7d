// @ts-check
// The offline tool on what a real Janus has written: its output is what the sender's transform took in.

import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { framesOfIvf, nalsOf, packetsOfOgg, withoutDelimiters } from '../media-files.mjs';
import { must, newKey } from './must.mjs';
import { filesOf, recorded } from './recordings.mjs';
import { arrive } from './rooms.mjs';

/** @typedef {import('../world.mjs').World} World */
/** @typedef {{ key: number[], kid: string }} Key */

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

/**
 * Runs the tool as a user would.
 * @param {string} input @param {string} output @param {Key[]} keys
 * @returns {Promise<{ status: number, summary: any, errors: string }>}
 */
export function open(input, output, keys) {
  const file = `${output}.keys.json`;
  const list = keys.map(({ key, kid }) => ({ kid, baseKey: Buffer.from(key).toString('base64') }));
  const participants = [{ participant: 'alice', keys: list }];
  writeFileSync(file, JSON.stringify({ version: 1, cipherSuite: 'AES_128_GCM_SHA256_128', participants }));
  const args = [cli, 'mjr', input, '--keys', file, '-o', output, '--json'];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, errors) => {
      const status = error === null ? 0 : Number(error.code);
      resolve({ status, summary: stdout === '' ? undefined : JSON.parse(stdout), errors });
    });
  });
}

/** All opened; a recording may end in the middle of a frame. @param {Record<string, number>} failed */
function isWhole({ incomplete = 0, ...others }) {
  return incomplete <= 1 && Object.keys(others).length === 0;
}

/** Frames as they were written, and as they were sent. @type {Record<string, (output: Buffer, plain: Buffer[]) => [Buffer[], Buffer[]]>} */
const framesOf = {
  opus: (output, plain) => [packetsOfOgg(output), plain],
  VP8: (output, plain) => [framesOfIvf(output), plain],
  VP9: (output, plain) => [framesOfIvf(output), plain],
  AV1: (output, plain) => [framesOfIvf(output).map(withoutDelimiters), plain.map(withoutDelimiters)],
  H264: (output, plain) => [nalsOf(output), plain.flatMap(nalsOf)],
};

/** What came out is, piece by piece and without a gap, what went in. @param {string} codec @param {string} file @param {string[]} sent base64 */
export function isWhatWasSent(codec, file, sent) {
  const plain = sent.map((frame) => Buffer.from(frame, 'base64'));
  const [got = [], all = []] = framesOf[codec]?.(readFileSync(file), plain) ?? [];
  must(got.length > 30, `${got.length} frames came out`);
  const [first = Buffer.alloc(0)] = got;
  const start = all.findIndex((frame) => frame.equals(first));
  must(start >= 0, `the first frame is none that was sent: ${first.subarray(0, 16).toString('hex')}`);
  const wrong = got.findIndex((frame, i) => !all[start + i]?.equals(frame));
  must(wrong < 0, `frame ${wrong} of ${got.length} is not the one that was sent`);
  return got.length;
}

/** What ffprobe makes of a file: its codec, and how many frames it decodes. @param {string} file */
function probe(file) {
  const args = [
    '-v',
    'error',
    '-count_frames',
    '-show_entries',
    'stream=codec_name,nb_read_frames',
    '-of',
    'csv=p=0',
  ];
  const { status, stdout, stderr } = spawnSync('ffprobe', [...args, file], { encoding: 'utf8' });
  must(status === 0 && stderr === '', `ffprobe: ${stderr}`);
  return stdout.trim();
}

/** @param {string} codec @returns {import('../plan.mjs').Planned} */
const offline = (codec) => ({
  name: `offline tool, ${codec}, two rotations`,
  async run(world) {
    const keys = ['0x10', '17', '0x12'].map((kid) => ({ key: newKey(), kid }));
    const { id, plain, files } = await recorded(world, codec, keys);
    const lines = [];
    for (const kind of /** @type {const} */ (['video', 'audio'])) {
      const output = join(world.recordings, `${id}-${kind}.out`);
      const { status, summary, errors } = await open(files[kind], output, keys);
      must(status === 0, `${kind}: ${status} ${errors} ${JSON.stringify(summary)}`);
      must(isWhole(summary.frames.failed), JSON.stringify(summary));
      const count = isWhatWasSent(kind === 'audio' ? 'opus' : codec, output, plain[kind]);
      lines.push(
        `${count} ${kind === 'video' && codec === 'H264' ? 'NAL units' : 'frames'} (${probe(output)})`,
      );
      const other = `${output}.wrong`;
      const wrong = await open(
        files[kind],
        other,
        keys.map(({ kid }) => ({ kid, key: newKey() })),
      );
      const { opened, failed } = wrong.summary.frames;
      must(wrong.status === 1 && opened === 0 && failed.authentication > 30, JSON.stringify(wrong.summary));
      must(!existsSync(other), 'there is an output under wrong keys');
    }
    return lines.join('; ');
  },
});

/** @type {import('../plan.mjs').Planned[]} */
export const offlines = [
  ...['VP8', 'VP9', 'AV1', 'H264'].map(offline),
  {
    name: 'offline tool, a room of Firefox, recorded by the room',
    async run(world) {
      const room = world.newRoom();
      const create = { record: true, rec_dir: world.recordings };
      const alice = await arrive(world, 'Firefox', { name: 'alice', room, create, isOpen: true });
      await alice.tab.run('publish', { name: 'alice', codec: 'VP8' });
      await new Promise((resolve) => setTimeout(resolve, 6000));
      await alice.tab.run('unpublish', { name: 'alice' });
      const plain = await alice.tab.run('plainFramesOf', { name: 'alice' });
      await alice.tab.run('leave', { name: 'alice' });
      const files = filesOf(world, room);
      const lines = [];
      for (const kind of /** @type {const} */ (['video', 'audio'])) {
        const output = join(world.recordings, `${room}-${kind}.out`);
        const { status, summary, errors } = await open(files[kind], output, [alice]);
        must(status === 0 && isWhole(summary.frames.failed), `${errors} ${JSON.stringify(summary)}`);
        lines.push(
          `${isWhatWasSent(kind === 'audio' ? 'opus' : 'VP8', output, plain[kind])} frames (${probe(output)})`,
        );
      }
      return lines.join('; ');
    },
  },
];
