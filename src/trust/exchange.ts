// sframe-wasm/exchange: what carries keys over signalling that is not trusted. A protocol of this library's own;
// docs/exchange.md says why it is safe.

export type { Admit, Candidate } from './exchange/admission.ts';
export type { KeyChannel } from './exchange/channel.ts';
export {
  ExchangeEvent,
  type ExchangeEvents,
  type ExchangeEventType,
  type ExchangeRefusal,
} from './exchange/event.ts';
export type { ExchangeIdentity } from './exchange/identity.ts';
export type { ExchangeOptions } from './exchange/options.ts';
export {
  type ExchangeParticipant,
  SenderKeyExchange,
  type SenderKeyExchangeOptions,
} from './exchange/sender-key-exchange.ts';
