CREATE TABLE migrator.format (format integer PRIMARY KEY);
INSERT INTO migrator.format VALUES (1);
CREATE TABLE migrator.history (
  version bigint NOT NULL,
  name varchar(255) NOT NULL,
  applied_on varchar(255) NOT NULL,
  checksum varchar(255) NOT NULL,
  fingerprint text,
  dirty text CHECK (dirty OPERATOR(pg_catalog.=) ANY (ARRAY['up', 'down']::text[])),
  requires text[] NOT NULL DEFAULT '{}',
  depends_on text[] NOT NULL DEFAULT '{}',
  up_script text,
  down_script text);
CREATE TABLE migrator.event (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  kind text NOT NULL,
  service text NOT NULL,
  version bigint NOT NULL,
  name text NOT NULL,
  checksum text,
  milliseconds double precision,
  message text,
  application text NOT NULL,
  migrator_version text NOT NULL,
  role text NOT NULL DEFAULT current_user,
  client inet DEFAULT inet_client_addr(),
  pid integer NOT NULL DEFAULT pg_backend_pid());
CREATE TABLE migrator.core_history (PRIMARY KEY (version)) INHERITS (migrator.history);
