// sframe-wasm/exchange/webrtc: a key exchange and the client of a call brought together. Whose keys they are, who gets
// them and when they change, the exchange knows; what they open and seal, the client's worker.

export { connectExchange, type ExchangeConnection } from './webrtc-exchange/connection.ts';
export type { CallExchange } from './webrtc-exchange/desk.ts';
export { ExchangeConnectionEvent } from './webrtc-exchange/event.ts';
export type {
  ExchangeConnectionOptions,
  ExchangeSigning,
  ExchangeVerifying,
} from './webrtc-exchange/options.ts';
