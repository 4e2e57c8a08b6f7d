// sframe-wasm/exchange/mls: MLS over signalling that is not trusted. It needs the package ts-mls. A protocol of this
// library's own around RFC 9420; docs/exchange.md says why it is safe.

export {
  type MlsEntrance,
  MlsExchangeEvent,
  type MlsExchangeEvents,
  type MlsExchangeEventType,
  type MlsParticipant,
} from './mls-exchange/event.ts';
export { MlsExchange, type MlsExchangeOptions } from './mls-exchange/mls-exchange.ts';
