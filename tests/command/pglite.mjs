// Serves an empty PGlite on a unix socket, for a test that has to know when a session has ended.
//
// usage: node pglite.mjs SCRIPT SOCKET CONNECTIONS
//
// SCRIPT is the path of PGlite's own server, next to which the packages are. Prints a line when the
// server listens, when it has accepted a connection, and when it has forgotten one.
//
// PGlite's server keeps a socket that comes between the end of a session and the moment at which it
// forgets this session. It then takes no connection any more (version 0.2.17). A client that waits
// for the line is never so early.

import { createRequire } from 'node:module';

const [script, path, connections] = process.argv.slice(2);
const require = createRequire(script);
const { PGlite } = require('@electric-sql/pglite');
const { PGLiteSocketServer } = require('@electric-sql/pglite-socket');

const extensions = {};
// The extensions that the migrations of this platform create.
for (const name of ['pgcrypto', 'citext', 'pg_trgm']) {
    extensions[name] = require(`@electric-sql/pglite/contrib/${name}`)[name];
}

const db = await PGlite.create({ extensions });
const server = new PGLiteSocketServer({ db, path, maxConnections: Number(connections) });
let known = 0;
server.addEventListener('connection', () => {
    console.log('accepted');
    known += 1;
});
setInterval(() => {
    for (; known > server.getStats().activeConnections; known -= 1) {
        console.log('forgotten');
    }
}, 10);
await server.start();
console.log('listening');
