// Elements, made in one expression.

type Child = Node | string;

/** An element with attributes and children. An attribute that is `false` is left out, `true` is empty. */
export function element<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  attributes: Readonly<Record<string, string | boolean>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[T] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== false) made.setAttribute(name, value === true ? '' : value);
  made.append(...children);
  return made;
}

/** The element of the page that has this id. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`no #${id}`);
  return found;
}

/** Changes text only where it is another: screen readers say again what is set again. */
export function setText(target: Node, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** Shows or hides. */
export function setShown(target: HTMLElement, isShown: boolean): void {
  target.hidden = !isShown;
}

/** Puts children in place of others, where they are not the same already, named by `key`. */
export function replaceKeyed(parent: HTMLElement, key: string, make: () => Child[]): void {
  if (parent.dataset['key'] === key) return;
  parent.dataset['key'] = key;
  parent.replaceChildren(...make());
}
