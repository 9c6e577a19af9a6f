// The views of the page. The part of the address after `#` names the view, so that the browser's
// back button works.

const DATA = JSON.parse(document.getElementById('data').textContent);
const VIEW = document.getElementById('view');
const SEARCH = document.getElementById('search');

const BY_ID = new Map(DATA.migrations.map((one) => [one.id, one]));
const REQUIRED_BY = new Map();
const LOG_OF = new Map();
const FINDINGS_OF = new Map();

function push(map, key, value) {
  if (map.has(key)) map.get(key).push(value); else map.set(key, [value]);
}

function pair(path) {
  return path ? path.replace(/\.(up|down)\.sql$/, '') : '';
}

const BY_PATH = new Map(DATA.migrations.filter((one) => one.script).map((one) => [pair(one.script.path), one]));
for (const one of DATA.migrations) {
  const [service, rest] = one.id.split(/\/(.*)/);
  one.service = service;
  one.version = rest.slice(0, 14);
  one.name = rest.slice(24);
  one.state = one.database ? one.database.state : null;
  for (const id of one.script ? one.script.requires : []) push(REQUIRED_BY, id, one);
}
for (const entry of DATA.log || []) push(LOG_OF, entry.migration, entry);
for (const finding of DATA.findings) {
  const one = BY_PATH.get(pair(finding.path));
  if (one) push(FINDINGS_OF, one.id, finding);
}

const TONES = {applied: 'good', current: 'good', pending: 'wait', 'at work': 'wait'};

function stateBadge(state) {
  return state ? badge(state, TONES[state] || 'bad') : null;
}

/** The address of a view. */
function to(view, part) {
  return '#' + view + (part ? '/' + encodeURIComponent(part) : '');
}

function migrationLink(id) {
  return BY_ID.has(id) ? h('a', {href: to('migration', id)}, breakable(id)) : id;
}

/** The text in which the search looks, without the scripts. */
function words(one) {
  if (!one.words) {
    const script = one.script;
    const parts = [one.id, one.state, ...(FINDINGS_OF.get(one.id) || []).map((finding) => finding.code)];
    if (script) {
      parts.push(script.path, ...script.changes.map((change) => `${change.kind} ${change.schema || 'public'}.${change.name}`));
    }
    one.words = parts.join(' ').toLowerCase();
  }
  return one.words;
}

function matches(one, term) {
  const [, key, value] = term.match(/^(service|state|code):(.*)$/) || [];
  if (key === 'service') return one.service === value;
  if (key === 'state') return (one.state || '').replace(/ /g, '-').startsWith(value.replace(/ /g, '-'));
  if (key === 'code') return (FINDINGS_OF.get(one.id) || []).some((finding) => finding.code.toLowerCase() === value);
  if (words(one).includes(term)) return true;
  return one.script !== null && (one.script.up.toLowerCase().includes(term) || one.script.down.toLowerCase().includes(term));
}

function found(query) {
  const terms = query.toLowerCase().split(/\s+/).filter(Boolean);
  return DATA.migrations.filter((one) => terms.every((term) => matches(one, term)));
}

function migrationRow(one) {
  const findings = (FINDINGS_OF.get(one.id) || []).length;
  return h('li', {}, h('a', {class: 'row', href: to('migration', one.id)},
    h('span', {class: 'service'}, one.service), h('span', {class: 'version'}, one.version),
    h('span', {class: 'what'}, one.name.replace(/_/g, ' ')),
    h('span', {class: 'marks'}, findings ? badge(count(findings, 'finding'), 'wait') : null, stateBadge(one.state))));
}

function overview() {
  const states = new Map();
  for (const one of DATA.migrations) if (one.state) states.set(one.state, (states.get(one.state) || 0) + 1);
  const cards = [[DATA.migrations.length, 'migrations', '#migrations'],
    ...[...states].map(([state, number]) => [number, state, to('migrations', 'state:' + state.replace(/ /g, '-'))]),
    [DATA.findings.length, DATA.findings.length === 1 ? 'finding' : 'findings', null]];
  const failures = (DATA.log || []).filter((entry) => entry.kind === 'failure').length;
  if (failures) cards.push([failures, failures === 1 ? 'failure' : 'failures', to('timeline', 'failure')]);
  if (DATA.drift) cards.push([DATA.drift.differences.length, 'drifted', '#schema']);
  const applied = (service) => DATA.migrations.filter((one) => one.service === service && one.database && one.database.applied_on);
  const rows = DATA.graph.services.map((one) => {
    const own = applied(one.service);
    const last = own.map((migration) => migration.database.applied_on).sort().pop();
    return [h('a', {href: to('service', one.service)}, one.service), one.tier || 'not in the tree',
      String(one.migrations), one.state ? String(own.length) : '', one.state ? badge(one.state.summary, TONES[one.state.condition] || 'bad') : '',
      last ? last.slice(0, 16).replace('T', ' ') : ''];
  });
  const pending = DATA.migrations.filter((one) => one.state && one.state !== 'applied');
  return ['Overview',
    h('ul', {class: 'cards'}, cards.map(([number, word, href]) => h('li', {},
      h(href ? 'a' : 'div', {class: 'card', href}, h('strong', {}, number.toLocaleString('en')), ' ', word)))),
    table('Services', ['Service', 'Tier', 'Migrations', 'Applied', 'State', 'Last applied (UTC)'], rows),
    pending.length ? h('h3', {}, 'Not applied') : null,
    pending.length ? longList(pending, migrationRow) : null,
    DATA.findings.length ? h('h3', {}, 'Findings') : null,
    DATA.findings.length ? longList(DATA.findings, findingRow, 'ul') : null];
}

function findingRow(finding) {
  const one = BY_PATH.get(pair(finding.path));
  const place = finding.path ? finding.path + (finding.line ? ':' + finding.line : '') : '';
  return h('li', {class: 'finding'}, badge(`${finding.severity} ${finding.code}`, finding.severity === 'error' ? 'bad' : 'wait'), ' ',
    finding.message, h('div', {class: 'soft'}, one ? h('a', {href: to('migration', one.id)}, place) : place),
    h('div', {class: 'soft'}, 'help: ' + finding.help));
}

function graph() {
  const picture = document.getElementById('graph').content.firstElementChild.cloneNode(true);
  // A narrow page makes a picture smaller, but not so small that nobody can read its text.
  picture.style.maxWidth = `max(100%, ${0.75 * picture.getAttribute('width')}px)`;
  picture.style.height = 'auto';
  const opens = (node, view, part) => {
    node.setAttribute('tabindex', '0');
    node.setAttribute('role', 'link');
    const open = () => { location.hash = to(view, part); };
    node.addEventListener('click', open);
    node.addEventListener('keydown', (event) => { if (event.key === 'Enter') open(); });
  };
  for (const node of picture.querySelectorAll('g.migration')) opens(node, 'migration', node.dataset.migration);
  for (const node of picture.querySelectorAll('g.service')) {
    const service = node.dataset.service;
    // Its texts are its name.
    node.querySelector('title').remove();
    opens(node, 'service', service);
    const near = (is) => () => {
      picture.classList.toggle('chosen', is);
      for (const edge of picture.querySelectorAll('.edge')) {
        edge.classList.toggle('near', is && [edge.dataset.from, edge.dataset.to].includes(service));
      }
    };
    for (const event of ['mouseenter', 'focus']) node.addEventListener(event, near(true));
    for (const event of ['mouseleave', 'blur']) node.addEventListener(event, near(false));
  }
  const rows = DATA.graph.requires.map((one) => [migrationLink(one.migration), migrationLink(one.requires)]);
  return ['Graph',
    h('p', {class: 'soft'}, 'An arrow points to the service that another one depends on. A dashed line is a dependency that the manifest does not declare, or that the SQL does not use. A thick line leads from a migration to the one that it requires.'),
    h('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Graph of the services'}, picture),
    rows.length ? table('Required migrations', ['Migration', 'Requires'], rows) : null];
}

function migrations(query) {
  const all = found(query);
  return ['Migrations',
    h('p', {class: 'soft', role: 'status'}, query ? `${count(all.length, 'migration')} of ${DATA.migrations.length.toLocaleString('en')}` : count(all.length, 'migration')),
    longList(all, migrationRow)];
}

function logRow(longest) {
  return (entry) => h('li', {class: entry.kind === 'failure' ? 'entry failure' : 'entry'},
    h('time', {}, entry.at.slice(0, 19).replace('T', ' ')), ' ', badge(entry.kind, entry.kind === 'failure' ? 'bad' : ''), ' ',
    migrationLink(entry.migration), ' ', h('span', {class: 'soft'}, duration(entry.milliseconds), ' ', entry.role, entry.client ? '@' + entry.client : ''),
    entry.milliseconds ? h('progress', {max: longest, value: entry.milliseconds, 'aria-label': 'time of ' + entry.migration}) : null,
    entry.message ? h('pre', {tabindex: 0}, entry.message) : null);
}

function log(entries) {
  const longest = entries.reduce((most, entry) => Math.max(most, entry.milliseconds || 0), 0);
  return longList(entries, logRow(longest));
}

function timeline(query) {
  if (!DATA.log) return ['Timeline', h('p', {}, 'The report has no database. Name one with --database-url.')];
  const terms = query.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (entry) => [entry.kind, entry.migration, entry.message, entry.role].join(' ').toLowerCase();
  const shown = DATA.log.filter((entry) => terms.every((term) => text(entry).includes(term))).reverse();
  return ['Timeline',
    h('p', {class: 'soft', role: 'status'}, `${count(shown.length, 'event')}, the newest first, in UTC`),
    log(shown)];
}

function migration(id) {
  const one = BY_ID.get(id);
  if (!one) return ['Unknown migration', h('p', {}, id)];
  const script = one.script;
  const facts = [['Service', h('a', {href: to('service', one.service)}, one.service)], ['Version', one.version],
    ['State', stateBadge(one.state)], ['Applied', one.database && one.database.applied_on && time(one.database.applied_on)],
    ['Irreversible', one.database && one.database.irreversible]];
  const list = (ids) => ids.flatMap((other, index) => [index ? h('br') : '', migrationLink(other)]);
  if (script) {
    facts.push(['File', breakable(script.path)], ['Runs', script.transaction ? 'in a transaction' : 'outside a transaction'],
      ['Requires', script.requires.length ? list(script.requires) : null], ['Uses objects of', script.uses.join(', ')]);
  }
  facts.push(['Required by', list((REQUIRED_BY.get(id) || []).map((other) => other.id))]);
  const has = (value) => value && (value.length === undefined || value.length > 0);
  const parts = [h('dl', {class: 'facts'}, facts.filter(([, value]) => has(value)).flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]))];
  const findings = FINDINGS_OF.get(id) || [];
  if (findings.length) parts.push(h('h3', {}, 'Findings'), h('ul', {class: 'rows'}, findings.map(findingRow)));
  if (script) parts.push(...analysis(script), h('h3', {}, 'Up script'), sql(script.up), h('h3', {}, 'Down script'), sql(script.down));
  else parts.push(h('p', {}, 'Only the history of the database has this migration.'));
  const entries = LOG_OF.get(id) || [];
  if (entries.length) parts.push(h('h3', {}, 'Events'), log(entries));
  return [id, ...parts];
}

function analysis(script) {
  const parts = [];
  if (script.changes.length) {
    const name = (change) => (change.table ? change.table + ': ' : '') + (change.schema && !change.table ? change.schema + '.' : '') + change.name;
    parts.push(table('Objects', ['Change', 'Kind', 'Name'], script.changes.map((change) => [change.change, change.kind, h('code', {}, name(change))])));
  }
  const {tables, unknown, verified} = script.effects;
  if (tables.length) {
    parts.push(table('Locks of the up script, from the analysis', ['Table', 'Lock', 'Blocks', 'Rows', 'Destroys'],
      tables.map((one) => [h('code', {}, one.table), one.lock, one.blocks, one.rows === 'none' ? '' : one.rows, one.destroys.join(', ')])));
  }
  if (unknown.length) {
    parts.push(h('p', {}, 'May do more than this shows: ' + unknown.map((one) => `line ${one.line}, ${one.words}`).join('; ')));
  }
  if (script.measured.length) {
    parts.push(table('Locks of the up script, as `verify` measured them', ['Table', 'Lock', 'Blocks'],
      script.measured.map((one) => [h('code', {}, one.table), one.lock, one.blocks])));
  }
  if (verified) parts.push(h('p', {}, 'Verdict of verify: ', badge(verified, verified === 'sound' ? 'good' : 'wait')));
  return parts;
}

function service(name) {
  const one = DATA.graph.services.find((other) => other.service === name);
  if (!one) return ['Unknown service', h('p', {}, name)];
  const names = (list) => list.flatMap((other, index) => [index ? ', ' : '', h('a', {href: to('service', other)}, other)]);
  const on = DATA.graph.dependencies.filter((edge) => edge.service === name).map((edge) => edge.on);
  const by = DATA.graph.dependencies.filter((edge) => edge.on === name).map((edge) => edge.service);
  const facts = [['Tier', one.tier], ['State', one.state && badge(one.state.summary, TONES[one.state.condition] || 'bad')],
    ['Depends on', on.length ? names(on) : null], ['Needed by', by.length ? names(by) : null]];
  const own = DATA.migrations.filter((other) => other.service === name);
  const tables = (DATA.tables || []).filter((other) => other.service === name);
  return ['Service ' + name, one.description ? h('p', {}, one.description) : null,
    h('dl', {class: 'facts'}, facts.filter(([, value]) => value).flatMap(([word, value]) => [h('dt', {}, word), h('dd', {}, value)])),
    tables.length ? h('h3', {}, 'Tables') : null, tables.length ? diagram(name, tables) : null,
    ...tables.map(tableDetails),
    h('h3', {}, 'Migrations'), longList(own, migrationRow)];
}

function schema(query) {
  if (!DATA.tables) return ['Schema', h('p', {}, 'The report has no database. Name one with --database-url.')];
  const text = (one) => [tableName(one), one.comment, ...one.columns.map((column) => column.column)].join(' ').toLowerCase();
  const terms = query.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = DATA.tables.filter((one) => terms.every((term) => text(one).includes(term)));
  const owners = [...DATA.graph.services.map((one) => one.service), null];
  const parts = owners.flatMap((owner) => {
    const tables = shown.filter((one) => one.service === owner);
    if (!tables.length) return [];
    const title = owner ? h('a', {href: to('service', owner)}, owner) : 'Created by no migration of this tree';
    return [h('h3', {}, title), ...tables.map(tableDetails)];
  });
  return ['Schema', query ? null : drift(), h('p', {class: 'soft', role: 'status'}, count(shown.length, 'table')), ...parts];
}

const VIEWS = {overview, graph, migrations, timeline, schema, migration, service};
const SEARCHABLE = ['migrations', 'timeline', 'schema'];

/** The view and its part, from the address. */
function address() {
  const [view, part] = location.hash.slice(1).split(/\/(.*)/);
  let text = part || '';
  try { text = decodeURIComponent(text); } catch (error) { /* The address was typed by hand. */ }
  return {view: VIEWS[view] ? view : 'overview', part: text};
}

const SCROLLED = new Map();
let shown = null;

function show() {
  // The link that skips the header is no view.
  if (location.hash === '#view' && shown !== null) return;
  if (shown !== null) SCROLLED.set(shown, window.scrollY);
  const {view, part} = address();
  const [title, ...parts] = VIEWS[view](part);
  VIEW.replaceChildren(h('h2', {}, breakable(title)), ...parts.filter((one) => one !== null));
  document.title = title + ' – migrations';
  for (const link of document.querySelectorAll('nav a')) {
    const is = link.hash === '#' + view;
    if (is) link.setAttribute('aria-current', 'page'); else link.removeAttribute('aria-current');
  }
  if (document.activeElement !== SEARCH) {
    SEARCH.value = SEARCHABLE.includes(view) ? part : '';
    if (shown !== null) VIEW.focus({preventScroll: true});
  }
  shown = location.hash;
  window.scrollTo(0, SCROLLED.get(shown) || 0);
}

let timer = 0;
function search() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const {view} = address();
    const next = to(SEARCHABLE.includes(view) ? view : 'migrations', SEARCH.value.trim());
    if (next === location.hash) return;
    // Typing changes the view once, and does not fill the history of the browser.
    if (SEARCHABLE.includes(view)) history.replaceState(null, '', next); else history.pushState(null, '', next);
    show();
  }, 80);
}

/** Moves to the next or the previous row. */
function move(step) {
  const rows = [...VIEW.querySelectorAll('a.row, li.entry a, summary')];
  const at = rows.indexOf(document.activeElement);
  const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step];
  if (next) next.focus();
  if (at + step >= rows.length - 20) for (const box of VIEW.children) if (box.more) box.more();
}

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target === SEARCH) {
    if (event.key === 'Escape') { SEARCH.value = ''; search(); SEARCH.blur(); }
    if (event.key === 'Enter' || event.key === 'ArrowDown') { SEARCH.blur(); move(1); event.preventDefault(); }
    return;
  }
  if (event.key === '/') { SEARCH.focus(); SEARCH.select(); event.preventDefault(); }
  if (event.key === 'j') move(1);
  if (event.key === 'k') move(-1);
}

window.addEventListener('hashchange', show);
window.addEventListener('popstate', show);
window.addEventListener('beforeprint', () => {
  for (const element of VIEW.querySelectorAll('*')) if (element.complete instanceof Function) element.complete();
});
SEARCH.addEventListener('input', search);
document.addEventListener('keydown', key);
show();
