//! Applies and reverts a registry of migrations on Postgres.
