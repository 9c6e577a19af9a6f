DROP SCHEMA tenant;
