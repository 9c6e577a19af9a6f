CREATE TABLE domains (
    name text PRIMARY KEY
);

CREATE VIEW domain_names AS
SELECT name
FROM domains;

CREATE FUNCTION domain_count() RETURNS bigint
LANGUAGE sql
AS 'SELECT count(*) FROM domains';
