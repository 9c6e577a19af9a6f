-- Removes the second factors.
DROP TABLE auth.second_factors;

DROP TYPE auth.factor_kind;
