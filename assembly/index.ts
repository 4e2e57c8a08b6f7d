// The whole ABI of the core: what is not exported here does not exist for the host. Pointers are byte offsets into
// the exported memory; contracts stand at the functions. PARSED holds KID and CTR after parse, u64 little-endian.

import { deriveKey, importKey, open, parse, ratchet, SLOT_LEN, seal } from './key';
import { HEAD_ROOM, PARSED, slotsBase, TAIL_ROOM, wipe } from './memory';

export {
  deriveKey,
  HEAD_ROOM,
  importKey,
  open,
  PARSED,
  parse,
  ratchet,
  SLOT_LEN,
  seal,
  slotsBase,
  TAIL_ROOM,
  wipe,
};
