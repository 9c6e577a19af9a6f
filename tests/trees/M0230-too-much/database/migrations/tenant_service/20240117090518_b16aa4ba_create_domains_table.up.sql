CREATE TABLE domains (
    name text PRIMARY KEY
);
