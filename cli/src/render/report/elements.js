// Makes the elements of the page. Text of the data never becomes markup.

/** An element with attributes and children; a child is a node, a text, or nothing. */
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** A table with a caption; each row is a list of cells. */
function table(caption, head, rows) {
  const cells = (row) => row.map((cell, index) =>
    h('td', {'data-label': head[index]}, cell === '' ? null : cell));
  return h('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption},
    h('table', {}, h('caption', {}, caption),
      h('thead', {}, h('tr', {}, head.map((cell) => h('th', {scope: 'col'}, cell)))),
      h('tbody', {}, rows.map((row) => h('tr', {}, cells(row))))));
}

/** `1 migration`, `2 migrations`. */
function count(number, thing) {
  return number.toLocaleString('en') + ' ' + thing + (number === 1 ? '' : 's');
}

function duration(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return '';
  if (milliseconds < 1000) return Math.round(milliseconds) + ' ms';
  if (milliseconds < 120000) return (milliseconds / 1000).toFixed(1) + ' s';
  return Math.round(milliseconds / 60000) + ' min';
}

/** A long name with places at which a line may break. */
function breakable(text) {
  return text.split(/(?<=[_/.])/).flatMap((part, index) => (index ? [h('wbr'), part] : [part]));
}

/** `2026-01-31 09:30:05 UTC`. */
function time(text) {
  return text.slice(0, 19).replace('T', ' ') + ' UTC';
}

/** A word on a coloured ground. */
function badge(word, kind) {
  return h('span', {class: 'badge ' + (kind || '')}, word);
}

/**
 * A list that adds its rows while the reader scrolls, so that a list of thousands appears at once.
 * Before the page is printed, it adds all of them.
 */
function longList(items, row, tag) {
  const list = h(tag || 'ol', {class: 'rows'});
  const end = h('div', {class: 'end'});
  let next = 0;
  const add = (number) => {
    const rows = document.createDocumentFragment();
    for (const stop = Math.min(next + number, items.length); next < stop; next += 1) {
      rows.append(row(items[next]));
    }
    list.append(rows);
    if (next === items.length) watch.disconnect();
  };
  const watch = new IntersectionObserver((seen) => {
    if (!seen.some((one) => one.isIntersecting)) return;
    watch.unobserve(end);
    add(100);
    // The end may still be near: then the observer answers again.
    if (next < items.length) watch.observe(end);
  }, {rootMargin: '1500px'});
  add(100);
  if (next < items.length) watch.observe(end);
  const box = h('div', {}, list, end);
  box.complete = () => add(items.length);
  // The keyboard may reach the end before the scrolling does.
  box.more = () => { if (next < items.length) add(100); };
  return box;
}

const KEYWORDS = new Set(('add all alter and any array as asc begin between by cascade case cast check column comment ' +
  'commit concurrently constraint create cross current_timestamp database default deferrable deferred delete desc ' +
  'distinct do domain drop each else end enum execute exists extension false for foreign from full function grant ' +
  'group having if in index inner insert into is join key language left like limit lock materialized not null of on ' +
  'only or order owner partition policy primary procedure references rename replace restrict returning returns ' +
  'revoke right role row schema security select sequence set table temporary then to trigger true truncate type ' +
  'union unique update using values view when where with').split(' '));

const TOKEN = new RegExp([
  '(?<comment>--[^\\n]*|/\\*[\\s\\S]*?(?:\\*/|$))',
  "(?<string>[eE]'(?:[^'\\\\]|\\\\[\\s\\S]|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)|(?<dollar>\\$(?:[A-Za-z_]\\w*)?\\$)[\\s\\S]*?(?:\\k<dollar>|$))",
  '(?<name>"(?:[^"]|"")*(?:"|$))',
  '(?<number>\\b\\d[\\d_.]*\\b)',
  '(?<word>[A-Za-z_\\u0080-\\uffff][\\w$\\u0080-\\uffff]*)',
].join('|'), 'g');

/** A script with colours. A long script stays plain after its first 200 kB. */
function sql(text) {
  const code = h('code', {});
  let at = 0;
  for (const token of text.slice(0, 200000).matchAll(TOKEN)) {
    const {comment, string, name, number, word} = token.groups;
    const kind = comment ? 'comment' : string ? 'string' : name ? null : number ? 'number'
      : word && KEYWORDS.has(word.toLowerCase()) ? 'keyword' : null;
    if (!kind) continue;
    code.append(text.slice(at, token.index), h('span', {class: kind}, token[0]));
    at = token.index + token[0].length;
  }
  code.append(text.slice(at));
  return h('pre', {tabindex: 0}, code);
}
