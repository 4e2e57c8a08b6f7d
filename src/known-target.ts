// An EventTarget whose listeners are typed by its events, as lib.dom.d.ts types those of the web.

type Listener = Parameters<EventTarget['addEventListener']>[1];
type ListenOptions = Parameters<EventTarget['addEventListener']>[2];

/** An EventTarget that knows its events: all of one class, of which some types may have more than others. */
export abstract class KnownTarget<
  Type extends string,
  Told extends Event,
  Events extends Record<Type, Told> = Record<Type, Told>,
> extends EventTarget {
  /** Calls `listener` on each event of a type. */
  override addEventListener<T extends Type>(
    type: T,
    listener: (event: Events[T]) => void,
    options?: ListenOptions,
  ): void;
  override addEventListener(type: string, listener: Listener, options?: ListenOptions): void;
  override addEventListener(type: string, listener: unknown, options?: ListenOptions): void {
    super.addEventListener(type, listener as Listener, options);
  }

  /** Undoes {@link addEventListener}. */
  override removeEventListener<T extends Type>(
    type: T,
    listener: (event: Events[T]) => void,
    options?: ListenOptions,
  ): void;
  override removeEventListener(type: string, listener: Listener, options?: ListenOptions): void;
  override removeEventListener(type: string, listener: unknown, options?: ListenOptions): void {
    super.removeEventListener(type, listener as Listener, options);
  }
}
