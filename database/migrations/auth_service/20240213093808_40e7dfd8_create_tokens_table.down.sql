-- Removes the one-time tokens.
DROP TABLE auth.tokens;

DROP TYPE auth.token_purpose;
