DROP EXTENSION pgcrypto;
