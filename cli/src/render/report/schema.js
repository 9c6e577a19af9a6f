// The tables of a service: columns, keys and a diagram.

const SVG = 'http://www.w3.org/2000/svg';

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function tableName(one) {
  return one.schema === 'public' ? one.table : one.schema + '.' + one.table;
}

function columnsOf(one, kind) {
  return new Set(one.keys.filter((key) => key.kind === kind).flatMap((key) => key.columns));
}

const BOX = {width: 230, line: 18, head: 28, gap: 60, most: 12};

/** The boxes of tables, in columns of about the same height. */
function placed(tables) {
  const across = Math.max(1, Math.min(4, Math.ceil(Math.sqrt(tables.length))));
  const heights = new Array(across).fill(16);
  const boxes = new Map();
  for (const one of tables) {
    const lane = heights.indexOf(Math.min(...heights));
    const lines = Math.min(one.columns.length, BOX.most) + (one.columns.length > BOX.most ? 1 : 0);
    const height = BOX.head + lines * BOX.line + 8;
    boxes.set(one, {x: 16 + lane * (BOX.width + BOX.gap), y: heights[lane], height, lane});
    heights[lane] += height + 28;
  }
  return {boxes, width: across * (BOX.width + BOX.gap) + 16, height: Math.max(...heights)};
}

function link(from, to) {
  const y = from.y + 14, endY = to.y + 14;
  if (from.lane === to.lane) {
    const x = from.x + BOX.width, bend = x + 44;
    return `M${x} ${y}C${bend} ${y} ${bend} ${endY} ${x} ${endY}`;
  }
  const right = to.x > from.x;
  const x = right ? from.x + BOX.width : from.x, endX = right ? to.x : to.x + BOX.width;
  const bend = right ? 40 : -40;
  return `M${x} ${y}C${x + bend} ${y} ${endX - bend} ${endY} ${endX} ${endY}`;
}

function short(text, most) {
  return text.length > most ? text.slice(0, most - 1) + '…' : text;
}

/** A type without the words that many columns share. */
function shortType(type) {
  return short(type.replace(' without time zone', '').replace('timestamp with time zone', 'timestamptz')
    .replace('character varying', 'varchar'), 16);
}

function tableBox(one, place) {
  const primary = columnsOf(one, 'primary key'), foreign = columnsOf(one, 'foreign key');
  const box = svg('g', {class: one.of ? 'entity other' : 'entity'},
    svg('rect', {x: place.x, y: place.y, width: BOX.width, height: place.height, rx: 6}),
    svg('text', {class: 'name', x: place.x + 10, y: place.y + 19},
      short(one.of ? one.of + '.' + one.table : tableName(one), 28)));
  one.columns.slice(0, BOX.most).forEach((column, index) => {
    const mark = primary.has(column.column) ? '● ' : foreign.has(column.column) ? '→ ' : '';
    const y = place.y + BOX.head + 14 + index * BOX.line;
    box.append(svg('text', {class: 'column', x: place.x + 10, y}, short(mark + column.column, 20)),
      svg('text', {class: 'type', x: place.x + BOX.width - 10, y}, shortType(column.type)));
  });
  if (one.columns.length > BOX.most) {
    const y = place.y + BOX.head + 14 + BOX.most * BOX.line;
    box.append(svg('text', {class: 'type more', x: place.x + 10, y}, `${one.columns.length - BOX.most} more columns`));
  }
  return box;
}

/** The table in a list that a foreign key references. */
function referenced(key, tables) {
  const to = key.references;
  return to ? tables.find((one) => one.schema === to.schema && one.table === to.table) : undefined;
}

/** The tables of other services that foreign keys of these tables reference. Each box has a name alone. */
function othersOf(tables) {
  const others = new Map();
  for (const key of tables.flatMap((one) => one.keys)) {
    if (!key.references || referenced(key, tables)) continue;
    const {schema, table} = key.references;
    const known = referenced(key, DATA.tables);
    others.set(JSON.stringify([schema, table]),
      {schema, table, of: (known && known.service) || schema, columns: [], keys: []});
  }
  return [...others.values()];
}

/** An entity diagram: a dot marks the primary key, an arrow a foreign key. */
function diagram(service, own) {
  const tables = [...own, ...othersOf(own)];
  const {boxes, width, height} = placed(tables);
  const picture = svg('svg', {class: 'entities', role: 'img', width, height, viewBox: `0 0 ${width} ${height}`,
    'aria-label': `Tables of ${service} and their foreign keys`});
  for (const one of tables) {
    for (const key of one.keys) {
      const other = referenced(key, tables);
      if (other && other !== one) picture.append(svg('path', {class: 'edge', d: link(boxes.get(one), boxes.get(other))}));
    }
  }
  for (const one of tables) picture.append(tableBox(one, boxes.get(one)));
  return h('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `Diagram of ${service}`}, picture);
}

/** How the schema differs from what the applied migrations make. */
function drift() {
  const found = DATA.drift;
  if (!found) return null;
  const applied = count(found.migrations, 'applied migration');
  const rows = found.differences.map((one) => [badge(one.code, 'bad'),
    {appeared: 'unknown', disappeared: 'gone'}[one.change] || 'changed', `${one.kind} ${one.name}`,
    one.property ? `${one.property} is ${one.after || 'none'}, was ${one.before || 'none'}` : '']);
  const leftOut = found.left_out.length
    ? h('p', {class: 'soft'}, `${count(found.left_out.length, 'difference')} left out by the patterns of [drift].`) : null;
  return h('section', {}, h('h3', {}, 'Drift'),
    rows.length ? table(`${count(rows.length, 'difference')} between the schema and its ${applied}`, ['Code', 'Change', 'Object', 'Property'], rows)
      : h('p', {}, `No drift: the schema matches its ${applied}.`), leftOut);
}

function tableDetails(one) {
  const rows = one.columns.map((column) => [
    h('code', {}, column.column), h('code', {}, column.type), column.not_null ? 'not null' : '',
    column.default ? h('code', {}, column.default) : '', column.comment || '']);
  const keys = one.keys.map((key) => h('li', {}, `${key.kind} ${key.name} (${key.columns.join(', ')})`,
    key.references ? ` references ${tableName(key.references)}` : ''));
  const about = h('summary', {}, h('code', {}, tableName(one)), ' ',
    h('span', {class: 'soft'}, one.kind === 'table' ? '' : one.kind + ', ', count(one.columns.length, 'column'),
      one.rows === null ? '' : `, about ${count(one.rows, 'row')}`));
  const details = h('details', {class: 'table'}, about);
  // The columns of thousands of tables are made when somebody opens them.
  const fill = () => {
    if (details.children.length > 1) return;
    if (one.comment) details.append(h('p', {}, one.comment));
    details.append(table(`Columns of ${tableName(one)}`, ['Column', 'Type', 'Null', 'Default', 'Comment'], rows));
    if (keys.length) details.append(h('ul', {}, keys));
  };
  details.addEventListener('toggle', () => { if (details.open) fill(); });
  details.complete = () => { fill(); details.open = true; };
  return details;
}
