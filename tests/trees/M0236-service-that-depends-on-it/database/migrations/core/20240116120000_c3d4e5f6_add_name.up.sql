ALTER TABLE countries ADD COLUMN name text;
