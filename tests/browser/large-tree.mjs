// Writes a tree of 20 services and 5,000 migrations into a new folder.
//
//   node large-tree.mjs FOLDER

import fs from 'node:fs';
import path from 'node:path';

const folder = process.argv[2];
const SERVICES = 20;
const EACH = 250;
const TIERS = ['Base', 'Middle', 'Top'];

const name = (number) => 'service' + String(number).padStart(2, '0');
const two = (number) => String(number).padStart(2, '0');

let manifest = 'tiers = ["Base", "Middle", "Top"]\n';
for (let service = 0; service < SERVICES; service += 1) {
  manifest += `\n[services.${name(service)}]\ntier = "${TIERS[Math.floor(service / 7)]}"\ndirectory = "${name(service)}"\n`;
  if (service >= 7) manifest += `depends_on = ["${name(service - 7)}", "${name(service - 6)}"]\n`;
}
fs.mkdirSync(folder, {recursive: true});
fs.writeFileSync(path.join(folder, 'services.toml'), manifest);

for (let service = 0; service < SERVICES; service += 1) {
  const own = path.join(folder, 'migrations', name(service));
  fs.mkdirSync(own, {recursive: true});
  for (let number = 0; number < EACH; number += 1) {
    const version = `2024${two(1 + Math.floor(number / 28))}${two(1 + number % 28)}${two(service)}0000`;
    const uid = (service * EACH + number).toString(16).padStart(8, '0');
    const table = `${name(service)}_t${number}`;
    const parent = number ? `,\n  parent bigint REFERENCES ${name(service)}_t${number - 1} (id)` : '';
    const up = `-- Table number ${number}\nCREATE TABLE ${table} (\n  id bigint PRIMARY KEY,\n  name text NOT NULL DEFAULT 'x'${parent}\n);\n`;
    const stem = path.join(own, `${version}_${uid}_create_${table}`);
    fs.writeFileSync(stem + '.up.sql', up);
    fs.writeFileSync(stem + '.down.sql', `DROP TABLE ${table};\n`);
  }
}
