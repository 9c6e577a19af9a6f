// Opens pages of `migrator report` in Chromium and fails at the first fault.
//
//   node report.mjs PAGE LARGE_PAGE FOLDER
//
// PAGE is a report with a database, LARGE_PAGE one of thousands of migrations. The screenshots go to
// FOLDER. `scripts/test-report.sh` makes the pages, and runs this file in the folder of the packages.

import assert from 'node:assert/strict';
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

const require = createRequire(process.cwd() + '/');
const {chromium} = require('playwright-core');
const axe = require.resolve('axe-core/axe.min.js');

const [page, largePage, folder] = process.argv.slice(2);
const WIDTHS = [390, 1440];
const VIEWS = ['overview', 'graph', 'migrations', 'timeline', 'schema'];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--no-sandbox'],
});

/** Opens a page; its errors, and its requests for anything but itself, fail the test. */
async function open(file, width, colorScheme) {
  const context = await browser.newContext({
    viewport: {width, height: 900}, colorScheme, bypassCSP: false,
  });
  // A busy machine is slow: only a wait that never ends is a fault.
  context.setDefaultTimeout(300_000);
  const tab = await context.newPage();
  const faults = [];
  tab.on('console', (message) => { if (message.type() === 'error') faults.push(message.text()); });
  tab.on('pageerror', (error) => faults.push(String(error)));
  tab.on('request', (request) => {
    if (!/^(file|data):/.test(request.url())) faults.push('request: ' + request.url());
  });
  await tab.goto(pathToFileURL(file).href);
  return {tab, faults, close: async () => { assert.deepEqual(faults, []); await context.close(); }};
}

/** The serious faults that axe-core finds. */
async function seriousFaults(tab) {
  // The policy of the page lets no other script in, so axe-core comes through the debugger.
  await tab.evaluate(require('node:fs').readFileSync(axe, 'utf8'));
  const {violations} = await tab.evaluate(() => globalThis.axe.run());
  return violations.filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html).join(' ')}`);
}

async function look(width, colorScheme) {
  const {tab, close} = await open(page, width, colorScheme);
  const links = [...VIEWS, await tab.evaluate(() => to('service', DATA.graph.services[1].service).slice(1)),
    await tab.evaluate(() => to('migration', DATA.migrations[0].id).slice(1))];
  for (const view of links) {
    await tab.evaluate((hash) => { location.hash = hash; }, view);
    await tab.waitForFunction((hash) => shown === '#' + hash, view);
    const name = view.split('/')[0];
    assert.deepEqual(await seriousFaults(tab), [], `${view} at ${width} in ${colorScheme}`);
    const over = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${view} is ${over} pixels wider than ${width}`);
    await tab.screenshot({path: `${folder}/report-${name}-${width}-${colorScheme}.png`});
  }
  await close();
}

/** A page on paper has no menu, and nothing that a reader would have to scroll or open. */
async function print() {
  const {tab, close} = await open(page, 800, 'light');
  await tab.evaluate(() => { location.hash = 'schema'; });
  await tab.waitForFunction(() => shown === '#schema');
  await tab.emulateMedia({media: 'print'});
  await tab.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
  assert.equal(await tab.locator('nav').isVisible(), false);
  const tables = await tab.evaluate(() => DATA.tables.length);
  assert.equal(await tab.locator('details[open] table').count(), tables);
  const paper = await tab.pdf({format: 'A4', path: `${folder}/schema.pdf`});
  assert.ok(paper.length > 10_000, 'the paper has the tables');
  await close();
}

const heading = (tab) => tab.locator('main h2').textContent();

async function use() {
  const {tab, close} = await open(page, 1440, 'light');
  await tab.locator('nav a', {hasText: 'Graph'}).click();
  const node = tab.locator('g.service').first();
  const service = await node.getAttribute('data-service');
  const required = tab.locator('g.migration').first();
  const migration = await required.getAttribute('data-migration');
  await required.focus();
  await tab.keyboard.press('Enter');
  await tab.waitForFunction((name) => document.querySelector('main h2').textContent === name, migration);
  await tab.goBack();
  await node.click();
  await tab.waitForFunction((name) => document.querySelector('main h2').textContent === 'Service ' + name, service);
  assert.ok(await tab.locator('svg.entities .entity').count() > 0, 'the service has a diagram');
  const row = tab.locator('a.row').first();
  const id = decodeURIComponent((await row.getAttribute('href')).replace('#migration/', ''));
  await row.click();
  await tab.waitForFunction((name) => document.querySelector('main h2').textContent === name, id);
  assert.ok(await tab.locator('pre .keyword').count() > 0, 'the script has colours');
  await tab.goBack();
  assert.equal(await heading(tab), 'Service ' + service);
  await tab.goBack();
  assert.equal(await heading(tab), 'Graph');
  await close();
}

/** A foreign key to a table of another service is an edge to a box with the names of both. */
async function otherServices() {
  const {tab, close} = await open(page, 1440, 'light');
  const {service, other, edges} = await tab.evaluate(() => {
    const owner = (to) => DATA.tables.find((one) => one.schema === to.schema && one.table === to.table);
    const keys = DATA.tables.flatMap((one) => one.keys.filter((key) => key.references)
      .map((key) => ({from: one, to: owner(key.references)})));
    const key = keys.find(({from, to}) => from.service && to.service && from.service !== to.service);
    const {service} = key.from;
    return {service, other: key.to.service + '.' + key.to.table,
      edges: keys.filter(({from, to}) => from.service === service && from !== to).length};
  });
  await tab.evaluate((name) => { location.hash = 'service/' + name; }, service);
  await tab.waitForFunction((name) => document.querySelector('main h2').textContent === 'Service ' + name, service);
  const names = await tab.locator('svg.entities .other .name').allTextContents();
  assert.equal(names.filter((name) => name === other).length, 1, `${other} in ${names}`);
  assert.equal(await tab.locator('svg.entities .edge').count(), edges);
  await tab.locator('svg.entities').screenshot({path: `${folder}/entities.png`});
  await close();
}

/** What the database and the other commands say is on the page. */
async function facts() {
  const {tab, close} = await open(page, 1440, 'light');
  const text = async (hash) => {
    await tab.evaluate((name) => { location.hash = name; }, hash);
    await tab.waitForFunction((name) => shown === '#' + name, hash);
    return tab.locator('main').innerText();
  };
  const overview = await text('overview');
  for (const words of ['1 pending', '1\nfailure', 'Not applied']) assert.ok(overview.includes(words), words);
  const schema = await text('schema');
  for (const words of ['M0601', 'tenant.tenants_by_hand']) assert.ok(schema.includes(words), words);
  const timeline = await text('timeline');
  assert.ok(timeline.includes('failure') && timeline.includes('already exists'), timeline.slice(0, 2000));
  const verified = await tab.evaluate(() => DATA.migrations.find((one) => one.service === 'platform' &&
    one.script.effects.tables.length > 0 && one.script.measured.length > 0).id);
  const migration = await text('migration/' + encodeURIComponent(verified));
  assert.ok(migration.includes('Verdict of verify: sound'), migration);
  // The analysis and `verify` have a table each, and both name the table that the script changes.
  const script = await tab.evaluate((id) => BY_ID.get(id).script, verified);
  const captions = ['Locks of the up script, from the analysis', 'Locks of the up script, as `verify` measured them'];
  for (const [caption, locks] of [[captions[0], script.effects.tables], [captions[1], script.measured]]) {
    const rows = tab.locator('table', {has: tab.locator('caption', {hasText: caption})}).locator('tbody tr');
    assert.ok(locks.length > 0, caption);
    const shown = (await rows.locator('td:first-child').allInnerTexts()).map((text) => text.trim());
    assert.deepEqual(shown, locks.map((one) => one.table), caption);
  }
  await close();
}

async function searchByKeyboard() {
  const {tab, close} = await open(page, 1440, 'light');
  const all = await tab.evaluate(() => DATA.migrations.length);
  const version = await tab.evaluate(() => DATA.migrations[1].version);
  await tab.keyboard.press('/');
  await tab.keyboard.type(version);
  await tab.waitForFunction((text) => shown === '#migrations/' + text, version);
  assert.ok(all > 1);
  assert.equal(await tab.locator('a.row').count(), 1);
  await tab.keyboard.press('Enter');
  await tab.keyboard.press('Enter');
  await tab.waitForFunction(() => shown.startsWith('#migration/'));
  await tab.goBack();
  await tab.waitForFunction((text) => shown === '#migrations/' + text, version);
  await tab.keyboard.press('j');
  assert.equal(await tab.evaluate(() => document.activeElement.className), 'row');
  await close();
}

async function large() {
  const {tab, close} = await open(largePage, 1440, 'light');
  const all = await tab.evaluate(() => DATA.migrations.length);
  await tab.evaluate(() => { location.hash = 'migrations'; });
  await tab.waitForFunction(() => shown === '#migrations');
  const rows = () => tab.locator('a.row').count();
  assert.ok(await rows() < 500, 'a long list starts with a part of its rows');
  const took = await tab.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const [paint] = performance.getEntriesByName('first-contentful-paint');
    const [opened] = performance.getEntriesByType('navigation');
    const times = {'first paint': Math.round(paint.startTime), 'whole page': Math.round(opened.domComplete)};
    // From the key until the frame after the one that shows the rows. It waits 80 ms for the next key.
    for (const text of ['t', 't24', 'service12_t249', 'nothing has this text', '']) {
      const start = performance.now();
      SEARCH.value = text;
      SEARCH.dispatchEvent(new Event('input'));
      const wanted = to('migrations', text);
      while (shown !== wanted) await frame();
      await frame();
      times[`search ‘${text}’`] = Math.round(performance.now() - start);
    }
    return times;
  });
  console.log(`${all} migrations, milliseconds:`, JSON.stringify(took));
  for (let last = await rows(); last < all; last = await rows()) {
    await tab.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    await tab.waitForFunction((before) => document.querySelectorAll('a.row').length > before, last);
  }
  assert.equal(await rows(), all, 'scrolling shows all rows');
  await tab.evaluate(() => { location.hash = 'overview'; });
  await tab.evaluate(() => { location.hash = 'migrations'; });
  await tab.waitForFunction(() => shown === '#migrations');
  await tab.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
  assert.equal(await rows(), all, 'a print has all rows');
  await close();
}

for (const width of WIDTHS) for (const scheme of ['light', 'dark']) await look(width, scheme);
await facts();
await print();
await otherServices();
await use();
await searchByKeyboard();
await large();
await browser.close();
console.log('the report works');
