// An EventTarget whose listeners are typed by its events, as lib.dom.d.ts types those of the web.

type Listener = Parameters<EventTarget['addEventListener']>[1];
type ListenOptions = Parameters<EventTarget['addEventListener']>[2];

/** An EventTarget that knows its events. */
export abstract class KnownTarget<Type extends string, Told extends Event> extends EventTarget {
  /** Calls `listener` on each event of a type. */
  override addEventListener(type: Type, listener: (event: Told) => void, options?: ListenOptions): void;
  override addEventListener(type: string, listener: Listener, options?: ListenOptions): void;
  override addEventListener(type: string, listener: unknown, options?: ListenOptions): void {
    super.addEventListener(type, listener as Listener, options);
  }

  /** Undoes {@link addEventListener}. */
  override removeEventListener(type: Type, listener: (event: Told) => void, options?: ListenOptions): void;
  override removeEventListener(type: string, listener: Listener, options?: ListenOptions): void;
  override removeEventListener(type: string, listener: unknown, options?: ListenOptions): void {
    super.removeEventListener(type, listener as Listener, options);
  }
}
