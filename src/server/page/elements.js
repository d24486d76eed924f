/** Elements of the page. What the proxy tells goes in as text, whatever it says. */

/** @typedef {Readonly<Record<string, string>>} Attributes */

/**
 * @param {string} name
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 */
export function html(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/**
 * @param {string} name
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
}

/**
 * @template {Element} E
 * @param {E} element
 * @param {Attributes} attributes
 * @param {(Node | string)[]} children
 */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * One that stands in index.html.
 * @param {string} id
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no ${id}`);
  return element;
}

/**
 * Touches nothing where nothing is new: a screen reader would read it again.
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Milliseconds. */
const READ_MS = 8000;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let cleared;

/**
 * Tells what came of what the user did.
 * @param {string} text
 */
export function announce(text) {
  clearTimeout(cleared);
  byId('told').textContent = text;
  cleared = setTimeout(say, READ_MS, byId('told'), '');
}

/**
 * Shows a list. What stands for an item stays while the item is there, and keeps the focus.
 * @template Item
 */
export class List {
  /** @type {Map<string, { root: Element, update: (item: Item) => void }>} */
  #views = new Map();
  #parent;
  #make;

  /**
   * @param {Element} parent
   * @param {(item: Item) => { root: Element, update: (item: Item) => void }} make
   */
  constructor(parent, make) {
    this.#parent = parent;
    this.#make = make;
  }

  /**
   * @param {readonly Item[]} items
   * @param {(item: Item) => string} keyOf
   */
  show(items, keyOf) {
    const before = this.#views;
    this.#views = new Map();
    for (const [index, item] of items.entries()) {
      const view = before.get(keyOf(item)) ?? this.#make(item);
      before.delete(keyOf(item));
      this.#views.set(keyOf(item), view);
      const there = this.#parent.children[index];
      if (there !== view.root) this.#parent.insertBefore(view.root, there ?? null);
      view.update(item);
    }
    for (const { root } of before.values()) root.remove();
  }
}
