CREATE TABLE domains (name text PRIMARY KEY);
-- who may see it: ‮ GRANT SELECT ON domains TO PUBLIC;
