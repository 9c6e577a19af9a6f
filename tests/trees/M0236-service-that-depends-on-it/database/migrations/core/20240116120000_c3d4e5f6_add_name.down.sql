ALTER TABLE countries DROP COLUMN name;
