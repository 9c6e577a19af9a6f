CREATE TABLE domains (
    name text PRIMARY KEY
);

CREATE TABLE settings (
    name text PRIMARY KEY
);
